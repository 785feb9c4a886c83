"""Which k: silhouettes and the elbow.

silhouette_evaluator, elbow_evaluator   the assets
choosing                                the rule that chooses k, and what speaks against it
silhouettes                             those of each cluster, for the tables and the map
scores                                  the pictures of all scores
"""
