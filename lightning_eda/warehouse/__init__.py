"""The warehouse: one DuckDB file with the ledger of granules and the detections. The only package with SQL.

    schema.py            the tables as data: names, types, units, descriptions; the DDL is made from it
    schema_clusters.py   the tables of a window: scores of k, centres, cluster of each flash
    schema_distances.py  the table of a day of distances: the cluster of each item
    schema_storms.py     the tables of a day: storm cells, and the cell of each flash
    connection.py        writer() and reader(): who may open the file, and for how long
    attach.py            opens a DuckDB file: waits while others hold it, and says what is wrong
    compaction.py        gives freed space back to the disk by copy and swap
    series.py            reads one series CSV strictly
    span.py              which hours and satellites a statement is about
    same_rows.py         whether rows are there already, so that they need not be written
    load.py              replace_hour(): an hour comes in, whole or not at all
    queries.py           reads for the Dagster face and for users
    cleaning_options.py  what a window is cleaned of
    cleaning_rules.py    the rules: the first reason to drop a row, or none
    cleaning.py          clean_rows(): the rows that are kept, and why the others are not
    cell_sums.py         clean_cells(): the same rows as sums per cell
    window_rows.py       the rows of one window in a table: compared, replaced, read
    cluster_tables.py    scores and the chosen k of a window, in and out; its centres and labels, in
    day_rows.py          the rows of one day in a table: compared, replaced
    storm_tables.py      the storm cells of a day, in

DuckDB lets one process write a file, or many read it. So all computing is done without a connection; one is
opened for a short transaction or a few queries, and closed.
"""
