"""CSVs out of gzip and zip.

archive                    told by content
gzip_members, zip_member   unpacked from front to back
"""
