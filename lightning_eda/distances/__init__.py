"""The distance-list format: a day's rows of two items and a distance in, the clusters of the items out.

folders   where the objects of a day are
day       a day, from its objects to a graph
blocks    the text of an object, unpacked, in blocks of whole lines
rows      a block as columns, by Arrow
lines     a line read the slow and sure way: what the format means
items     names of items as numbers
columns   columns that grow
merging   rows as pairs, each once
graph     the items and pairs of a day
files     what is written of a day
"""
