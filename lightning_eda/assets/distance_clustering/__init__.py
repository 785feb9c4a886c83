"""From pairs of items with their distances in S3 to clusters of items there.

distance_matrix, dbscan_clusters   the assets
"""
