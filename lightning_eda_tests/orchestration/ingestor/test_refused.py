"""What the ingestor refuses before it fetches anything, and what it warns of."""

import re
import sys

import pytest

from lightning_eda_tests.orchestration.conftest import warnings
from lightning_eda_tests.orchestration.ingestor.test_assets import failure
from lightning_eda_tests.support.hours import KEY, simulate


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"goes_year": "2022"}, None, "GOES_DOY: it is not set; allowed: a day of the year.*use a backfill"),
        ({"goes_hour": "24"}, None, "GOES_HOUR: found '24'; allowed: a whole number from 0 to 23"),
        ({}, "2022-12-31-05:30", "partition: found '2022-12-31-05:30'; allowed: an hour such as"),
        (
            {},
            ("2022-12-31-05:00", "2022-12-31-07:30"),
            "partition: found '2022-12-31-07:30'; allowed: an hour",
        ),
        ({"archive_dir": "absent"}, KEY, "absent is no folder; GLM_ARCHIVE_DIR must name one that exists"),
        ({"bucket": "../x"}, KEY, "S3_BUCKET: found '../x'; allowed: the name"),
        ({"tiers": "flashes"}, KEY, "GLM_TIERS: found 'flashes'"),
        ({"lake": "lake"}, KEY, "LIGHTNING_LAKE: found 'lake'; allowed: s3://bucket/prefix, or a folder"),
        ({"dask_scheduler": "tcp://127.0.0.1:1"}, KEY, "LIGHTNING_LAKE: it is not set"),
        ({"product": "GLM-L2-LCFX"}, KEY, "PRODUCT: found 'GLM-L2-LCFX'; allowed: GLM-L2-LCFA"),
        ({"archive_dir": None, "signed": "maybe"}, KEY, "GLM_SIGNED: found 'maybe'; allowed: true or false"),
    ],
)
def test_a_mistake_is_one_sentence(settings, run, changes, key, words):
    """The failure names the variable, what was found and what is allowed."""
    result = run(settings(**changes), key)
    assert not result.success
    assert re.search(words, failure(result)), failure(result)
    assert not result.asset_materializations_for_node("extract")  # nothing was fetched in vain


def test_a_lake_without_its_package_is_refused(tmp_path, settings, run, monkeypatch):
    """Before anything is fetched; what to install is said."""
    simulate(tmp_path / "archive")
    monkeypatch.setitem(sys.modules, "deltalake", None)
    result = run(settings(lake=str(tmp_path / "lake")), KEY)
    assert "pip install 'lightning_eda[lake]'" in failure(result)
    assert not result.asset_materializations_for_node("extract")


def test_a_bucket_that_is_not_read_is_told(tmp_path, settings, run):
    """The folder counts and has another satellite than the bucket; nothing of the default bucket."""
    simulate(tmp_path / "archive")
    for bucket in ("noaa-goes18", "noaa-goes16", "my-bucket"):
        result = run(settings(bucket=bucket), KEY)
        told = [words for words in warnings(run.instance, result) if "S3_BUCKET" in words]
        assert bool(told) == (bucket == "noaa-goes16")
    assert "G18" in "".join(warnings(run.instance, run(settings(bucket="noaa-goes16"), KEY)))
