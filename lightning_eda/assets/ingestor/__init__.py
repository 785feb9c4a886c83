"""From granules on S3 to rows in DuckDB: extract, transform, load."""
