"""Two runs of a day at once: whoever comes second waits."""

import gzip
import json
import threading
from dataclasses import replace

import pytest

from lightning_eda.settings import DistanceSettings
from lightning_eda_tests.orchestration.storm_cells.days import DAY, config, failure, only
from lightning_eda_tests.servers.s3 import FaultyProxy, S3Bucket

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.usefixtures("undrawn")

NEAR, FAR = config(flash_pairs={"max_km": 8.0}), config(flash_pairs={"max_km": 40.0})
A_WHILE = 3.0  # seconds, in which a run that does not wait is done


@pytest.fixture
def in_bucket(stormy, s3_bucket: S3Bucket, monkeypatch):
    """Settings of the test's bucket, reached through a proxy."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def make(proxy: FaultyProxy):
        distances = DistanceSettings(bucket=s3_bucket.name)
        return replace(stormy, distances=distances, s3_endpoint_url=proxy.endpoint_url)

    return make


class SecondRun:
    """A run of `flash_pairs` that starts when the first asks for an object with a part in its key."""

    def __init__(self, settings, run_config, part: str) -> None:
        self.results = []
        self.part = part
        self.thread = threading.Thread(target=self._run, args=(settings, run_config))
        self.done_first = False

    def _run(self, settings, run_config) -> None:
        self.results.append(only("flash_pairs")(settings, run_config=run_config))

    def start(self, target: str) -> None:
        """What the proxy calls with each request."""
        if self.part in target and self.thread.ident is None:
            self.thread.start()
            self.thread.join(A_WHILE)
            self.done_first = not self.thread.is_alive()


def test_two_runs_of_a_day_do_not_mix_their_pairs(in_bucket, s3_bucket: S3Bucket, tmp_path):
    """Both succeed; the note and the object are of the same one."""
    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        settings = in_bucket(proxy)
        second = SecondRun(settings, FAR, "flash_pairs.csv.gz")
        proxy.after = second.start
        first = only("flash_pairs")(settings, run_config=NEAR)
        second.thread.join()
    assert first.success, failure(first)
    assert second.results[0].success, failure(second.results[0])
    key = f"flash_pairs/day={DAY}/flash_pairs.csv.gz"
    found = s3_bucket.client.get_object(Bucket=s3_bucket.name, Key=key)
    (note,) = [json.loads(path.read_text()) for path in (tmp_path / "data").rglob("flash_pairs.json")]
    assert note["etag"] == found["ETag"].strip('"')
    assert note["pairs"] == gzip.decompress(found["Body"].read()).count(b"\n")
    assert not list((tmp_path / "data").rglob("*.csv.gz"))


def test_pairs_are_not_replaced_while_their_cells_are_found(in_bucket, s3_bucket: S3Bucket):
    """The other run writes them when the cells are written."""
    with FaultyProxy(s3_bucket.endpoint_url) as proxy:
        settings = in_bucket(proxy)
        assert only("flash_pairs")(settings).success
        second = SecondRun(settings, FAR, "clusters.csv.gz")
        proxy.before = second.start
        first = only("storm_cells")(settings)
        second.thread.join()
    assert first.success, failure(first)
    assert second.results[0].success
    assert not second.done_first
