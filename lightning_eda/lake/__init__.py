"""The lake: the four tables of hours as Delta tables, in a bucket or a folder, past one disk and one writer.

layout     names: an hour of a satellite, its files, what the ledger's file says of the others
location   where the lake is, and the columns of its tables
parquet    files read without threads that outlive the program
hour       the files of an hour, written before anybody sees them
commit     how hours become visible: all four tables or nothing
state      what a table names at one version
snapshot   reading
summary    what the ledger's log says of all hours: days, and the newest granule
upkeep     what is missing, what nobody names any more, and its removal
"""
