"""A window, cleaned: every drop counted by its reason.

options     what it is cleaned of
rules       the rules, as SQL
rows        clean_rows()
cell_sums   clean_cells(): the same rows as sums per cell
"""
