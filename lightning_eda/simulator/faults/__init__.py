"""Faults to simulate.

faults     by name
planting   small flashes with chosen values
damage     damaged bytes
"""
