"""The scores that the evaluators and the report show are those of the table."""

import html
import shutil
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

from lightning_eda.assets.evaluators.scores import Fitted, evaluation_of
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.clustering.window.features import PointSpec
from lightning_eda.definitions import build_definitions
from lightning_eda.glm.windows import Window
from lightning_eda.warehouse.writing.cluster_tables import replace_scores
from lightning_eda_tests.orchestration.conftest import materialized, settings_in
from lightning_eda_tests.support.hours import HOUR
from lightning_eda_tests.support.opened import opened

KEY = "2024-07-01-20:00"
FEW_K = {"ops": {"kmeans_cluster": {"config": {"k_min": 2, "k_max": 4, "n_init": 2}}}}


def test_an_inertia_of_nothing_counts_for_the_knee(tmp_path):
    """As many clusters as distinct positions have an inertia of exactly 0, a value like any other."""
    points = [[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]]
    sweep = kmeans_sweep(points, 1, 4)
    fitted = Fitted(CleanWindow(pa.table({}), "flash", PointSpec(), 4, {}), sweep)
    window, database = Window(HOUR, HOUR + timedelta(hours=1)), tmp_path / "lightning.duckdb"
    inertias = pa.table({"k": [1, 2, 3, 4], "inertia": [100.0, 1.0, 0.5, 0.0]})
    written = replace_scores(database, window.start, window.end, fitted.fit, inertias)
    found = evaluation_of(fitted, written.scores, window)
    assert (found.knee, found.inertia_unit) == (2, "km²")
    in_degrees = Fitted(replace(fitted.clean, spec=PointSpec("lonlat")), sweep)
    assert evaluation_of(in_degrees, written.scores, window).inertia_unit == "degree²"


@pytest.mark.parametrize(("points", "can_be"), [(1, False), (2, False), (3, True)])
def test_a_silhouette_needs_more_points_than_clusters(points, can_be):
    """And two clusters."""
    sweep = kmeans_sweep([[0.0, float(number)] for number in range(points)], 1, 3)
    assert Fitted(CleanWindow(pa.table({}), "flash", PointSpec(), points, {}), sweep).can_be_scored is can_be


@pytest.fixture(scope="module")
def fitted_hour(stormy_hour, tmp_path_factory):
    """The data of an hour that was fitted once; to be copied."""
    folder = tmp_path_factory.mktemp("fitted")
    chosen = settings_in(folder, archive_dir=str(stormy_hour))
    with dg.DagsterInstance.ephemeral() as instance:
        assert materialized(instance, chosen, KEY, FEW_K, group=("ingestor", "clustering")).success
    return folder


@pytest.fixture
def window(fitted_hour, tmp_path):
    """Materialises some assets of an hour that is fitted, one run each; gives the last result."""
    shutil.copytree(fitted_hour, tmp_path, dirs_exist_ok=True)
    chosen = settings_in(tmp_path)
    definitions = build_definitions(chosen)
    assets = {asset.key.to_user_string(): asset for asset in definitions.assets}

    def materialize(*names, **options):
        for name in names:
            result = dg.materialize(
                [assets[name]],
                resources=dict(definitions.resources),
                partition_key=KEY,
                run_config={"ops": {name: {"config": options}}} if options else None,
                raise_on_error=False,
            )
        return result

    materialize.database = chosen.duckdb_path
    return materialize


def stored(window):
    with opened(window.database) as database:
        return database.sql("SELECT * FROM k_scores ORDER BY k").fetchall()


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_evaluators_come_in_either_order(window):
    """The rows are the same."""
    assert window("silhouette_evaluator", "elbow_evaluator").success
    expected = stored(window)
    with duckdb.connect(window.database) as database:
        database.sql("DELETE FROM k_scores")
    assert window("elbow_evaluator", "silhouette_evaluator").success
    assert stored(window) == expected
    assert len(expected) == 3


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("side", ["silhouette", "inertia"])
def test_an_evaluator_alone_shows_its_curve(window, tmp_path, side):
    """And writes its own columns, a row for each k."""
    assert window("silhouette_evaluator" if side == "silhouette" else "elbow_evaluator").success
    with opened(window.database) as database:
        sql = "SELECT count(*), count(inertia), count(silhouette), count(chosen_by) FROM k_scores"
        assert database.sql(sql).fetchall() == [(3, 0, 3, 1) if side == "silhouette" else (3, 3, 0, 0)]
    (folder,) = (tmp_path / "data" / "figures").iterdir()
    assert [path.name for path in folder.iterdir()] == [f"{side}.png"]


FURTHER = ("calinski_harabasz", "davies_bouldin", "gap", "gap_error", "stability")


@pytest.mark.usefixtures("undrawn")
def test_all_scores_of_every_k_are_in_the_tables(window):
    """The silhouettes of clusters have the mean of their k; what fits anew can be left out."""
    assert window("silhouette_evaluator", "elbow_evaluator").success
    sql = """SELECT k, count(*), sum(n * mean) / sum(n), any_value(silhouette)
             FROM cluster_silhouettes JOIN k_scores USING (window_start, window_end, k) GROUP BY k"""
    counted = f"SELECT {', '.join(f'count({name})' for name in FURTHER)} FROM k_scores"
    with opened(window.database) as database:
        assert database.sql(counted).fetchall() == [(3, 3, 3, 3, 3)]
        for k, clusters, mean, silhouette in database.sql(sql).fetchall():
            assert clusters == k
            assert mean == pytest.approx(silhouette, abs=1e-9)
    assert window("elbow_evaluator", references=0, bootstraps=0).success
    with opened(window.database) as database:
        assert database.sql(counted).fetchall() == [(3, 3, 0, 0, 0)]


@pytest.mark.usefixtures("undrawn")
def test_the_map_without_silhouettes_says_what_to_run(window, tmp_path):
    """With the elbow alone nobody has chosen a k; the silhouettes are enough, or a k by hand.

    The report tells the rule and what a cluster is.
    """
    (failure,) = window("elbow_evaluator", "cluster_map").get_step_failure_events()
    words = failure.step_failure_data.user_failure_data.description
    assert "has a silhouette: run silhouette_evaluator for this window first, or name k in" in words
    done = window("silhouette_evaluator", "cluster_map")
    (shown,) = done.asset_materializations_for_node("cluster_map")
    k, rule, doubts = (shown.metadata[name].value for name in ("k", "rule", "doubts"))
    assert [one.passed for one in done.get_asset_check_evaluations()] == [doubts == "none"]
    (report,) = (tmp_path / "data" / "figures").glob("*/report.html")
    page = html.unescape(report.read_text())
    assert f"k = {k}: {rule}." in page and "It is not a storm" in page


@pytest.mark.usefixtures("undrawn")
def test_a_k_that_was_not_fitted_is_refused(window):
    """With those that were."""
    assert window("silhouette_evaluator").success
    (failure,) = window("cluster_map", k=9).get_step_failure_events()
    assert "k: found 9; allowed: 2, 3, 4" in failure.step_failure_data.user_failure_data.description
