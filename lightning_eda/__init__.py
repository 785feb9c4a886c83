"""Lightning granules to DuckDB, clusters and maps; distances to clusters; CSVs to Parquet tables.

`lightning_eda.definitions` is what Dagster loads, `lightning_eda.aws_lambda` holds the Lambda functions for
distances and CSVs. These packages know nothing of Dagster: `storage` (where bytes live), `glm` (granules),
`warehouse` (DuckDB), `lake` (Delta tables), `clustering` (k-means, DBSCAN, storm cells), `grids` (density),
`distances` (lists of distances), `tables` (CSVs, Parquet, Glue), `figures` (maps, curves, reports),
`simulator` (granules as NOAA would write them).
"""

__version__ = "0.1.0"
