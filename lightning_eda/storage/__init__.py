"""Where bytes live: S3 buckets, local folders, whole files. Knows nothing of lightning.

object_store         what a store can do
places               which store a setting means
s3, folder           the two stores
aws                  sessions and clients, and what AWS has against them
backoff              how often to try again, and when
content              which objects are data
delta                Delta tables in a store
atomic               files that appear whole
scratch              folders that go with their run
lock                 one process at a time
inflate, fast_zlib   gzip unpacked from front to back, and by which library
"""
