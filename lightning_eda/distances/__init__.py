"""The distance-list format: a day's rows of two items and a distance in, the clusters of the items out."""
