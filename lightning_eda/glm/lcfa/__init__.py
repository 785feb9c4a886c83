"""The decoder: a GLM L2 LCFA granule to three Arrow tables.

granule_tables   read_granule()
reader           raw values of the variables
packing          16 bits to physical values
tree             which flash and group a row belongs to
variables        what is read
columns          the Arrow columns
"""

from lightning_eda.glm.lcfa.granule_tables import read_granule

__all__ = ["read_granule"]
