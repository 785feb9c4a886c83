from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.distances.folders import day_of_key, input_prefix, output_key, parse_day
from lightning_eda.errors import SettingError

DAY = date(2024, 10, 1)


@pytest.mark.parametrize(
    ("folder", "prefix"),
    [
        ("in", "in/day=2024-10-01/"),
        ("/a/b/", "a/b/day=2024-10-01/"),
        ("", "day=2024-10-01/"),
        ("/", "day=2024-10-01/"),
    ],
)
def test_a_day_has_a_prefix_of_its_own(folder, prefix):
    """It ends in a slash, so that no other day begins with it."""
    assert input_prefix(folder, DAY) == prefix
    assert output_key(folder, DAY) == prefix + "clusters.csv.gz"


@given(
    st.dates(), st.sampled_from(["in", "/in/", "", "a/b"]), st.sampled_from(["x.csv.gz", "sub/x.csv", " "])
)
def test_the_day_of_a_key_is_that_it_was_made_of(day, folder, name):
    """There and back."""
    assert day_of_key(input_prefix(folder, day) + name, folder) == day


@pytest.mark.parametrize(
    "key",
    [
        "in/day=2024-10-01", "in/day=2024-10-01/", "in/day=2024-10-01/sub/", "in/day=2024-1-01/x",
        "in/day=2024-02-30/x", "in/day=20241001/x", "in/day=2024-10-01T00/x", "in/Day=2024-10-01/x",
        "in/date=2024-10-01/x", "in2/day=2024-10-01/x", "x/in/day=2024-10-01/x", "in/y/day=2024-10-01/x",
        "day=2024-10-01/x", "in/day=\u0662\u0660\u0662\u0664-10-01/x", "/in/day=2024-10-01/x",
        "in//day=2024-10-01/x", "",
    ],
)  # fmt: skip
def test_other_keys_have_no_day(key):
    """Folder markers, other folders, other spellings, days that are none."""
    assert day_of_key(key, "in") is None


def test_a_day_is_read_from_text():
    """White space around it does not count."""
    assert parse_day(" 2024-10-01 ", "day") == DAY


@pytest.mark.parametrize("text", ["", "2024-10-1", "20241001", "2024-02-30", "today", "2024-10-01T00:00"])
def test_what_is_no_day_is_refused(text):
    """By the name of the variable."""
    with pytest.raises(SettingError, match=r"DAY: found .*; allowed: a day such as 2024-10-01"):
        parse_day(text, "DAY")


@pytest.mark.parametrize(
    "name", ["orders.csv.md5", "_SUCCESS_orders", "orders.csv.filepart", ".orders.csv.crc"]
)
def test_case_1_a_side_file_asks_for_no_day(name):
    """Neither a sensor nor a function is called up by one."""
    assert day_of_key("in/day=2024-01-01/orders.csv", "in") is not None
    assert day_of_key(f"in/day=2024-01-01/{name}", "in") is None
