"""Reading HDF5 files that may be damaged or hostile.

limits     what every granule is held to
image      guarded reading by h5py
template   the metadata of a variable, with gaps for what differs between granules
metadata   metadata straight from the bytes
chunks     values straight from the bytes
"""
