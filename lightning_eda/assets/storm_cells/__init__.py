"""The assets of storms: pairs of flashes, cells, tracks, jumps, and the page that shows them.

flash_pairs, storm_cells                    the assets of cells
storm_tracks, lightning_jumps, storm_page   the assets of storms through time
pair_finding, cell_finding                  steps of the first two
track_finding, page_making                  steps of the other three
storm_asset                                 what is the same of all five
"""
