"""The scores that the evaluators and the report show are those of the table."""

from datetime import timedelta

import pyarrow as pa

from lightning_eda.assets.evaluators.scores import Fitted, read_evaluation
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.clustering.window.features import PointSpec
from lightning_eda.glm.windows import Window
from lightning_eda.warehouse.writing.cluster_tables import replace_scores
from lightning_eda_tests.hours import HOUR


def test_an_inertia_of_nothing_counts_for_the_knee(tmp_path):
    """As many clusters as distinct positions have an inertia of exactly 0, a value like any other."""
    points = [[0.0, 0.0], [0.0, 1.0], [5.0, 0.0], [5.0, 1.0]]
    sweep = kmeans_sweep(points, 1, 4)
    fitted = Fitted(CleanWindow(pa.table({}), "flash", PointSpec(), 4, {}), sweep)
    window, database = Window(HOUR, HOUR + timedelta(hours=1)), tmp_path / "lightning.duckdb"
    inertias = pa.table({"k": [1, 2, 3, 4], "inertia": [100.0, 1.0, 0.5, 0.0]})
    replace_scores(database, window.start, window.end, fitted.fit, inertias)
    assert read_evaluation(fitted, database, window).knee == 2
