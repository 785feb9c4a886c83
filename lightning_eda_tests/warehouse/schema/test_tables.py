"""The declared tables are the tables made."""

import duckdb
import pytest

from lightning_eda.series import EVENTS, GRANULES, GROUPS, TABLES, Table
from lightning_eda.warehouse.schema import all_tables
from lightning_eda.warehouse.schema.clusters import CLUSTER_TABLES
from lightning_eda.warehouse.schema.sql import create_sql, quoted

DETECTION = ["satellite", "granule_start"]
COLUMNS = {
    "granules": [
        *DETECTION, "granule_end", "granule_created", "object_key", "size_bytes", "etag", "orbital_slot",
        "subpoint_lon", "time_basis", "era", "n_flashes", "n_groups", "n_events", "flash_count",
        "group_count", "event_count", "orphan_groups", "orphan_events", "childless_groups",
        "status", "reason", "loaded_at",
    ],
    "flashes": [
        *DETECTION, "flash_id", "flash_time_of_first_event", "flash_time_of_last_event",
        "flash_frame_time_of_first_event", "flash_frame_time_of_last_event", "flash_lat", "flash_lon",
        "flash_area", "flash_energy", "flash_quality_flag", "n_groups", "n_events",
    ],
    "groups": [
        *DETECTION, "group_id", "flash_id", "group_time", "group_frame_time", "group_lat", "group_lon",
        "group_area", "group_energy", "group_quality_flag", "n_events",
    ],
    "events": [
        *DETECTION, "event_id", "group_id", "flash_id", "event_time", "event_lat", "event_lon",
        "event_energy",
    ],
}  # fmt: skip
WINDOW = ["window_start", "window_end"]
CLUSTER_COLUMNS = {
    "k_scores": [
        *WINDOW, "tier", "k", "inertia", "silhouette", "silhouette_error", "method", "chosen_by",
        "geometry", "fit", "silhouette_method", "calinski_harabasz", "davies_bouldin", "gap", "gap_error",
        "stability",
    ],
    "cluster_silhouettes": [*WINDOW, "k", "cluster", "n", "n_scored", "mean", "lowest", "below_zero"],
    "cluster_centers": [*WINDOW, "k", "cluster", "lat", "lon", "n"],
    "flash_clusters": [*WINDOW, "satellite", "granule_start", "flash_id", "cluster"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "columns"), [(TABLES, COLUMNS), (CLUSTER_TABLES, CLUSTER_COLUMNS)], ids=["hours", "clusters"]
)
def test_columns_are_the_contract(tables: dict[str, Table], columns: dict[str, list[str]]) -> None:
    """Names and order of the columns are what people's queries and the series CSVs are written against."""
    assert {name: [column.name for column in table.columns] for name, table in tables.items()} == columns


def test_tables_of_clusters_are_not_of_hours() -> None:
    """Loading an hour, its checks and its counts go over `TABLES`, which has no table of windows."""
    assert not set(TABLES) & set(CLUSTER_TABLES)
    assert all(table.key[:2] == ("window_start", "window_end") for table in CLUSTER_TABLES.values())


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.name)
def test_duckdb_makes_the_declared_table(table: Table) -> None:
    """Names, types and NOT NULL in DuckDB are those declared; an Arrow table of them has the Arrow types."""
    with duckdb.connect() as connection:
        connection.execute(create_sql(table))
        made = connection.execute(f"DESCRIBE {quoted(table.name)}").fetchall()
        arrow = connection.sql(f"FROM {quoted(table.name)}").to_arrow_table().schema
    assert [(name, kind, null) for name, kind, null, *_ in made] == [
        (column.name, column.type, "YES" if column.nullable else "NO") for column in table.columns
    ]
    assert arrow.types == [column.arrow_type for column in table.columns]


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: table.name)
def test_every_column_is_described(table: Table) -> None:
    """Each column says what it is; each time, coordinate, area and energy has a unit; keys are never NULL."""
    for column in table.columns:
        assert column.description
        assert column.unit or column.type not in ("TIMESTAMP", "DOUBLE"), column.name
        assert not (column.nullable and column.name in table.key)


def test_series_leave_out_the_time_of_loading() -> None:
    """The CSV of granules has all columns but `loaded_at`; the other tables have no such column."""
    assert [column.name for column in GRANULES.series_columns] == COLUMNS["granules"][:-1]
    assert EVENTS.series_columns == EVENTS.columns


def test_parents_are_tables_with_that_id() -> None:
    """A group's parent is a flash and an event's a group, joined by a column that both tables have."""
    for table in (GROUPS, EVENTS):
        names = [column.name for column in TABLES[table.parent].columns]
        assert table.parent_id in names
        assert table.parent_id in COLUMNS[table.name]


def test_identifiers_are_quoted() -> None:
    """A double quote in an identifier cannot end it."""
    assert quoted('a" b') == '"a"" b"'
