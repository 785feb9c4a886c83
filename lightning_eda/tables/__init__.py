"""From a CSV object to a Parquet dataset: which object, how it is packed, its text, rows and types."""
