"""What the catalogue says of an asset before and after it ran."""

import gzip
from dataclasses import replace

import duckdb
import pyarrow.parquet as pq
import pytest

from lightning_eda.definitions import build_definitions
from lightning_eda.grids.files import density_path
from lightning_eda.series import ARROW_TYPES, FLASHES, TABLES
from lightning_eda.settings import DistanceSettings, Settings
from lightning_eda_tests.orchestration.storm_cells.days import DAY, only
from lightning_eda_tests.support.hours import HOUR, simulate

KEY = "2024-07-01-20:00"
LIGHTNING = [
    "extract",
    "transform",
    "load",
    "preprocessor",
    "kmeans_cluster",
    "silhouette_evaluator",
    "elbow_evaluator",
    "cluster_map",
]
MOST_NUMBERS = 20
MOST_BYTES = 150_000  # of a sweep to 6 clusters; one to 23 has an eighth more


@pytest.fixture(scope="module")
def specs():
    """The specs of all assets by name."""
    return {
        spec.key.to_user_string(): spec for spec in build_definitions(Settings()).resolve_all_asset_specs()
    }


def test_every_asset_has_owner_system_kinds_and_links(specs):
    """So that a stranger can filter the catalogue and read on."""
    for name, spec in specs.items():
        assert list(spec.owners) == ["team:lightning"], name
        assert "system" in spec.tags, name
        assert spec.kinds, name
        assert "files_and_tables" in spec.metadata, name


def test_load_shows_the_columns_of_its_four_tables(specs):
    """With type, unit and whether NULL may stand there."""
    metadata = specs["load"].metadata
    for table in TABLES.values():
        name = "dagster/column_schema" if table is FLASHES else f"columns_of_{table.name}"
        shown = {column.name: column for column in metadata[name].value.columns}
        assert list(shown) == [column.name for column in table.columns]
        for column in table.columns:
            assert shown[column.name].type == column.type
            assert shown[column.name].description.endswith(f"[{column.unit}]" if column.unit else "")
            assert shown[column.name].constraints.nullable == column.nullable


def told(spec, of="dagster/column_schema"):
    """The names and types that the catalogue shows of an asset's table."""
    return [(column.name, column.type) for column in spec.metadata[of].value.columns]


def found_in(path):
    """The names and types that DuckDB finds in a file."""
    return [row[:2] for row in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]


def test_what_ran_says_that_it_is_simulated_and_fits_into_the_event_log(analysed):
    """On load and on the map; the numbers of an asset are few."""
    assert analysed.result.success
    events = {name: analysed.result.asset_materializations_for_node(name)[0].metadata for name in LIGHTNING}
    assert events["load"]["source"].value.endswith(", simulated granules")
    assert events["cluster_map"]["source"].value.startswith("simulated")
    for name, metadata in events.items():
        assert sum(isinstance(entry.value, int | float) for entry in metadata.values()) < MOST_NUMBERS, name
        assert len(str(metadata)) < MOST_BYTES, name
    assert [name for name in LIGHTNING[1:] if "dagster/row_count" not in events[name]] == []
    (report,) = (analysed.folder / "data" / "figures").rglob("report.html")
    assert "Simulated GOES-18" in report.read_text()


def test_cleaned_rows_and_grids_have_the_columns_shown(specs, analysed, settings, run, tmp_path):
    """As whoever asks for them in DuckDB finds them, types too."""
    (rows,) = (analysed.folder / "data" / "clusters").rglob("rows.parquet")
    assert found_in(rows) == told(specs["preprocessor"])
    simulate(tmp_path / "archive", granules=1)
    assert only("extract")(settings(), KEY).success
    assert only("flash_density")(settings(), KEY).success
    assert found_in(density_path(tmp_path / "data", HOUR, "G18")) == told(specs["flash_density"])


def test_pairs_have_the_columns_shown(specs, with_cells, run, tmp_path):
    """Those of flashes in their object, those of distance clustering in its graph."""
    (pairs,) = (tmp_path / "data").rglob("flash_pairs.csv.gz")
    shown = specs["flash_pairs"].metadata["dagster/column_schema"].value.columns
    assert len(gzip.decompress(pairs.read_bytes()).split(b"\n")[0].split(b",")) == len(shown)
    bucket = str(tmp_path / "data" / "bucket")
    distances = DistanceSettings(bucket=bucket, input_folder="flash_pairs", output_folder="out")
    assert run(replace(with_cells, distances=distances), DAY, group="distance_clustering").success
    for file, name in (("pairs", "dagster/column_schema"), ("items", "columns_of_items")):
        (path,) = (tmp_path / "data" / "distances").rglob(f"{file}.parquet")
        columns = {
            column.name: column.type for column in specs["distance_matrix"].metadata[name].value.columns
        }
        assert {field.name: field.type for field in pq.read_schema(path)} == {
            column: ARROW_TYPES[kind] for column, kind in columns.items()
        }


def test_a_mistake_in_the_config_is_a_sentence_and_not_tried_again(tmp_path, settings, run):
    """It names the field, what was found, and what is allowed."""
    simulate(tmp_path / "archive")
    result = run(settings(), KEY, {"ops": {"preprocessor": {"config": {"cell_km": 0.0}}}}, group="clustering")
    assert not result.success
    (event,) = result.get_step_failure_events()
    text = event.step_failure_data.user_failure_data.description
    assert text == "the run's config has a mistake. cell_km: found 0.0; it should be greater than 0"
    assert not [one for one in result.all_events if one.event_type_value == "STEP_UP_FOR_RETRY"]
