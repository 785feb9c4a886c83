"""A day of lists of distances, in a folder and in a bucket."""
