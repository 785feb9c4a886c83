"""A dataset that is a Delta table: its log says which files it is made of, and a partition is replaced whole.

destination   what it has, and new files put in the place of old rows
state         what its log names: columns and files
commit        partitions replaced in one commit
"""
