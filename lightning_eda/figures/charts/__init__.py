"""Curves and histograms.

curves          inertia and silhouette by k
silhouettes     silhouettes by cluster, beside their map
distributions   rate, energies, durations
distances       k-distances and cluster sizes
"""
