"""The real public bucket: that it still has the layout, the ETags and the granules the package expects."""

import hashlib
from datetime import UTC, datetime

import pytest

from lightning_eda.glm.extract.source import choose
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.names import hour_prefix
from lightning_eda.settings import Settings
from lightning_eda.storage.s3.store import S3Store

pytestmark = pytest.mark.network

HOUR = datetime(2023, 1, 26, 19, tzinfo=UTC)
GRANULE = "OR_GLM-L2-LCFA_G18_s20230261900000_e20230261900200_c20230261900213.nc"


def test_a_granule_of_a_past_hour_is_listed_read_and_decoded():
    """Without credentials; the listing's ETag is the MD5 of what is read."""
    store = S3Store(Settings.bucket, region=Settings.aws_region)
    prefix = hour_prefix(HOUR)
    listed = {info.key: info for info in choose(store.list_objects(prefix), prefix, HOUR).objects}
    info = listed[prefix + GRANULE]
    data = store.read_object(info.key)
    assert (len(data), hashlib.md5(data).hexdigest()) == (info.size, store.expected_md5(info))
    granule = read_granule(data, name=GRANULE)
    assert (granule.header.name.satellite, granule.header.status) == ("G18", "ok")
    tables = (granule.flashes, granule.groups, granule.events)
    assert [table.num_rows for table in tables] == [34, 891, 2394]
