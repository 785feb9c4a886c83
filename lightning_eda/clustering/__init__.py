"""Clustering: points and pairs in, labels and tables out; the callers read the database and the store.

    points, features         rows as points on the sphere or in plain degrees; shapes of clusters
    cells, grouping          sums per cell, where there are too many points
    sweep, search, kmeans    k-means for every k
    silhouette, elbow        the score of each k, and the knee
    pairs, dbscan            DBSCAN of a list of distances
    graph_clustering         the same by name, and OPTICS and HDBSCAN; absent_pairs, k_distance help
    neighbours, flash_items  near pairs of flashes, and what a flash is called in their list
    storm_cells, summary     what the clusters are like, as tables
    compiled                 kernels as machine code, on threads

Arrays in, arrays out, but for three modules that read and write files: clean_file (the cleaned rows of a
window), sweep_file (its k-means, found by window_sweep) and pairs_note (how the pairs of a day were found).
"""
