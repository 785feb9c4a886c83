"""Data that comes with the figures: coastlines.json.

make_coastlines   the script that made it
"""
