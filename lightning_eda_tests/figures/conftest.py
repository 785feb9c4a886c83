"""A headless browser without a network, and a way to read pictures."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SOFTWARE_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_WEBGL = ["--disable-3d-apis", "--disable-gpu"]


def pixels(picture: bytes) -> np.ndarray:
    """A picture as (height, width, 3) numbers from 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def drawn(render: Callable[..., object], *arguments: object, **options: object) -> Any:
    """The matplotlib figure that a function makes a picture of, to be asked what is drawn where."""
    module, figures = sys.modules[render.__module__], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "picture", lambda figure, *_, **__: figures.append(figure) or b"")
        render(*arguments, **options)
    (figure,) = figures
    return figure


def written(figure: Any) -> list[str]:
    """All texts of a figure and its axes."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def payload(page: str) -> dict[str, Any]:
    """What a page with an interactive map gives to its script."""
    (text,) = re.findall(r'<script type="application/json" id="figure">(.*?)</script>', page, re.DOTALL)
    return dict(json.loads(text))


def near(image: np.ndarray, color: str, tolerance: int = 40) -> np.ndarray:
    """Where a picture has a colour "#RRGGBB", or nearly so."""
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return np.abs(image - wanted).max(axis=-1) <= tolerance


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    """Playwright, or a skip where it or Chromium is absent.

    Ended with the module: its event loop would seem to run in all later tests of the process, Dagster's too.
    """
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not any(shutil.which(name) for name in CHROMIUM):
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with api.sync_playwright() as running:
        yield running


def launch(playwright: Any, flags: list[str]) -> Any:
    """A headless Chromium."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


class Visit:
    """A page opened from disk with the network cut, and everything it complained of or asked for."""

    def __init__(self, browser: Any, path: Any) -> None:
        self.errors: list[str] = []
        self.requests: list[str] = []
        context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def outside_requests(self) -> list[str]:
        """The addresses asked for that are neither this file nor part of it."""
        return [url for url in self.requests[1:] if not url.startswith(("data:", "blob:"))]
