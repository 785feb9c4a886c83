"""What every granule is held to before anything of it is read."""

MAX_ROWS = 630_000  # valid_max of event_count, group_count and flash_count
MAX_BYTES = 64 << 20  # a granule of MAX_ROWS in each tier, not packed at all, has 50 MB; real ones under 5 MB
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"  # every granule is an HDF5 file
