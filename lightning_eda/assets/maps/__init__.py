"""The clusters on a map, and a report.

cluster_map   the asset
drawing       its steps
"""
