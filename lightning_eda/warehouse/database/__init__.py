"""The DuckDB file.

connection   writer() and reader(): who may open it, and for how long
attach       waits while others hold it, and says what is wrong
tables       makes tables, and widens those of an earlier version
memory       some hours of the lake as a database, for all that asks one
options      DuckDB's own settings
instances    instances of DuckDB, used again since making one takes time
compaction   gives freed space back to the disk by copy and swap
"""
