"""The Dagster UI in the system's Chromium: the steps that the tests take and the pictures are made of."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from lightning_eda_tests.end_to_end.commands import graphql

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing that a browser does for itself on the network.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
JOB = "/locations/lightning_eda/jobs/{name}"
BACKFILLS = """{partitionBackfillsOrError(limit: 1) {... on PartitionBackfills {results {id status}}}}"""
FIELD = "[role=dialog] input[type=text]"
SETTLED = 1200  # ms until the graph has been laid out and has stopped moving
RUNS = """{runsOrError(limit: 50) {... on Runs {results {
  runId status assetSelection {path} tags {key value}}}}}"""
FINISHED = {"SUCCESS", "FAILURE", "CANCELED"}


def find_chromium() -> str | None:
    """The system's Chromium or Chrome."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Browser:
    """A page of the Dagster UI at a port.

    Attributes:
        page: The page, of Playwright.
        port: Of the Dagster web server.
        elsewhere: Addresses of other hosts that the page asked for.
        errors: What its scripts failed with.
    """

    def __init__(self, page, port: int) -> None:
        self.page = page
        self.port = port
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc != f"127.0.0.1:{self.port}":
            self.elsewhere.append(request.url)

    def go(self, path: str) -> None:
        """Opens a page of the UI."""
        self.page.goto(f"http://127.0.0.1:{self.port}{path}")

    def open_graph(self, *assets: str) -> None:
        """The graph of all assets, its groups opened; waits until the assets named are drawn."""
        self.go("/asset-groups")
        self.page.locator("button:has-text('Materialize all')").wait_for()
        self.page.wait_for_timeout(SETTLED)
        self.page.keyboard.press("Alt+e")
        self.page.wait_for_url("**expanded=**")
        self.page.reload()  # fits the graph into the page
        for asset in assets:
            self.page.locator("svg").get_by_text(asset, exact=True).first.wait_for()
        self.wait_until_loaded()

    def wait_until_loaded(self) -> None:
        """Until nothing on the page says that it is loading, and goes on saying nothing for a while."""
        for _ in range(2):
            self.page.wait_for_function("() => !document.body.innerText.includes('Loading')")
            self.page.wait_for_timeout(SETTLED)

    def launch(self, job: str, keys: str = "") -> str:
        """Materialises the assets of a job, as its page offers it; the words of the UI when it is launched.

        Args:
            job: Name of the job.
            keys: A partition's key, or a range `[FIRST...LAST]`; empty where there are no partitions.
        """
        self.go(JOB.format(name=job))
        self.page.locator(f"button:has-text('Materialize all{'…' if keys else ''}')").click()
        if keys:
            self._choose(keys)
        done = self.page.get_by_text(re.compile("Launched run|Created backfill|Launched backfill")).first
        done.wait_for()
        return done.inner_text()

    def _choose(self, keys: str) -> None:
        dialog = self.page.get_by_role("dialog")
        dialog.wait_for()
        # Of more than 90 days of partitions only the last 90 are offered.
        dialog.get_by_text("Show all partitions").click()
        self.page.wait_for_function(f"() => document.querySelector('{FIELD}')?.placeholder.startsWith('ex:')")
        field = dialog.locator("input[type=text]").first
        field.fill(keys)
        field.press("Enter")
        dialog.locator("button:has-text('Launch'):not([disabled])").last.click()

    def open_asset(self, name: str) -> None:
        """The page of an asset."""
        self.go(f"/assets/{name}?view=overview")
        self.page.get_by_text("Latest materialization").first.wait_for()

    def show_picture(self) -> tuple[int, int]:
        """Opens the first picture in the metadata of an asset's page; its width and height, pixels."""
        self.page.get_by_text("[Show Markdown]").first.click()
        picture = self.page.get_by_role("dialog").locator("img")
        picture.wait_for()
        self.page.wait_for_function("() => document.querySelector('[role=dialog] img').complete")
        return picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")

    def take(self, path: Path) -> None:
        """A picture of the page."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)


@contextmanager
def open_browser(
    port: int, size: tuple[int, int] = (1500, 900), scale: float = 1.0, seconds: float = 60.0
) -> Iterator[Browser]:
    """Chromium without a window.

    Args:
        port: Of the Dagster web server.
        size: Width and height of the page, CSS pixels.
        scale: Pixels of a picture for each of them.
        seconds: How long each step may take.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        page = chromium.new_page(
            viewport={"width": size[0], "height": size[1]}, device_scale_factor=scale, timezone_id="UTC"
        )
        page.set_default_timeout(1000 * seconds)
        yield Browser(page, port)
        chromium.close()


def wait_for_runs(port: int, count: int = 1, seconds: float = 120.0) -> list[dict]:
    """The runs, once there are so many and all have ended, the newest first."""
    deadline = time.monotonic() + seconds
    runs: list[dict] = []
    while time.monotonic() < deadline:
        runs = graphql(port, RUNS)["runsOrError"]["results"]
        if len(runs) >= count and all(run["status"] in FINISHED for run in runs):
            return runs
        time.sleep(0.3)
    raise TimeoutError(f"{runs}")


def wait_for_backfill(port: int, seconds: float = 300.0) -> str:
    """The id of the latest backfill, once it has ended well."""
    deadline = time.monotonic() + seconds
    found: list[dict] = []
    while time.monotonic() < deadline:
        found = graphql(port, BACKFILLS)["partitionBackfillsOrError"]["results"]
        if found and found[0]["status"] == "COMPLETED_SUCCESS":
            return found[0]["id"]
        time.sleep(1)
    raise TimeoutError(f"{found}")
