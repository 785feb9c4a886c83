"""A window, cleaned: every drop counted by its reason.

options     what it is cleaned of
rules       the rules, as SQL
rows        clean_rows()
cell_sums   clean_cells(), sum_window(): the same rows as sums per cell
pieces, piece_sums, window_sums   how these are made of a window that does not fit in memory
"""
