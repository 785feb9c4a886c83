"""Density of lightning on the fixed grid."""
