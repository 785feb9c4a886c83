"""Cleaning the rows of a window, and k-means for every k.

preprocessor, kmeans_cluster   the assets
window_cleaning                steps of `preprocessor`
"""
