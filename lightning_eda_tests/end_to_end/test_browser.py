"""The Dagster UI as a stranger meets it, in a real browser."""

import pytest

from lightning_eda_tests.end_to_end.browser import find_chromium, open_browser, wait_for_runs
from lightning_eda_tests.end_to_end.commands import dagster_dev, project_folder
from lightning_eda_tests.orchestration.test_definitions import LIGHTNING
from lightning_eda_tests.support.hours import BUCKET, simulate

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on the PATH (Debian: apt-get install chromium)"
)
KEY = "2024-07-01-20:00"
PIN = {"GOES_YEAR": "2024", "GOES_DOY": "183", "GOES_HOUR": "20"}


@pytest.fixture
def folder(tmp_path):
    """A user's folder."""
    return project_folder(tmp_path / "project")


@pytest.fixture
def variables(tmp_path):
    """Where a few simulated granules of the hour are."""
    simulate(tmp_path / "archive", granules=20)
    return {"GLM_ARCHIVE_DIR": str(tmp_path / "archive"), "S3_BUCKET": BUCKET}


@pytest.mark.slow
def test_an_hour_from_the_graph_to_its_map(folder, variables):
    """Graph, launch by partition, green, and an asset's page with table, columns and a picture."""
    with dagster_dev(folder, **variables) as port, open_browser(port) as browser:
        browser.open_graph("extract", "load", "cluster_map")
        assert "run" in browser.launch("lightning", KEY)
        (run,) = wait_for_runs(port)
        assert run["status"] == "SUCCESS"
        assert {"key": "dagster/partition", "value": KEY} in run["tags"]
        assert {node["path"][-1] for node in run["assetSelection"]} == LIGHTNING
        browser.open_asset("load")
        page = browser.page
        assert page.get_by_text("Row count").is_visible()
        assert page.get_by_text(", simulated granules").is_visible()
        page.get_by_text("Radiant energy; NULL above the packed range [J]").first.wait_for()
        browser.open_asset("cluster_map")
        width, height = browser.show_picture()
        assert width > 400 and height > 250
        assert browser.elsewhere == []
        assert browser.errors == []


@pytest.mark.slow
def test_a_pinned_hour_needs_no_partition(folder, variables):
    """One click: "Materialize all" without a dialog; a wrong run config is told in one sentence."""
    with dagster_dev(folder, **variables, **PIN) as port, open_browser(port) as browser:
        browser.launch("ingest")
        (run,) = wait_for_runs(port)
        assert run["status"] == "SUCCESS"
        assert browser.elsewhere == []
