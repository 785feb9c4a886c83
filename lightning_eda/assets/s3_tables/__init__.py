"""From CSVs in S3 to a Parquet dataset there, registered in Glue.

parquet_table   the asset
history         how many rows earlier days had
"""
