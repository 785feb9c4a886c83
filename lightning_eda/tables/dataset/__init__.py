"""A Parquet dataset by partitions.

place, object_names          where it lives
sink, parquet_file, footer   its files
replace                      a partition replaced without loss
"""
