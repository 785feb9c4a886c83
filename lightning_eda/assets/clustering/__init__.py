"""Cleaning the rows of a window, and k-means for every k."""
