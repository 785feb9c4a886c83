"""Values and their types.

inference           the type a column of text has
types               types as people, Arrow and Glue write them
convert, decoding   bytes to text to values
names               names of columns
spelling            the one spelling of a partition's value
"""
