"""From flashes to files as NOAA builds them.

flashes, granules   flashes of an hour, cut into granules
completion, draft   a granule before it is a file
template, header    names, types, attributes
writer              drafts to files
"""
