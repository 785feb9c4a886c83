"""DBSCAN and its relatives on a list of distances: pairs in, a label for each item out.

pairs          two arrays of items and one of distances, checked, each pair once
dbscan         the labels of DBSCAN
clustering     the same by name, and OPTICS and HDBSCAN
absent_pairs   pairs put in where scikit-learn insists on them
k_distance     the curve to choose eps by
"""

from lightning_eda.clustering.graph.dbscan import dbscan_pairs

__all__ = ["dbscan_pairs"]
