"""Days in the keys of CSVs."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import SettingError
from lightning_eda.tables.days import data_ref_of, day_of_key, parse_data_ref
from lightning_eda.tables.load import day_prefix


@given(st.dates())
def test_a_day_is_read_back_as_it_was_written(day):
    """Eight digits, also for years before 1000."""
    assert parse_data_ref(data_ref_of(day)) == day
    assert len(data_ref_of(day)) == 8


@pytest.mark.parametrize(
    "text", ["", "2024011", "202401011", "2024-01-01", "20240230", "00000101", "٢٠٢٤٠١٠١"]
)
def test_what_is_no_day_is_an_error_that_says_how_to_write_one(text):
    """With what was found."""
    with pytest.raises(SettingError, match=r"data_ref: found .* a day as YYYYMMDD, for example 20240101"):
        parse_data_ref(text)


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("in/20240101/x.csv", "in"),
        ("in/20240101/x.csv", "in/"),
        ("in/20240101_x.csv", "in"),
        ("in/x/20240101.csv", "in/x//"),
        ("in/202401011200.csv", "in"),
        ("20240101.csv", ""),
        ("20240101.csv", "/"),
    ],
)
def test_the_eight_digits_after_the_prefix_are_the_day(key, prefix):
    """A slash stands between; what follows does not matter. The load lists the key for that day."""
    assert day_of_key(key, prefix) == date(2024, 1, 1)
    assert key.startswith(day_prefix(prefix, "20240101"))


@pytest.mark.parametrize(
    "key",
    [
        "in/x/20240101.csv",
        "in//20240101.csv",
        "in20240101.csv",
        "in/2024-01-01.csv",
        "in/20240230.csv",
        "out/20240101.csv",
        "in",
    ],
)
def test_other_keys_have_no_day(key):
    """Whatever digits stand elsewhere."""
    assert day_of_key(key, "in") is None


def test_the_rest_of_the_key_contains_the_given_text():
    """After the day, as the object to load is chosen: neither prefix nor day count."""
    assert day_of_key("sales/20240101/sales.csv", "sales", "sales")
    assert day_of_key("sales/20240101/stock.csv", "sales", "sales") is None
    assert day_of_key("sales/20240101/stock.csv", "sales", "2024") is None
    assert day_of_key("in20240101x", "in/", "x") is None


@given(st.text(max_size=20), st.sampled_from(["", "in", "in/"]))
def test_any_key_has_a_day_or_none(key, prefix):
    """Listings hold anything; the load of the day that is found lists the key."""
    day = day_of_key(prefix + key, prefix)
    assert day is None or (prefix + key).startswith(day_prefix(prefix, data_ref_of(day)))


@pytest.mark.parametrize(
    "name", ["orders.csv.md5", "_SUCCESS_orders", "orders.csv.filepart", ".orders.csv.crc"]
)
def test_case_1_a_side_file_asks_for_no_day(name):
    """Neither a sensor nor a function is called up by one."""
    assert day_of_key("in/20240101/orders.csv", "in/", "orders") is not None
    assert day_of_key(f"in/20240101/{name}", "in/", "orders") is None
