"""Running the assets in this process, as Dagster does with the in-process executor."""

import io
import logging
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import boto3
import dagster as dg
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lightning_eda.definitions import LIGHTNING_ASSETS
from lightning_eda.figures import interactive
from lightning_eda.figures.globe import basemap
from lightning_eda.settings import CsvSettings, DistanceSettings, Settings
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda_tests.orchestration.quick_instances import quicken_instances
from lightning_eda_tests.orchestration.s3_tables.days import DAY, database_of
from lightning_eda_tests.orchestration.storm_cells.days import DAY as STORM_DAY
from lightning_eda_tests.orchestration.storm_cells.days import GROUP, defined, range_tags, storms_of_day
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.support.hours import BUCKET, HOUR, KEY, simulate
from lightning_eda_tests.support.opened import counted
from lightning_eda_tests.warehouse.detections import store

DRAWN_BY_ITSELF = dg.AssetKey("storm_page")  # takes a second; storm_cells/test_page.py runs it
FEW_K = {"ops": {"kmeans_cluster": {"config": {"k_min": 2, "k_max": 6, "n_init": 2}}}}
LIGHTNING_GROUPS = {group for asset in LIGHTNING_ASSETS for group in asset.group_names_by_key.values()}


quicken_instances()


def settings_in(place: Path, **changes) -> Settings:
    """Settings whose folders all lie in one."""
    (place / "archive").mkdir(exist_ok=True)
    return Settings(
        **{
            "bucket": BUCKET,
            "archive_dir": str(place / "archive"),
            "data_dir": str(place / "data"),
            "duckdb_path": str(place / "data" / "lightning.duckdb"),
            **changes,
        }
    )


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings whose folders all lie in the test's own."""
    return partial(settings_in, tmp_path)


@pytest.fixture
def stormy(settings, tmp_path):
    """Settings whose database has the storms of a day."""
    made = settings()
    (tmp_path / "data").mkdir()
    store(Path(made.duckdb_path), flashes=storms_of_day())
    return made


def materialized(
    instance: dg.DagsterInstance,
    settings: Settings,
    key: str | tuple[str, str] | None = None,
    run_config=None,
    group: str | Collection[str] | None = "ingestor",
) -> dg.ExecuteInProcessResult:
    """Materialises the assets of a group, of several, or (None) all of lightning."""
    definitions = defined(settings)
    groups = {group} if isinstance(group, str) else {*(group or LIGHTNING_GROUPS)}
    assets = [
        asset
        for asset in definitions.assets
        if groups & {*asset.group_names_by_key.values()} and asset.key != DRAWN_BY_ITSELF
    ]
    return dg.materialize(
        assets,
        resources=dict(definitions.resources),
        partition_key=key if isinstance(key, str) else None,
        tags=range_tags(key),
        run_config=run_config,
        raise_on_error=False,
        instance=instance,
    )


@pytest.fixture
def run():
    """`materialized` in an instance of the test's own; gives the result, also of a failed run."""

    def materialize(*arguments, **options) -> dg.ExecuteInProcessResult:
        return materialized(instance, *arguments, **options)

    with dg.DagsterInstance.ephemeral() as instance:
        materialize.instance = instance
        yield materialize


def logged(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult, level: int) -> list[str]:
    """What the assets of a run wrote to its log at a level."""
    entries = instance.all_logs(result.run_id)
    return [entry.user_message for entry in entries if entry.level == level and not entry.is_dagster_event]


def reported(instance: dg.DagsterInstance, asset: str) -> dict[str, dict]:
    """The metadata of all materializations Dagster knows of, by partition."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
    events = [record.asset_materialization for record in records]
    return {one.partition: {name: value.value for name, value in one.metadata.items()} for one in events}


@pytest.fixture
def glue(s3_bucket: S3Bucket, monkeypatch):
    """A Glue client with a database of this test alone, named as the bucket with underscores."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    client = boto3.client("glue", endpoint_url=s3_bucket.endpoint_url, region_name="us-east-1")
    client.create_database(DatabaseInput={"Name": database_of(s3_bucket)})
    yield client
    client.close()


@pytest.fixture
def table(settings: Callable[..., Settings], s3_bucket: S3Bucket, glue):
    """Settings of a table in the test's bucket."""

    def make(endpoint_url: str | None = None, **changes) -> Settings:
        values = {
            "bucket_src": s3_bucket.name, "prefix": "in", "substr": "orders", "bucket_dstn": s3_bucket.name,
            "pathoutput": "lake/orders", "table": "orders", "database": database_of(s3_bucket), **changes,
        }  # fmt: skip
        url = endpoint_url or s3_bucket.endpoint_url
        return settings(csv=CsvSettings(**values), s3_endpoint_url=url, glue_endpoint_url=url)

    return make


@pytest.fixture
def load(run):
    """Materialises the asset."""

    def materialize(settings: Settings, key: str | tuple[str, str] = DAY, run_config=None):
        return run(settings, key, run_config, group="s3_tables")

    return materialize


@pytest.fixture
def distances(settings: Callable[..., Settings], s3_bucket: S3Bucket, monkeypatch):
    """Settings of distance clustering in a bucket of this test alone."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def make(endpoint_url: str | None = None, **changes: str) -> Settings:
        values = {"bucket": s3_bucket.name, "input_folder": "in", "output_folder": "out", **changes}
        return settings(
            distances=DistanceSettings(**values), s3_endpoint_url=endpoint_url or s3_bucket.endpoint_url
        )

    return make


@pytest.fixture
def cluster(run):
    """Materialises both assets of a day or a range."""

    def materialize(settings: Settings, key: str | tuple[str, str] = "2024-01-01", run_config=None):
        return run(settings, key, run_config, group="distance_clustering")

    return materialize


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are one small picture each, without a basemap: many tests look at numbers alone."""
    draw_nothing(monkeypatch)


def draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `undrawn` does."""

    def saved(_: object, stream: io.BytesIO, *, format: str, **options: object) -> None:
        stream.write(b"<svg/>" if format == "svg" else small)

    canvas = io.BytesIO()
    Image.new("RGB", (64, 48)).save(canvas, "png")
    small = canvas.getvalue()
    monkeypatch.setattr(Figure, "savefig", saved)
    for name in ("_draw_land", "_draw_graticule"):
        monkeypatch.setattr(basemap, name, lambda *_: None)
    monkeypatch.setattr(interactive, "build_figure", lambda *_: ({"data": [], "layout": {}}, {}))


@pytest.fixture(scope="session")
def stormy_hour(tmp_path_factory):
    """An archive with one hour of a few hundred flashes, simulated once."""
    archive = tmp_path_factory.mktemp("stormy")
    simulate_hour(archive, "G18", HOUR, 7, granules=20, activity=Activity(flashes_per_granule=20.0))
    return archive


@dataclass(frozen=True)
class Analysed:
    """A stormy hour from its granules to its report, run once for all tests; to be read only.

    Attributes:
        folder: What holds archive and data.
        settings: They name these.
        result: Of the run.
        openings: How it opened the database each time.
    """

    folder: Path
    settings: Settings
    result: dg.ExecuteInProcessResult
    openings: list[str]


@pytest.fixture(scope="session")
def analysed(stormy_hour, tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysed")
    shutil.copytree(stormy_hour, folder / "archive")
    made, openings = settings_in(folder), []
    with dg.DagsterInstance.ephemeral() as instance:
        with counted(openings):
            result = materialized(instance, made, KEY, FEW_K, group=None)
        yield Analysed(folder, made, result, openings)


def made_once(folder: Path, key: str, group: str) -> Path:
    """The folder, after an asset group ran on what it holds."""
    with dg.DagsterInstance.ephemeral() as instance:
        assert materialized(instance, settings_in(folder), key, group=group).success
    return folder


@pytest.fixture(scope="session")
def loaded_hour(tmp_path_factory) -> Path:
    """Archive and data of a small hour that was ingested once for all tests; to be copied."""
    folder = tmp_path_factory.mktemp("loaded")
    simulate(folder / "archive")
    return made_once(folder, KEY, "ingestor")


@pytest.fixture
def loaded(loaded_hour: Path, tmp_path: Path) -> Settings:
    """Settings of a small hour that is loaded, in the test's own folder."""
    shutil.copytree(loaded_hour, tmp_path, dirs_exist_ok=True)
    return settings_in(tmp_path)


@pytest.fixture(scope="session")
def day_with_cells(tmp_path_factory) -> Path:
    """The data of a stormy day whose cells and tracks were made once for all tests; to be copied."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "data").mkdir()
    store(folder / "data" / "lightning.duckdb", flashes=storms_of_day())
    with pytest.MonkeyPatch.context() as patch:
        draw_nothing(patch)
        return made_once(folder, STORM_DAY, GROUP)


@pytest.fixture
def with_cells(day_with_cells: Path, tmp_path: Path) -> Settings:
    """As `stormy`, and the cells of the day are there."""
    shutil.copytree(day_with_cells, tmp_path, dirs_exist_ok=True)
    return settings_in(tmp_path)


def warnings(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> list[str]:
    """What the log of a run warns of."""
    entries = instance.all_logs(result.run_id)
    return [entry.user_message for entry in entries if entry.level == logging.WARNING]
