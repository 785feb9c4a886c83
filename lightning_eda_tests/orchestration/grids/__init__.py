"""The asset of the density grids."""
