"""The boto3 client of a bucket."""

from typing import TYPE_CHECKING

from lightning_eda import __version__
from lightning_eda.storage.aws import CONNECT_TIMEOUT_S, Access, new_client
from lightning_eda.storage.s3.errors import parse_time

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from lightning_eda.storage.s3.store import S3Store


def make_client(store: "S3Store") -> "S3Client":
    """A client as a store's arguments say; StorageError for an address that is none, else as `new_client`."""
    import botocore.session
    from botocore import UNSIGNED
    from botocore.config import Config

    session = botocore.session.get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parse_time)
    config = Config(
        signature_version=None if store.signed else UNSIGNED,
        max_pool_connections=max(store.concurrency, 1),
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=store.read_timeout_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        # Every write states its MD5; servers other than AWS's often refuse boto3's newer checksums.
        request_checksum_calculation="when_required",
        user_agent=f"lightning_eda/{__version__}",  # botocore's own is put together anew for each request
    )
    access = Access(store.endpoint_url, store.region, store.profile)
    client: S3Client = new_client("s3", access, config, session)
    return client
