"""CSVs in S3 become partitions of a Parquet dataset or a Delta table, registered in Glue.

task, options, load, loading, load_result   a day's CSV, from its bucket to its partition
choose, days     which object it is
unpack, text, csv, values   bytes to rows to typed columns
dataset, glue, destination   Parquet files, their catalogue, and both as one
delta, formats   the same for a Delta table; which of the two
frames           the same for a pandas DataFrame
"""
