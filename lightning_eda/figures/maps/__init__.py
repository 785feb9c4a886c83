"""Maps to print.

cluster_map   flashes by cluster
storm_map     storm cells of a day
animation     a GIF, a frame an hour
"""
