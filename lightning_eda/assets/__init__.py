"""The assets: one folder a group, one file an asset, the file named as the asset."""
