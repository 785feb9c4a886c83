"""What is written of a day.

pairs      pairs of flashes, as distance clustering reads them
graph      the graph, for the assets after `distance_matrix`
clusters   the clusters, as people get them
"""
