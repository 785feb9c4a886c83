"""The window between two assets: its cleaned rows and its sweep on disk, its clusters as tables.

clean_file        the cleaned rows
features          rows as points
sweep_file        the k-means of every k
silhouette_file   how the silhouettes of each cluster spread
choice            which k to take, and what speaks against it
summary           what the clusters are like
"""
