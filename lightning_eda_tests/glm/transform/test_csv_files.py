"""The CSVs of an hour."""

import csv
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import StorageError
from lightning_eda.glm.granule import TIER_SCHEMAS, TIME, Granule
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.transform.csv_files import LEDGER_COLUMNS, open_series, write_ledger
from lightning_eda.series import TABLE_NAMES
from lightning_eda_tests.support.hours import simulate

TIERS = ("flash", "group", "event")
DOUBLES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))


@pytest.fixture(scope="module")
def granules(tmp_path_factory):
    """Four decoded granules in name order."""
    return [read_granule(path) for path in simulate(tmp_path_factory.mktemp("archive"))]


def write(folder, granules, tiers=TIERS):
    with open_series(folder, tiers) as (writer, files):
        for granule in granules:
            writer.add(granule)
    return {file.table: file for file in files}


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def parse(text: str, kind: pa.DataType):
    if text == "":
        return None
    if kind == TIME:
        assert text.endswith("Z") and len(text) == 27
        return datetime.fromisoformat(text)
    return text if kind == pa.string() else float(text) if kind == pa.float64() else int(text)


@pytest.mark.parametrize("tier", TIERS)
def test_every_value_reads_back_the_same(tmp_path, granules, tier):
    """Each double to the same bits, each time to the same microsecond, NULL as an empty field."""
    file = write(tmp_path, granules)[TABLE_NAMES[tier]]
    rows = pa.concat_tables([granule.tier(tier) for granule in granules])
    expected = {(row["granule_start"], row[f"{tier}_id"]): row for row in rows.to_pylist()}
    found = read_rows(file.path)
    assert len(found) == file.rows == len(expected) > 0
    for row in found:
        values = {name: parse(text, rows.schema.field(name).type) for name, text in row.items()}
        assert values == expected[values["granule_start"], values[f"{tier}_id"]]


@pytest.mark.parametrize(("tier", "time"), [("flash", "flash_time_of_first_event"), ("group", "group_time")])
def test_rows_are_in_order(tmp_path, granules, tier, time):
    """By satellite, granule, time and id."""
    rows = read_rows(write(tmp_path, granules)[TABLE_NAMES[tier]].path)
    order = [(row["satellite"], row["granule_start"], row[time], int(row[f"{tier}_id"])) for row in rows]
    assert order == sorted(order)


def test_the_same_granules_give_the_same_bytes(tmp_path, granules):
    """Twice over."""
    first, second = (write(tmp_path / name, granules) for name in ("a", "b"))
    assert {t: f.sha256 for t, f in first.items()} == {t: f.sha256 for t, f in second.items()}
    assert all(first[table].path.read_bytes() == second[table].path.read_bytes() for table in first)


@pytest.mark.parametrize("batch_rows", [1, 10, 1000])
def test_the_size_of_a_batch_does_not_show(tmp_path, granules, batch_rows):
    """Written granule by granule, a few at a time or all at once, the bytes are the same."""
    expected = {table: file.sha256 for table, file in write(tmp_path / "whole", granules).items()}
    with open_series(tmp_path / "parts", TIERS, batch_rows) as (writer, files):
        for granule in granules:
            writer.add(granule)
    assert {file.table: file.sha256 for file in files} == expected


def test_an_hour_without_granules_has_headings_only(tmp_path):
    """One heading, no row."""
    files = write(tmp_path, [])
    assert {file.rows for file in files.values()} == {0}
    assert files["flashes"].path.read_text() == ",".join(TIER_SCHEMAS["flash"].names) + "\n"


def test_an_error_leaves_the_old_files(tmp_path, granules):
    """Nothing takes a name when the block fails, and no temporary file stays."""
    before = write(tmp_path, granules)["flashes"].path.read_bytes()

    def fail():
        with open_series(tmp_path, TIERS) as (writer, _):
            writer.add(granules[0])
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "flashes.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.csv", "flashes.csv", "groups.csv"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """One of our errors, with the path."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"file.flashes\.csv"):
        write(tmp_path / "file", [])


def test_a_tier_that_was_not_decoded_is_a_mistake_of_the_caller(tmp_path, granules):
    """It is not written as an empty one."""
    flashes_only = Granule(granules[0].header, granules[0].flashes, None, None)
    with pytest.raises(ValueError, match="was not decoded for the tier group"):
        write(tmp_path, [flashes_only], ("flash", "group"))


@given(energies=st.lists(DOUBLES, min_size=1, max_size=20))
def test_any_double_survives(tmp_path_factory, energies):
    """Subnormal, negative zero, huge: the text reads back to the same value."""
    moment = datetime(2024, 7, 1, 20, tzinfo=UTC)
    columns = {
        field.name: pa.array([0] * len(energies), pa.int64()).cast(field.type)
        if field.type not in (TIME, pa.string())
        else pa.array(["G18" if field.type == pa.string() else moment] * len(energies), field.type)
        for field in TIER_SCHEMAS["flash"]
    }
    columns["flash_id"] = pa.array(range(len(energies)), pa.int32())
    columns["flash_energy"] = pa.array(energies, pa.float64())
    granule = Granule(None, pa.table(columns, schema=TIER_SCHEMAS["flash"]), None, None)
    rows = read_rows(write(tmp_path_factory.mktemp("csv"), [granule], ("flash",))["flashes"].path)
    assert [repr(parse(row["flash_energy"], pa.float64())) for row in rows] == [repr(e) for e in energies]


def test_the_ledger_quotes_what_needs_it(tmp_path):
    """A reason with commas, quotes and line ends comes back as it was."""
    row = dict.fromkeys(LEDGER_COLUMNS) | {
        "satellite": "G18",
        "granule_start": datetime(2024, 7, 1, 20, tzinfo=UTC),
        "reason": 'it says "no",\nand means it',
        "subpoint_lon": -137.0,
    }
    (found,) = read_rows(write_ledger(tmp_path, [row]).path)
    assert found["reason"] == row["reason"]
    assert found["granule_start"] == "2024-07-01T20:00:00.000000Z"
    assert float(found["subpoint_lon"]) == -137.0
    assert found["era"] == ""
