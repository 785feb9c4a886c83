"""Finding and fetching granules.

source    which granules an hour has, and their way to the extract folder
fetch     one granule, verified
record    what was found, on disk
healing   which hours to ask for again
"""
