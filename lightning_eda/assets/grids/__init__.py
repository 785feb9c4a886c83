"""Density of lightning on the fixed grid.

flash_density   the asset
gridding        its steps, and the maps of a window
"""
