"""The Glue catalogue.

catalogue     what is missing is added
table         the description of a table
delta_table   the same of a Delta table, whose files its log tells
requests      requests, retried
"""
