"""Granule names and hour prefixes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import GranuleNameError
from lightning_eda.glm.names import GranuleName, hour_prefix, satellite_of_bucket

NAME = "OR_GLM-L2-LCFA_G18_s20223650500200_e20223650500400_c20223650500423.nc"
TENTHS = st.integers(0, 10 * 86_400 * 365 * 8).map(
    lambda tenths: datetime(2018, 1, 1, tzinfo=UTC) + timedelta(milliseconds=100 * tenths)
)


def test_a_name_states_satellite_and_times():
    """Stamps are year, day of year, time and tenths, UTC."""
    name = GranuleName.parse(NAME)
    assert name.satellite == "G18"
    assert name.start == datetime(2022, 12, 31, 5, 0, 20, tzinfo=UTC)
    assert name.end == datetime(2022, 12, 31, 5, 0, 40, tzinfo=UTC)
    assert name.created == datetime(2022, 12, 31, 5, 0, 42, 300_000, tzinfo=UTC)


@given(st.sampled_from(["G16", "G17", "G18", "G19"]), TENTHS, TENTHS)
def test_a_name_reads_back(satellite, start, created):
    """Writing a name and reading it gives the same facts, day 366 and year ends included."""
    name = GranuleName(satellite, start, start + timedelta(seconds=20), created)
    assert GranuleName.parse(str(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "index.html",
        NAME + "\n",
        "../" + NAME,
        NAME.replace("G18", "G15"),
        NAME.replace("LCFA", "LCFB"),
        NAME.replace("2022365", "2022366", 1),  # 2022 has 365 days
        NAME.replace("s20223650500200", "s20223652500200"),  # hour 25
        NAME.replace("e20223650500400", "e20223650500100"),  # ends before it starts
        NAME.replace("20223650500423", "2022365050042"),
        NAME.replace("s2022", "s\uff12\uff10\uff12\uff12"),  # digits of another script
    ],
)
def test_other_names_are_refused(text):
    """What is not exactly a granule's name is an error of its own kind that shows the name."""
    with pytest.raises(GranuleNameError) as error:
        GranuleName.parse(text)
    assert repr(text) in str(error.value)


def test_the_prefix_is_that_of_the_start():
    """Folders are year, day of year and hour, and end in a slash, so that hour 1 is not hour 10."""
    assert hour_prefix(datetime(2024, 12, 31, 23, tzinfo=UTC)) == "GLM-L2-LCFA/2024/366/23/"


def test_noaa_buckets_name_their_satellite():
    """Other buckets say nothing."""
    assert satellite_of_bucket("noaa-goes16") == "G16"
    assert satellite_of_bucket("my-noaa-goes16") is None
    assert satellite_of_bucket("noaa-goes15") is None
