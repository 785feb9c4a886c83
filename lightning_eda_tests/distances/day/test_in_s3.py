"""A day of distances in a real bucket: what a folder cannot hold."""

from lightning_eda.distances.day import read_day
from lightning_eda.storage.s3.store import S3Store
from lightning_eda_tests.distances.buckets import DAY, PREFIX
from lightning_eda_tests.servers.s3 import S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


def test_a_folder_marker_with_content_is_no_input(s3_bucket: S3Bucket):
    """Some tools write one into it: what counts is the slash at the end of its key."""
    s3_bucket.put(f"{PREFIX}a.csv", b"a,b,1\n")
    s3_bucket.put(f"{PREFIX}sub/", b"x,y,1\n")
    graph = read_day(S3Store(s3_bucket.name, client=s3_bucket.client), "in", DAY)
    assert (graph.items.to_pylist(), graph.counts.objects) == (["a", "b"], 1)
    assert graph.counts.passed_over == ""
