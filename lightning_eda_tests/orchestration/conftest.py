"""Running the assets in this process, as Dagster does with the in-process executor."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from lightning_eda.definitions import build_definitions
from lightning_eda.settings import Settings
from lightning_eda_tests.hours import BUCKET
from lightning_eda_tests.orchestration.storm_days import range_tags, storms_of_day
from lightning_eda_tests.warehouse.detections import store

LIGHTNING_GROUPS = {"ingestor", "clustering", "evaluators", "maps"}


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Settings whose folders all lie in the test's own."""

    def make(**changes) -> Settings:
        (tmp_path / "archive").mkdir(exist_ok=True)
        return Settings(
            **{
                "bucket": BUCKET,
                "archive_dir": str(tmp_path / "archive"),
                "data_dir": str(tmp_path / "data"),
                "duckdb_path": str(tmp_path / "data" / "lightning.duckdb"),
                **changes,
            }
        )

    return make


@pytest.fixture
def stormy(settings, tmp_path):
    """Settings whose database has the storms of a day."""
    made = settings()
    (tmp_path / "data").mkdir()
    store(Path(made.duckdb_path), flashes=storms_of_day())
    return made


@pytest.fixture
def run():
    """Materialises a group of assets, or all of lightning; gives the result, also of a failed run."""

    def materialize(
        settings: Settings,
        key: str | tuple[str, str] | None = None,
        run_config=None,
        group: str | None = "ingestor",
    ):
        definitions = build_definitions(settings)
        groups = {group} if group else LIGHTNING_GROUPS
        assets = [asset for asset in definitions.assets if groups & {*asset.group_names_by_key.values()}]
        return dg.materialize(
            assets,
            resources=dict(definitions.resources),
            partition_key=key if isinstance(key, str) else None,
            tags=range_tags(key),
            run_config=run_config,
            raise_on_error=False,
            instance=instance,
        )

    with dg.DagsterInstance.ephemeral() as instance:
        materialize.instance = instance
        yield materialize


def reported(instance: dg.DagsterInstance, asset: str) -> dict[str, dict]:
    """The metadata of all materializations Dagster knows of, by partition."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
    events = [record.asset_materialization for record in records]
    return {one.partition: {name: value.value for name, value in one.metadata.items()} for one in events}
