"""Clustering: points and pairs in, labels and tables out; the callers read the database and the store.

    points    rows as points on the sphere or in plain degrees; shapes of clusters
    kmeans    k-means for every k, silhouettes, elbow
    graph     DBSCAN, OPTICS and HDBSCAN of lists of distances
    storms    storm cells
    window    what the assets of a window hand to each other

Arrays in, arrays out, but for the modules that read and write files: window.clean_file, window.sweep_file and
storms.pairs_note.
"""
