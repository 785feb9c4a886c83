"""Maps of a window or a day, to print and to explore.

cluster_map   flashes by cluster
storm_map     storm cells of a day
storm_scene   the storms of a day, as one satellite saw them
storm_page    the page of them
track_map     the same, small
storm_shapes  cells and tracks as shapes, for GIS
density_map   flash extent density of an hour
animation     a GIF, a frame an hour
"""
