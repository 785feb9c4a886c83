"""From granules on S3 to rows in DuckDB: extract, transform, load.

noaa_granules              the bucket, which nothing here makes
extract, transform, load   the assets
loading                    steps of `load`
on_workers                 steps of `extract` and `transform` on a cluster
"""
