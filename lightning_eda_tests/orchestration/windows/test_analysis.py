"""From the rows of a window to its report: the assets of clustering, evaluators and maps."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from sklearn.metrics import silhouette_score

from lightning_eda.clustering.window.clean_file import read_clean
from lightning_eda.clustering.window.features import make_points
from lightning_eda.clustering.window.sweep_file import read_sweep
from lightning_eda.definitions import build_definitions
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.simulator import simulate_hour
from lightning_eda.warehouse.database.attach import CREATE
from lightning_eda_tests.orchestration.conftest import FEW_K, warnings
from lightning_eda_tests.support.hours import HOUR, simulate
from lightning_eda_tests.support.opened import opened
from lightning_eda_tests.warehouse.detections import store

KEY = "2024-07-01-20:00"
CURVES = {"curves.png", "inertia.png", "silhouette.png", "cluster_silhouettes.png"}
FIGURES = {*CURVES, "density_G18.png", "map.png", "map.html"}
ANALYSIS = ("clustering", "evaluators", "maps")


def rows(settings, sql):
    with opened(settings.duckdb_path) as database:
        return database.sql(sql).fetchall()


def metadata(result, asset):
    materialization = result.asset_materializations_for_node(asset)[0]
    return {name: value.value for name, value in materialization.metadata.items()}


def place(tmp_path, hours=1, start=HOUR):
    return WindowFolders(tmp_path / "data", start, start + timedelta(hours=hours))


def config(**ops):
    return {"ops": {**FEW_K["ops"], **{name: {"config": values} for name, values in ops.items()}}}


@pytest.fixture
def drawn(analysed, tmp_path, settings):
    """Settings of a copy of the analysed hour, for a test that changes it."""
    for name in ("archive", "data"):
        shutil.copytree(analysed.folder / name, tmp_path / name)
    return settings()


@pytest.fixture
def own(drawn, undrawn):
    """The same for a test that looks at numbers alone."""
    return drawn


def test_an_hour_ends_in_a_report(analysed):
    """Scores, centres and the cluster of each flash are in the database; the figures are on disk."""
    chosen, result = analysed.settings, analysed.result
    assert result.success
    ((flashes,),) = rows(chosen, "SELECT count(*) FROM flashes")
    assert rows(chosen, "SELECT count(*) FROM flash_clusters") == [
        (metadata(result, "preprocessor")["dagster/row_count"],)
    ]
    assert metadata(result, "preprocessor")["rows_read"] == flashes
    scores = rows(chosen, "SELECT k, inertia, silhouette, chosen_by FROM k_scores ORDER BY k")
    assert [row[0] for row in scores] == [2, 3, 4, 5, 6]
    found = metadata(result, "silhouette_evaluator")
    kept, best = metadata(result, "preprocessor")["dagster/row_count"], found["chosen_k"]
    compact = [row for row in scores if (row[1] / kept) ** 0.5 <= 500] or scores
    assert [row[0] for row in scores if row[3]] == [max(compact, key=lambda row: row[2])[0]] == [best]
    assert "the best mean silhouette" in found["rule"]
    assert rows(chosen, "SELECT count(*), sum(n), min(k) FROM cluster_centers") == [
        (best, metadata(result, "cluster_map")["dagster/row_count"], best)
    ]
    figures = place(analysed.folder).figures
    assert {path.name for path in figures.iterdir()} == {*FIGURES, "report.html"}
    page = (figures / "report.html").read_text()
    assert f"{best} clusters" in page
    assert re.search(r"2024-07-01 20:00 to 21:00 UTC · Granules: \d+ of 180", page)
    assert all(path.stat().st_size > 20_000 for path in figures.iterdir())


def test_the_scores_are_those_of_scikit_learn(analysed):
    """For the labels of the one sweep that all assets read."""
    clean = read_clean(place(analysed.folder).rows)
    sweep = read_sweep(place(analysed.folder).sweep, clean.digest)
    points = make_points(clean.rows, clean.spec)
    for k, inertia, silhouette in rows(analysed.settings, "SELECT k, inertia, silhouette FROM k_scores"):
        labels = sweep.labels(k)
        assert silhouette == pytest.approx(silhouette_score(points, labels), abs=1e-9)
        assert inertia == pytest.approx(((points - sweep.centers[k][labels]) ** 2).sum(), rel=1e-9)


def test_pictures_and_numbers_are_in_the_metadata(analysed):
    """Each picture is small enough for the event log; each evaluator shows its own curve."""
    for asset, name in (
        ("silhouette_evaluator", "curve"),
        ("elbow_evaluator", "curve"),
        ("cluster_map", "map"),
    ):
        markdown = metadata(analysed.result, asset)[name]
        assert re.match(r"!\[[^]]+\]\(data:image/png;base64,", markdown)
        assert len(markdown) < 140_000
    silhouettes, elbow = (metadata(analysed.result, f"{name}_evaluator") for name in ("silhouette", "elbow"))
    assert silhouettes["curve"] != elbow["curve"]
    shown = [{*one["scores"].records[0].data} for one in (silhouettes, elbow)]
    assert shown[0] > {"k", "silhouette"} and shown[1] > {"k", "inertia"} and shown[0] & shown[1] == {"k"}


def test_an_hour_opens_the_database_a_few_times(analysed):
    """Each time the others wait: once to make it, else a state for each asset that reads or writes."""
    assert analysed.openings.count(CREATE) == 1
    assert len(analysed.openings) <= 8


@pytest.mark.slow
def test_running_it_again_writes_the_same(tmp_path, drawn, run):
    """Every file and every row."""
    tables = ("k_scores", "cluster_silhouettes", "cluster_centers", "flash_clusters")

    def contents():
        files = {path.name: path.read_bytes() for path in place(tmp_path).figures.iterdir()}
        return files, [rows(drawn, f"SELECT * FROM {table} ORDER BY ALL") for table in tables]

    before = contents()
    assert run(drawn, KEY, FEW_K, group=None).success
    assert contents() == before


def test_the_run_config_chooses_k(own, run):
    """And the table says who did."""
    result = run(own, KEY, {"ops": {"cluster_map": {"config": {"k": 4}}}}, group="maps")
    assert metadata(result, "cluster_map")["k"] == 4
    assert rows(own, "SELECT k, chosen_by FROM k_scores WHERE chosen_by IS NOT NULL") == [(4, "run config")]
    assert metadata(result, "cluster_map")["rule"] == "named in the run's config"
    assert [one.passed for one in result.get_asset_check_evaluations()] == [True]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("granules", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_too_few_points_are_a_result(tmp_path, settings, run, granules):
    """Every asset is green and says so; there are a map and a report all the same."""
    (tmp_path / "archive").mkdir(exist_ok=True)
    if granules:
        simulate_hour(tmp_path / "archive", "G18", HOUR, 1, granules=1, faults=[("empty", 0)])
    chosen = settings()
    result = run(chosen, KEY, FEW_K, group=None)
    assert result.success
    assert metadata(result, "kmeans_cluster")["status"].startswith("not enough points")
    assert metadata(result, "silhouette_evaluator")["chosen_k"] == "not enough points"
    assert metadata(result, "cluster_map")["k"] == "not enough points"
    told = "There were no flashes." if granules else "Nothing of this window is loaded."
    assert f"<p>{told}</p>" in (place(tmp_path).figures / "report.html").read_text()
    assert rows(chosen, "SELECT count(*) FROM flash_clusters") == [(0,)]


def test_a_range_is_one_window_with_an_animation(tmp_path, own, run):
    """Two hours as one; the single hour keeps its own results."""
    simulate(tmp_path / "archive", HOUR + timedelta(hours=1), granules=3)
    result = run(own, (KEY, "2024-07-01-21:00"), FEW_K, group=None)
    assert result.success
    assert (place(tmp_path, hours=2).figures / "animation.gif").read_bytes()[:6] == b"GIF89a"
    assert not (place(tmp_path).figures / "animation.gif").exists()
    assert rows(own, "SELECT count(DISTINCT (window_start, window_end)) FROM k_scores") == [(2,)]
    assert metadata(result, "cluster_map")["window"] == "2024-07-01T20:00Z to 2024-07-01T22:00Z"


def test_many_rows_are_clustered_as_cells(analysed, tmp_path, own, run):
    """All rows count, a sample is drawn, and the scores are near those of the rows.

    The report's counts, rates and energies are those of the window, not of the sample that is drawn; its
    granules are those of the satellites that were chosen.
    """
    store(Path(own.duckdb_path), granules=[{"satellite": "G16", "granule_start": HOUR.replace(tzinfo=None)}])
    inertias = dict(rows(own, "SELECT k, inertia FROM k_scores"))
    exact = report_numbers(tmp_path)
    options = config(preprocessor={"row_limit": 100, "sample_rows": 50, "satellites": ["g18"]})
    result = run(own, KEY, options, group=ANALYSIS)
    assert result.success
    assert metadata(result, "kmeans_cluster")["method"] == "cells"
    kept = metadata(analysed.result, "preprocessor")["dagster/row_count"]
    assert metadata(result, "cluster_map")["dagster/row_count"] == kept
    assert rows(own, "SELECT sum(n) FROM cluster_centers") == [(kept,)]
    assert read_clean(place(tmp_path).rows).rows.num_rows <= 51
    for k, inertia in rows(own, "SELECT k, inertia FROM k_scores"):
        assert inertia == pytest.approx(inertias[k], rel=0.05)
    sampled = report_numbers(tmp_path)
    assert sampled["Flashes"] == exact["Flashes"]
    assert sampled["Mean per minute"] == exact["Mean per minute"]
    ratio = float(sampled["Total energy"].split()[0]) / float(exact["Total energy"].split()[0])
    assert 0.5 < ratio < 2.0
    assert sampled["Granules"] == exact["Granules"]


def report_numbers(tmp_path):
    page = (place(tmp_path).figures / "report.html").read_text()
    numbers = dict(re.findall(r"<div><dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page))
    return numbers | dict(re.findall("(Granules): ([^<]+)<", page))


@pytest.mark.parametrize(
    ("changed", "asked", "words"),
    [
        ("preprocessor", "evaluators", "is of other rows: run kmeans_cluster"),
        ("preprocessor", "maps", "is of other rows: run kmeans_cluster"),
        ("both", "maps", "are of another k-means: run silhouette_evaluator"),
    ],
)
def test_results_of_other_rows_are_never_shown(own, run, changed, asked, words):
    """When the rows, or the fit, changed and an asset in between was not run again."""
    definitions = build_definitions(own)
    names = {"preprocessor"} if changed == "preprocessor" else {"preprocessor", "kmeans_cluster"}
    options = {"preprocessor": {"config": {"north": 10.0}}, **(FEW_K["ops"] if changed == "both" else {})}
    dg.materialize(
        [asset for asset in definitions.assets if asset.key.to_user_string() in names],
        resources=dict(definitions.resources),
        partition_key=KEY,
        run_config={"ops": options},
    )
    result = run(own, KEY, group=asked)
    failures = [e.step_failure_data.user_failure_data for e in result.get_step_failure_events()]
    assert any(failure and words in failure.description for failure in failures), failures


def test_a_tier_that_is_not_loaded_is_refused(own, run):
    """Nothing is not the same as no lightning."""
    result = run(own, KEY, config(preprocessor={"tier": "event"}), group="clustering")
    (failure,) = [e for e in result.get_step_failure_events() if e.step_failure_data.user_failure_data]
    words = failure.step_failure_data.user_failure_data.description
    assert (
        "tier: found 'event'; allowed: a tier that is loaded. Load the window with it in GLM_TIERS" in words
    )


def test_every_drop_is_counted(tmp_path, own, run):
    """A box and a limit leave rows out; read is kept plus dropped. That few are left is in the log, too."""
    options = {"north": 0.0, "min_energy_fj": 100.0}
    result = run(own, KEY, config(preprocessor=options), group="clustering")
    found = metadata(result, "preprocessor")
    assert 0 < found["dagster/row_count"] < found["rows_read"]
    assert found["rows_read"] == found["dagster/row_count"] + found["rows_dropped"]
    (check,) = [e for e in result.get_asset_check_evaluations() if e.check_name == "most_rows_kept"]
    dropped = {name: value.value for name, value in check.metadata.items() if name.startswith("dropped_")}
    assert sum(dropped.values()) == found["rows_dropped"]
    table = {line.data["reason"]: line.data["rows"] for line in found["dropped_by_reason"].records}
    assert {f"dropped_{reason}": count for reason, count in table.items()} == dropped
    assert not check.passed and 2 * found["dagster/row_count"] < found["rows_read"]
    assert f"most_rows_kept did not pass. {check.description}" in warnings(run.instance, result)
    assert max(read_clean(place(tmp_path).rows).rows["lat"].to_pylist()) <= 0.0


@pytest.mark.parametrize(
    ("asset", "options", "words"),
    [
        ("preprocessor", {"tier": "flashes"}, "tier: found 'flashes'; allowed: flash, group, event"),
        ("preprocessor", {"geometry": "flat"}, "geometry: found 'flat'; allowed: sphere, lonlat"),
        ("preprocessor", {"features": ["colour"]}, "features: found ['colour']; allowed: time, energy, area"),
        (
            "preprocessor",
            {"satellites": ["G18", "G16"]},
            "allowed: G18. Only these are loaded in this window.",
        ),
        ("preprocessor", {"satellites": ["goes"]}, "satellites: found ['goes']; allowed: G18"),
        (
            "preprocessor",
            {"south": 10.0, "north": -10.0},
            "south: found 10.0; allowed: at most north (-10",
        ),
        ("kmeans_cluster", {"k_min": 5, "k_max": 2}, "k_min: found 5; allowed: at most k_max (2)."),
    ],
)
def test_a_mistake_in_the_config_is_one_sentence(own, run, asset, options, words):
    """It names the field, what was found and what is allowed."""
    result = run(own, KEY, config(**{asset: options}), group="clustering")
    assert not result.success
    failures = [e.step_failure_data.user_failure_data for e in result.get_step_failure_events()]
    assert any(words in failure.description for failure in failures if failure), failures


@pytest.mark.parametrize(
    "options",
    [pytest.param({"geometry": "lonlat"}, marks=pytest.mark.slow), {"features": ["time", "energy", "area"]}],
)
def test_other_spaces_work_too(own, run, options):
    """Plain degrees, and extra features."""
    assert run(own, KEY, config(preprocessor=options), group=ANALYSIS).success
