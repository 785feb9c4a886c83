"""The DuckDB file.

connection   writer() and reader(): who may open it, and for how long
attach       waits while others hold it, and says what is wrong
compaction   gives freed space back to the disk by copy and swap
"""
