"""The Earth under the data.

projection   the two projections
coastlines   land and borders
basemap      the still map without its flashes
"""
