"""Lightning on the fixed grid of the imager: arrays and Arrow tables in, tables out.

fixed_grid      where the satellite sees a place: rows and columns of 2 km
sensor_pixels   the pixels of the sensor that saw the events of a granule
pixel_sizes     how large those are, learned from the lattice they form
clipping        what each cell of the grid gets of a pixel
density         density, areas and energy of an hour by minute, and their sums
hour            what has become of its granules
blocks          a day in steps, in larger cells where it has too many
files           Parquet of an hour
product         a window and sector as NetCDF
"""
