"""The Glue catalogue.

catalogue   what is missing is added
table       the description of a table
requests    requests, retried
"""
