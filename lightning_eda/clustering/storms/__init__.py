"""Storm cells: near pairs of flashes, and what the cells that they form are like.

neighbours    pairs that are near in space and time
flash_items   what a flash is called in their list
cells         the table of cells
pairs_note    how the pairs of a day were found, on disk
"""
