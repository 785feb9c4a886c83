"""Data that comes with the figures, and the script that made it."""
