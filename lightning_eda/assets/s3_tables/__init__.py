"""From CSVs in S3 to a Parquet dataset there, registered in Glue."""
