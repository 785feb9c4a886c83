"""The tables as data: names, types, units, descriptions; the DDL is made from it.

hours       the ledger and the detections
clusters    scores of k, centres, cluster of each flash
distances   the cluster of each item
storms      storm cells, and the cell of each flash
"""
