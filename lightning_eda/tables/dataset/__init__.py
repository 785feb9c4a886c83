"""A Parquet dataset by partitions.

location, object_names       where it lives
sink, parquet_file, footer   its files
replace                      a partition replaced without loss
"""
