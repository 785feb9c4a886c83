"""Work for many machines: what an hour needs to become files of the lake, and who does it.

workers   a function for many things, on a Dask cluster or here
hours, lake_hours   the hours of a window, from the database file or the lake
archive   a long window of the lake, summed on the workers
hour      from granules to files, as a worker does it and as `load` does it here
"""
