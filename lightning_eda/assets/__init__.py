"""The assets: one folder a group, one file an asset, the file named as the asset.

ingestor                       granules of an hour, from NOAA's bucket to the database
grids                          density of lightning
clustering, evaluators, maps   clusters of a window, which k, and what is drawn of them
storm_cells                    storms of a day
distance_clustering            clusters of items
s3_tables                      CSVs as Parquet
catalog                        what all assets tell of themselves
day_reports                    the days of a run one after the other

The other files of a group are the steps of its assets.
"""
