"""Makes the pictures of this folder from real runs, in a real browser, by the steps of the browser test.

python -m screenshot.make_pictures      # from the project's folder; needs Chromium
"""

import csv
import tempfile
from datetime import date, timedelta
from pathlib import Path

from lightning_eda.cli.demo import DEMO_FLASHES_PER_GRANULE, DEMO_HOUR, DEMO_SATELLITE, DEMO_SEED
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda_tests.end_to_end.browser import Browser, open_browser, wait_for_backfill, wait_for_runs
from lightning_eda_tests.end_to_end.commands import command, dagster_dev, project_folder

HERE = Path(__file__).parent
MAX_BYTES = 500_000
WIDTH = 1200
HOURS = 4
DAY = DEMO_HOUR.date()
VARIABLES = {
    "GLM_ARCHIVE_DIR": "archive",
    "S3_BUCKET": f"noaa-goes{DEMO_SATELLITE[1:]}",
    "BUCKET": "./data/bucket",
    "INPUT_FOLDER": "flash_pairs",
    "OUTPUT_FOLDER": "clusters",
    "MAX_RECORDS": "0",
    "EPSILON": "12",
    "CSV_BUCKET_SRC": "./data/bucket",
    "CSV_PREFIX": "incoming/",
    "CSV_SUBSTR": "orders",
    "CSV_BUCKET_DSTN": "./data/bucket",
    "CSV_PATHOUTPUT": "tables/orders",
}


def main() -> None:
    """Runs all three systems in a folder of its own, and looks at them."""
    with tempfile.TemporaryDirectory(prefix="lightning-eda-") as place:
        folder = project_folder(Path(place) / "project")
        write_inputs(folder)
        with dagster_dev(folder, **VARIABLES) as port:
            run_everything(folder, port)
            with open_browser(port, (1600, 1050), scale=1.1) as browser:
                picture_pages(browser)
            with open_browser(port, (2900, 2200)) as browser:
                browser.go("/asset-groups")
                browser.page.get_by_text("Hide navigation").click()
                browser.open_graph("extract", "storm_page", "parquet_table", "cluster_map")
                keep(browser, "pipeline/eda_sda_pipe.png")
            with open_browser(port, (1400, 860)) as browser:
                picture_storms(browser, folder)
        midnight = DEMO_HOUR.replace(hour=0)
        hour = WindowFolders(folder / "data", DEMO_HOUR, DEMO_HOUR + timedelta(hours=1)).figures
        day = WindowFolders(folder / "data", midnight, midnight + timedelta(days=1)).figures
        keep_map(hour / "map.png", "cluster_map.png")
        keep_map(hour / f"density_{DEMO_SATELLITE}.png", "density.png")
        keep_map(hour / "curves.png", "curves.png")
        keep_map(day / "storm_cells.png", "storm_cells.png")


def write_inputs(folder: Path) -> None:
    """Simulated granules of the demo hour and the hours before it, and a CSV of the day."""
    activity = Activity(flashes_per_granule=DEMO_FLASHES_PER_GRANULE)
    for back in range(HOURS):
        hour = DEMO_HOUR - timedelta(hours=back)
        simulate_hour(folder / "archive", DEMO_SATELLITE, hour, DEMO_SEED, activity=activity)
    orders = folder / "data" / "bucket" / "incoming" / f"{DAY:%Y%m%d}_orders.csv"
    orders.parent.mkdir(parents=True)
    with orders.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "name", "amount"])
        rows.writerows([number, f"order {number}", f"{number * 1.25:.2f}"] for number in range(1000))


def run_everything(folder: Path, port: int) -> None:
    """The demo hour and a backfill as people click them; the two daily systems by command."""
    with open_browser(port) as browser:
        browser.launch("lightning", f"{DEMO_HOUR:%Y-%m-%d-%H:00}")
        wait_for_runs(port)
        first = DEMO_HOUR - timedelta(hours=HOURS - 1)
        browser.launch("lightning", f"[{first:%Y-%m-%d-%H:00}...{DEMO_HOUR:%Y-%m-%d-%H:00}]")
        backfill = wait_for_backfill(port)
        browser.page.set_viewport_size({"width": 1400, "height": 560})
        browser.go(f"/runs/b/{backfill}")
        browser.page.get_by_text("100% completed").wait_for()
        browser.page.wait_for_timeout(1500)
        keep(browser, "pipeline/backfill.png")
        browser.launch("lightning", f"{DEMO_HOUR:%Y-%m-%d-%H:00}")
        wait_for_runs(port)
    for groups in ("group:storm_cells", "group:distance_clustering", "group:s3_tables"):
        materialize(folder, groups, DAY)


def materialize(folder: Path, selection: str, day: date) -> None:
    """A day, as typed."""
    words = ("--select", selection, "-m", "lightning_eda.definitions", "--partition", f"{day}")
    command("dagster", "asset", "materialize", *words, cwd=folder, **VARIABLES)


def picture_pages(browser: Browser) -> None:
    """An asset's page, and the map on another's."""
    browser.open_asset("load")
    browser.page.get_by_text("Counter of the instrument; starts again at 0 within hours").first.wait_for()
    browser.page.wait_for_timeout(2500)
    keep(browser, "pipeline/asset.png")
    browser.open_asset("cluster_map")
    browser.page.wait_for_timeout(2500)
    browser.show_picture()
    keep(browser, "pipeline/map.png")


def picture_storms(browser: Browser, folder: Path) -> None:
    """The storm page, at the liveliest moment of its largest storm."""
    (page,) = folder.rglob("storms.html")
    browser.page.goto(page.as_uri())
    browser.page.wait_for_selector("body[data-ready]")
    browser.page.locator("#list button").first.click()
    browser.page.locator("#curve").click(position={"x": 170, "y": 60})
    for _ in range(3):
        browser.page.get_by_label("Zoom in").click()
    browser.page.wait_for_timeout(500)
    keep(browser, "maps/storms.png")


def keep_map(source: Path, name: str) -> None:
    """A picture that the assets made, for this folder."""
    save(source, f"maps/{name}", WIDTH)


def keep(browser: Browser, name: str) -> None:
    """The page as a picture of this folder."""
    browser.take(HERE / name)
    save(HERE / name, name)


def save(source: Path, name: str, width: int | None = None) -> None:
    """A picture as small as it goes without loss of colour; SystemExit when that is too large for git."""
    from PIL import Image

    path = HERE / name
    with Image.open(source) as opened:
        image = opened.convert("RGB")
    if width is not None:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    image.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{path} has {path.stat().st_size:,} bytes: take it at a smaller scale")


if __name__ == "__main__":
    main()
