"""GOES-R GLM L2 LCFA granules: names and hours, finding and fetching, decoding, series CSVs, a simulator.

Knows nothing of Dagster, DuckDB or clustering.
"""
