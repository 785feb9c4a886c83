"""Where bytes live: S3 buckets, local folders, whole files. Knows nothing of lightning."""
