"""What an asset reads of a window is of one state of the database, also when it is loaded anew meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from lightning_eda.assets.clustering.window_cleaning import PreprocessorConfig, clean_window
from lightning_eda.assets.storm_cells.pair_finding import FlashPairsConfig, find_pairs
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.fleet.hours import Hours, file_hours
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import Window
from lightning_eda.resources import LakeResource, WarehouseResource
from lightning_eda.settings import DistanceSettings
from lightning_eda.storage.folder import FolderStore
from lightning_eda.warehouse.cleaning import pieces
from lightning_eda.warehouse.queries import table_counts
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.warehouse.hours import NOW, after, hour_at, make_hour, write_series

HOUR = hour_at("2024-05-01T00:00")
FLASHES = 5
GRANULES = (2, 6)
STATES = {granules * FLASHES: granules for granules in GRANULES}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """A database whose hour another thread loads without a pause, now with 2 granules and now with 6."""
    path = tmp_path / "lightning.duckdb"
    series = [
        write_series(tmp_path / str(granules), make_hour(HOUR, granules=granules, flashes=FLASHES))
        for granules in GRANULES
    ]
    replace_hour(path, HOUR, ["G18"], series[0], NOW)
    with loading(path, series):
        yield path


@pytest.fixture(params=[4, pytest.param(15, marks=pytest.mark.slow)])
def times(request: pytest.FixtureRequest) -> int:
    """How often a test looks while the loads go on."""
    return int(request.param)


@contextmanager
def loading(path: Path, series: list[dict[str, Path]]) -> Iterator[None]:
    ended = threading.Event()
    turns = cycle(series)

    def load() -> None:
        while not ended.is_set():
            replace_hour(path, HOUR, ["G18"], next(turns), NOW)

    loader = threading.Thread(target=load)
    loader.start()
    try:
        yield
    finally:
        ended.set()
        loader.join()


def test_rows_of_the_preprocessor_are_those_that_the_ledger_counts(database: Path, times: int):
    """A load that comes between the ledger and the rows would make rows seem to be missing."""
    window = Window(HOUR, after(HOUR, 1))
    for _ in range(times):
        with file_hours(database, window.start, window.end) as hours:
            clean, notes = clean_window(hours, window, PreprocessorConfig())
        assert clean.read in STATES
        assert not [note for note in notes if "are not loaded" in note and "rows of the tier" in note]


def test_cells_of_the_preprocessor_are_those_of_its_rows(database: Path, times: int):
    """A load that comes between the sums and the rows would put rows on the map that are in no cell."""
    window = Window(HOUR, after(HOUR, 2))
    for _ in range(times):
        with file_hours(database, window.start, window.end) as hours:
            clean, _ = clean_window(hours, window, PreprocessorConfig(row_limit=1))
        assert clean.cells is not None
        assert clean.rows.num_rows == clean.kept


@pytest.fixture
def an_hour_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of hours with many more rows."""
    monkeypatch.setattr(pieces, "cut_window", partial(pieces.cut_window, most_rows=1))


@pytest.mark.usefixtures("an_hour_a_piece")
@pytest.mark.parametrize(("loaded_hour", "looks"), [(5, 1), (1, 2)])
def test_loads_come_in_between_the_sums_of_a_long_window(tmp_path: Path, loaded_hour: int, looks: int):
    """None has to wait; one of the window itself makes that be read again, and then of the new state."""
    path = tmp_path / "lightning.duckdb"
    window = Window(HOUR, after(HOUR, 2))
    seen: list[int] = []

    def load(hour: int, granules: int) -> None:
        rows = make_hour(after(HOUR, hour), granules=granules, flashes=FLASHES)
        series = write_series(tmp_path / f"{hour}-{granules}", rows)
        replace_hour(path, after(HOUR, hour), ["G18"], series, NOW)

    def read(hours: Hours) -> CleanWindow:
        seen.append(1)
        config = PreprocessorConfig(row_limit=1)
        clean, _ = clean_window(hours, window, config, lambda *_: len(seen) == 1 and load(loaded_hour, 6))
        return clean

    load(0, 2)
    load(1, 2)
    lake, warehouse = LakeResource(place=None), WarehouseResource(database=str(path))
    clean = lake.read_hours(warehouse, window.start, window.end, None, read)
    assert (len(seen), clean.read) == (looks, FLASHES * (4 if looks == 1 else 8))
    assert table_counts(path)["flashes"] == FLASHES * (10 if looks == 1 else 8)


@pytest.mark.usefixtures("an_hour_a_piece")
def test_sums_of_a_file_that_is_let_go_are_of_one_state(database: Path, times: int):
    """With a load at every moment, and one piece after the other."""
    window = Window(HOUR, after(HOUR, 2))
    lake, warehouse = LakeResource(place=None), WarehouseResource(database=str(database))
    config = PreprocessorConfig(row_limit=1)
    for _ in range(times // 2):
        clean, _ = lake.read_hours(
            warehouse, window.start, window.end, None, lambda hours: clean_window(hours, window, config)
        )
        assert clean.read in STATES
        assert clean.rows.num_rows == clean.kept


def test_pairs_are_of_the_granules_that_are_told(database: Path, tmp_path: Path, times: int):
    """The number of granules in the metadata of `flash_pairs` is that of the flashes that were paired."""
    place = WindowFolders(tmp_path / "data", HOUR, after(HOUR, 24))
    store = FolderStore(tmp_path / "bucket")
    for _ in range(times):
        found = find_pairs(database, store, DistanceSettings(), place, FlashPairsConfig())
        assert found.granules.split()[0] == str(STATES[found.clean.read])
