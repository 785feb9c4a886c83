"""The warehouse: one DuckDB file with the ledger of granules and the detections. The only package with SQL.

    schema         the tables as data
    database       opening the file
    writing        hours, windows and days, in
    cleaning       a window, cleaned
    queries        reads for the Dagster face and for users
    track_queries  the same for storm tracks
    stale_days     days whose storm cells are older than their hours
    span           which hours and satellites a statement is about
    satellites     which satellites a run config means

DuckDB lets one process write a file, or many read it. So all computing is done without a connection; one is
opened for a short transaction or a few queries, and closed.
"""
