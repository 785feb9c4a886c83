"""The warehouse: one DuckDB file with the ledger of granules and the detections. The only package with SQL.

    schema.py       the tables as data: names, types, units, descriptions; the DDL is made from it
    schema_clusters.py  the tables of clusters and scores, by window
    connection.py   writer() and reader(): who may open the file, and for how long
    attach.py       opens a DuckDB file: waits while others hold it, and says what is wrong
    compaction.py   gives freed space back to the disk by copy and swap
    series.py       reads one series CSV strictly
    span.py         which hours and satellites a statement is about
    load.py         replace_hour(): an hour comes in, whole or not at all
    queries.py      reads for the Dagster face and for users

DuckDB lets one process write a file, or many read it. So all computing is done without a connection; one is
opened for a short transaction or a few queries, and closed.
"""
