"""The tables beside those of hours (`lightning_eda.series`), as data, and the DDL that is made from both.

sql         tables and columns as SQL writes them
clusters    scores of k, centres, cluster of each flash
distances   the cluster of each item
storms      storm cells, and the cell of each flash
"""
