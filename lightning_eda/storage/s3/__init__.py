"""An S3 bucket as a store.

store       S3Store
client      the boto3 client of a bucket
multipart   large files in parts
stream      an object as a seekable stream
errors      what a failed request means
"""

from lightning_eda.storage.s3.store import S3Store

__all__ = ["S3Store"]
