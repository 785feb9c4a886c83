"""Which objects are data: by their names, and by their first bytes.

names           a name that is no CSV's is never looked at
formats         what a file is, told by its bytes
text_formats    what a text is that is no CSV: a page, an error, JSON
"""
