"""Storms: cells of a day, and storms through time.

neighbours           pairs of flashes that are near in space and time
cells                what a flash is called in their list, and the table of cells
pairs_note           how the pairs of a day were found, on disk
near_flashes         which flashes of a few minutes belong together
frames               cells every five minutes
track, tracking      which of them are one storm
motion               where it goes
track_tables         storms as tables
jumps                by how many sigmas a flash rate changes
"""

from lightning_eda.clustering.storms.jumps import jump_sigmas

__all__ = ["jump_sigmas"]
