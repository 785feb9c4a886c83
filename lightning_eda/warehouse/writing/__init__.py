"""Rows in, whole or not at all.

hour                          replace_hour()
series                        one series CSV, read strictly
same_rows                     whether rows are there already
window_rows, cluster_tables   the rows of a window
day_rows                      the rows of a day
storm_tables     its storm cells
"""
