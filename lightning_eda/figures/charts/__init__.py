"""Curves and histograms.

curves          inertia and silhouette by k
distributions   rate, energies, durations
distances       k-distances and cluster sizes
"""
