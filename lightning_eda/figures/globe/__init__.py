"""The Earth under the data.

projection   the two projections
coastlines   land and borders
basemap      the still map without its flashes
disk         the full disk as the satellite sees it
features     tables with shapes as GeoJSON and GeoParquet
"""
