"""A window added up from pieces is the window, bit for bit, however it was cut."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import WarehouseError
from lightning_eda.series import HOUR, TABLES
from lightning_eda.warehouse.cleaning.cell_sums import CleanCells, clean_cells, finished, sum_window
from lightning_eda.warehouse.cleaning.piece_sums import SumOptions, sum_piece
from lightning_eda.warehouse.cleaning.pieces import cut_window
from lightning_eda.warehouse.cleaning.rows import Cleaning, clean_rows
from lightning_eda.warehouse.cleaning.window_sums import Span, WindowSums, explained_memory
from lightning_eda.warehouse.database.instances import connected
from lightning_eda.warehouse.database.memory import memory_database
from lightning_eda.warehouse.database.options import set_options
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.warehouse.detections import USUAL

START = datetime(2024, 7, 1, 20, tzinfo=UTC)
SECONDS = 3 * 3600
END = START + timedelta(seconds=SECONDS)
WEST = Cleaning("event", bbox=(-180.0, -90.0, -100.0, 90.0))
OPTIONS = SumOptions(WEST, 50.0, sample_rows=7)
PLACES = [(-130.0, 10.0), (-130.1, 10.1), (-120.0, -30.0), (-90.0, 0.0)]


@contextmanager
def events(rows: list[tuple[int, float, tuple[float, float]]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Events by second of the granule, second of the event after it, and place."""
    made = [
        USUAL["events"]
        | {
            "satellite": "G18",
            "granule_start": (START + timedelta(seconds=granule)).replace(tzinfo=None),
            "event_id": number,
            "event_time": (START + timedelta(seconds=granule + later)).replace(tzinfo=None),
            "event_lon": lon,
            "event_lat": lat,
        }
        for number, (granule, later, (lon, lat)) in enumerate(rows)
    ]
    schema = pa.schema([(column.name, column.arrow_type) for column in TABLES["events"].columns])
    with memory_database({"events": [pa.Table.from_pylist(made, schema)]}) as connection:
        yield connection


def summed(connection: duckdb.DuckDBPyConnection, pieces: list[Span], **changed: object) -> CleanCells:
    return sum_window(lambda *_: nullcontext(connection), pieces, replace(OPTIONS, **changed))


def contents(cells: CleanCells) -> tuple:
    """All of it, to the last bit."""
    arrays = (cells.key, cells.count, cells.mean, cells.sum_squares)
    facts = (cells.size, cells.read, cells.dropped, cells.notes, cells.sample.to_pylist())
    return (*(array.tobytes() for array in arrays), *facts)


def spans(seconds: list[int]) -> list[Span]:
    """The window cut at these seconds."""
    cuts = sorted({0, SECONDS, *seconds})
    return [(START + timedelta(seconds=one), START + timedelta(seconds=two)) for one, two in pairwise(cuts)]


one_event = st.tuples(
    st.integers(0, SECONDS // 20 - 1).map(lambda number: 20 * number),
    st.one_of(st.integers(-1, 19), st.integers(-SECONDS, SECONDS)),  # the second kind is mostly far
    st.sampled_from(PLACES),
)


@examples(20)
@given(
    rows=st.lists(one_event, min_size=1, max_size=30),
    repeated=st.lists(
        st.tuples(st.integers(0, 29), st.integers(-9, 9) | st.integers(-500, 500)), max_size=12
    ),
    cuts=st.lists(st.integers(1, SECONDS - 1), max_size=2),
    order=st.randoms(use_true_random=False),
)
def test_pieces_in_any_order_are_the_window(rows, repeated, cuts, order):
    """Also where a row repeats one of another piece, near by or hours away, before or after it."""
    for number, granules in repeated:  # the same event, in a granule so many later
        granule, later, place = rows[number % len(rows)]
        moved = min(max(granule + 20 * granules, 0), SECONDS - 20)
        rows = [*rows, (moved, later + granule - moved, place)]
    pieces = spans(cuts)
    shuffled = order.sample(pieces, len(pieces))
    with events(rows) as connection, WindowSums.open(OPTIONS) as sums:
        whole = clean_cells(connection, START, END, WEST, 50.0)
        kept = clean_rows(connection, START, END, WEST)
        for start, end in shuffled:
            sums.add(sum_piece(connection, start, end, START, OPTIONS))
        found = finished(sums, lambda *_: nullcontext(connection), pieces)
    assert contents(found)[:-1] == contents(whole)[:-1]
    assert (found.read, found.dropped) == (kept.read, kept.dropped)
    assert found.count.sum() == kept.kept
    assert found.sample.num_rows == min(kept.kept, 7)


@pytest.mark.parametrize("cuts", [[], [3600], [3600, 7200], [100, 3700, 3720]])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((3580, 19), (3600, -1)),  # a granule each side of the hour
        ((3700, 5), (40, 3665)),  # the time of the second is an hour from its granule
        ((40, 3665), (7300, -3595)),  # those of both are
        ((3700, 5), (10780, -7075)),
        ((3620, 50), (3710, -40)),  # neither is
    ],
)
def test_a_repeat_is_found_wherever_its_granule_is(first, second, cuts):
    """One of two equal rows counts, and a third at another place as well."""
    with events([(*first, PLACES[0]), (*second, PLACES[0]), (3600, 1, PLACES[1])]) as connection:
        found = summed(connection, spans(cuts))
    assert (found.kept, found.dropped["duplicate"]) == (2, 1)
    assert found.sample.num_rows == 2


def test_cells_are_joined_while_there_are_too_many():
    """The same bits for every cut; keys and counts are those of cells of that size, means nearly."""
    random = np.random.default_rng(5)
    places = [tuple(place) for place in random.uniform([-150, -50], [-110, 50], (300, 2)).tolist()]
    with events([(36 * number, 3, place) for number, place in enumerate(places)]) as connection:
        rows = lambda *_: nullcontext(connection)  # noqa: E731
        limited = [sum_window(rows, cut, OPTIONS, 70) for cut in (spans([]), spans([1800, 7200]))]
        size = limited[0].size
        larger = clean_cells(connection, START, END, WEST, size)
        finer = clean_cells(connection, START, END, WEST, size / 2)
    assert contents(limited[0]) == contents(limited[1])
    assert len(finer.count) > 70 >= len(limited[0].count) and size >= 400
    np.testing.assert_array_equal(limited[0].key, larger.key)
    np.testing.assert_array_equal(limited[0].count, larger.count)
    np.testing.assert_allclose(limited[0].mean, larger.mean, rtol=1e-12)
    np.testing.assert_allclose(limited[0].sum_squares, larger.sum_squares, rtol=1e-9, atol=1e-9 * size**2)


def test_a_sample_is_the_same_for_every_cut():
    """As many kept rows as were asked for, in the order of rows; all where there are no more."""
    with events([(36 * number, 3, PLACES[number % 4]) for number in range(300)]) as connection:
        kept = clean_rows(connection, START, END, WEST).rows
        samples = [
            summed(connection, cut, sample_rows=20).sample for cut in (spans([]), spans([60, 5000, 9000]))
        ]
        everything = summed(connection, spans([4000]), sample_rows=1000).sample
    assert samples[0].equals(samples[1])
    assert samples[0].num_rows == 20
    drawn = samples[0]["id"].to_pylist()
    assert drawn == sorted(set(drawn)) and set(drawn) <= set(kept["id"].to_pylist())
    assert min(drawn) < 100 and max(drawn) > 200  # from all of the window
    assert everything.equals(kept)


def test_a_span_that_takes_more_memory_than_there_is_is_told_with_what_helps():
    """Where nothing can be spilled."""
    words = "^2024-07-01T20Z to 2024-07-01T23Z: summing it takes more than .* set TMPDIR .* a box"
    with connected() as connection, pytest.raises(WarehouseError, match=words), explained_memory(START, END):
        set_options(connection, {"memory_limit": "8MB", "temp_directory": ""})
        connection.execute("CREATE TABLE large AS SELECT hash(range) AS number FROM range(3_000_000)")


def test_pieces_are_whole_hours_of_so_many_rows():
    """Hours with too many rows stand alone, the quiet ones are together, and none is left out."""
    rows = {START + number * HOUR: count for number, count in enumerate([5, 5, 30, 0, 2, 3, 5])}
    pieces = cut_window(START, START + 8 * HOUR, rows, 10)
    hours = [((end - start) // HOUR) for start, end in pieces]
    assert hours == [2, 1, 5]
    assert pieces[0][0] == START and pieces[-1][1] == START + 8 * HOUR
    assert all(one[1] == two[0] for one, two in pairwise(pieces))
    assert cut_window(START, END, {}) == [(START, END)]
