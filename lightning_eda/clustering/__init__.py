"""Clustering: arrays in, arrays out. Points and cells, k-means for every k, silhouettes, the knee."""
