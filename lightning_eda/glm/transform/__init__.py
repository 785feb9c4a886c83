"""From the granules of an hour to its series CSVs.

hour        decode, quarantine, record
decoder     the run's end of the decoding process
child       the other end
messages    what they say to each other
csv_files   the CSVs
event_file  the events of all granules, for the density grids
"""
