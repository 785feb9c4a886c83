"""The asset that clusters lists of distances."""
