"""The hours that are partitions, and those that a run is for."""
