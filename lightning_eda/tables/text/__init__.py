"""The text of a CSV: encoding, delimiter, rows.

dialect, delimiter   how it is written
guessing             which encoding it has, where that is in doubt
pieces, blocks       text cut into blocks of whole rows
rows                 rows one by one
"""
