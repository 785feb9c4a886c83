"""GOES-R GLM lightning granules to a DuckDB warehouse, as Dagster software-defined assets.

`lightning_eda.definitions` is what Dagster loads. The other packages know nothing of Dagster:
`storage` (where bytes live), `glm` (granules), `warehouse` (DuckDB).
"""

__version__ = "0.1.0"
