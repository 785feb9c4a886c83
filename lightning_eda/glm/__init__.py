"""GOES-R GLM L2 LCFA granules: names and hours, finding and fetching, decoding, series CSVs.

    names, windows, paths, origin, granule   what a granule is called, which hours, where files lie
    extract      finding and fetching
    hdf5, lcfa   decoding
    transform    an hour to series CSVs

Knows nothing of Dagster, DuckDB or clustering.
"""
