"""Which k: silhouettes and the elbow."""
