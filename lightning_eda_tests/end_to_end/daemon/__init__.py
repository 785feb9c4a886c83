"""A deployment: its daemon, its instance, and the runs that they start."""
