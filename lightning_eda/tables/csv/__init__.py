"""A CSV as typed record batches, in bounded memory.

stream, reading            one pass over a CSV
parse, columns, parallel   blocks of rows to columns, several at once
options                    how it is to be read
sink                       where the batches go
doubts                     what people should look at, and what is no CSV at all
"""
