"""Maps to print.

cluster_map   flashes by cluster
storm_map     storm cells of a day
density_map   flash extent density of an hour
animation     a GIF, a frame an hour
"""
