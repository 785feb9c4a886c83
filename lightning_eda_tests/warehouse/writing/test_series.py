"""A series is read exactly, or refused with the file's name and what is wrong."""

from pathlib import Path

import pytest

from lightning_eda.errors import SeriesError
from lightning_eda.series import EVENTS, FLASHES, GRANULES
from lightning_eda.warehouse.writing.series import read_series
from lightning_eda_tests.warehouse.hours import empty_hour, hour_at, make_hour, write_series

HOUR = hour_at("2022-12-31T23:00")
EVENT = "G18,2022-12-31T23:59:40.000000Z,4294967295,7,,2022-12-31T23:59:39.123456Z,-0.0,-179.99,1e-17\n"
HEADING = ",".join(column.name for column in EVENTS.columns) + "\n"


def events_file(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "events.csv"
    path.write_bytes(text.encode())
    return path


def test_values_are_exact(tmp_path: Path) -> None:
    """Ids up to 2^32 - 1, microseconds, -0.0 and 1e-17 come back as they are; an empty field is NULL."""
    rows = read_series(events_file(tmp_path, HEADING + EVENT), EVENTS, HOUR, ["G18"])
    (row,) = rows.to_pylist()
    assert row["event_id"] == 4_294_967_295
    assert row["flash_id"] is None
    assert row["event_time"].isoformat() == "2022-12-31T23:59:39.123456"
    assert (str(row["event_lat"]), row["event_energy"]) == ("-0.0", 1e-17)
    assert rows.schema.types == [column.arrow_type for column in EVENTS.columns]


def test_a_heading_alone_is_an_hour_without_rows(tmp_path: Path) -> None:
    """An empty hour is a result."""
    series = write_series(tmp_path, empty_hour())
    for table in (GRANULES, FLASHES, EVENTS):
        rows = read_series(series[table.name], table, HOUR, ["G18"])
        assert (rows.num_rows, rows.num_columns) == (0, len(table.series_columns))


def test_plain_and_quoted_texts_are_the_same(tmp_path: Path) -> None:
    """Quotes are there or not, as the writer likes; carriage returns at line ends are allowed."""
    plain = read_series(events_file(tmp_path, HEADING + EVENT), EVENTS, HOUR, ["G18"])
    quoted_text = (HEADING + EVENT.replace("G18", '"G18"')).replace("\n", "\r\n")
    assert read_series(events_file(tmp_path, quoted_text), EVENTS, HOUR, ["G18"]).equals(plain)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty: it is unfinished; run `transform` again"),
        ("\n", "heading"),
        (HEADING.replace("event_lat,event_lon", "event_lon,event_lat") + EVENT, "heading"),
        ("\ufeff" + HEADING + EVENT, "heading"),
        (HEADING[:-1] + ",extra\n" + EVENT[:-1] + ",1\n", "heading"),
        (HEADING + EVENT[:-1], "does not end with a line end"),
        (HEADING + EVENT + "G18,2022-12-31T23:59\n", "Expected 9 columns, got 2"),
        (HEADING + EVENT.replace("1e-17", "1e-17,5"), "Expected 9 columns, got 10"),
        (HEADING + EVENT.replace("1e-17", "none"), "invalid value 'none'"),
        (HEADING + EVENT.replace(",7,", ",7.0,"), "invalid value '7.0'"),
        (HEADING + EVENT.replace("4294967295", "4294967296"), "invalid value '4294967296'"),
        (HEADING + EVENT.replace("4294967295", "-1"), "invalid value '-1'"),
        (HEADING + EVENT.replace("123456Z", "123456"), "zone"),
        (HEADING + EVENT.replace("123456Z", "1234567Z"), "invalid value"),
        (HEADING + EVENT.replace("12-31T23:59:39", "02-30T23:59:39"), "invalid value"),
        (HEADING + EVENT.replace("4294967295", ""), "event_id has no value in data row 1"),
        (HEADING + EVENT + EVENT.replace("G18", ""), "satellite has no value in data row 2"),
        (HEADING + EVENT.replace("G18", "G16"), r"rows of \['G16'\]; this hour is of \['G18'\]"),
        (HEADING + EVENT.replace("31T23:59:40", "31T22:59:40"), "2022-12-31T22:59:40Z"),
        (HEADING + EVENT.replace("2022-12-31T23:59:40", "2023-01-01T00:00:00"), "2023-01-01T00:00:00Z"),
    ],
)
def test_what_is_not_as_declared_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """The error names the file and says what is wrong with it."""
    path = events_file(tmp_path, text)
    with pytest.raises(SeriesError, match=complaint) as caught:
        read_series(path, EVENTS, HOUR, ["G18"])
    assert str(path) in str(caught.value)


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    """A text that is not UTF-8 is not guessed at."""
    series = write_series(tmp_path, make_hour(HOUR, granules=1))
    content = series["granules"].read_bytes()
    series["granules"].write_bytes(content.replace(b"GOES-West", b"GOES-\xff\xfe"))
    with pytest.raises(SeriesError, match=r"granules\.csv.*UTF8"):
        read_series(series["granules"], GRANULES, HOUR, ["G18"])


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    """A series that is not there, or is a folder, is an error with its path."""
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(SeriesError, match=r"the series of flashes cannot be read at") as caught:
            read_series(path, FLASHES, HOUR, ["G18"])
        assert str(path) in str(caught.value)
