"""Simulated GLM L2 LCFA granules: packed, named and built as NOAA's, from seeded storms, faulty if wanted.

hour      an hour of granules
single    one granule with chosen values
sky       storms, and what the instrument sees of them
granule   flashes as files
eras      how the files of each year and satellite differ
faults    what may be wrong with them
"""

from lightning_eda.simulator.faults.faults import FAULTS
from lightning_eda.simulator.hour import EAST_PEAK, Activity, simulate_hour
from lightning_eda.simulator.single import Content, granule_bytes, write_granule

__all__ = ["EAST_PEAK", "FAULTS", "Activity", "Content", "granule_bytes", "simulate_hour", "write_granule"]
