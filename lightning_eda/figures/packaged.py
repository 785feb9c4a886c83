"""Text files that come with this package: the coastlines, and the pages and scripts of the HTML figures."""

from importlib.resources import files


def packaged_text(name: str) -> str:
    """The text of a file, by its path inside this package, for example "page/report.css"."""
    return files("lightning_eda.figures").joinpath(*name.split("/")).read_text("utf-8")
