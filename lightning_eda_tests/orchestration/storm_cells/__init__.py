"""The assets of storms, day by day."""
