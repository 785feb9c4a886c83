"""The clusters on a map, and a report."""
