"""Delta tables in a bucket or a folder.

log     where the log of a table is, and how delta-rs opens it
vacuum  the removal of files that a table has not named for some days
probe   whether a store keeps the promise that commits rest on
"""
