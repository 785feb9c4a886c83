"""The interactive map, in a browser and layer by layer."""
