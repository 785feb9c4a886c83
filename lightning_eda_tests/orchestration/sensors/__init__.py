"""The sensors, tick by tick."""
