"""The look shared by all still pictures, and their way to bytes.

Figures are built with matplotlib's object interface on an Agg canvas: there is no pyplot, so no state is
shared between runs in one process, and no window system is asked for.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patheffects import AbstractPathEffect

INK = "#1B2430"
SOFT_INK = "#5B6675"
RULE = "#D5DBE3"
PAPER = "#FFFFFF"
ACCENT = "#1F57E0"
SECOND = "#B5121B"

ImageFormat = Literal["png", "svg"]


def new_figure(width: float, height: float, dpi: int = 150) -> "Figure":
    """An empty figure on an Agg canvas; width and height in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def picture(figure: "Figure", image_format: ImageFormat = "png", words: str | None = None) -> bytes:
    """The bytes of a figure; the same figure gives the same bytes: no date is written and ids are fixed.

    Args:
        figure: The figure.
        image_format: Of the bytes.
        words: What it shows, kept in a PNG for `described`.
    """
    import matplotlib as mpl

    stream = io.BytesIO()
    metadata = (
        {"Software": None, "Description": words} if image_format == "png" else {"Date": None, "Creator": None}
    )
    with mpl.rc_context({"svg.hashsalt": "lightning_eda", "svg.fonttype": "path"}):
        figure.savefig(stream, format=image_format, metadata=metadata, facecolor=PAPER)
    return stream.getvalue()


def described(png: bytes) -> str | None:
    """What a PNG of `picture` shows, in words; None where it does not say."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return image.info.get("Description")


def heading(figure: "Figure", title: str, subtitle: str, left: float = 0.045) -> None:
    """A title and a line below it, at the upper left.

    Dollar signs stay dollar signs: titles hold names given by users, not formulas.
    """
    top, drop = 0.965, 0.30 / figure.get_figheight()
    title_text = figure.text(left, top, title, size=17, weight="bold", color=INK, va="top")
    under_text = figure.text(left, top - drop, subtitle, size=11, color=SOFT_INK, va="top")
    title_text.set_parse_math(False)
    under_text.set_parse_math(False)


def plain_axes(axes: "Axes") -> None:
    """Axes with two thin spines and a light horizontal grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)
    axes.tick_params(colors=SOFT_INK, labelsize=9, length=3)
    axes.grid(axis="y", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def notice(axes: "Axes", headline: str, detail: str) -> None:
    """A sentence in the middle of axes that have nothing to draw."""
    axes.text(0.5, 0.54, headline, transform=axes.transAxes, ha="center", size=20, weight="bold", color=INK)
    axes.text(0.5, 0.46, detail, transform=axes.transAxes, ha="center", va="top", size=11.5, color=SOFT_INK)


def halo() -> list["AbstractPathEffect"]:
    """A white edge that keeps text readable on points."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.5, foreground="#FFFFFF")]


def nice_step(span: float, most: int, steps: Sequence[float]) -> float:
    """The smallest of the steps that parts a span into at most so many pieces; else the largest."""
    return next((step for step in steps if span / step <= most), steps[-1])


def thumbnail(png: bytes, max_bytes: int = 100_000, width: int = 900) -> bytes:
    """A picture small enough to be held inside Dagster metadata.

    Args:
        png: A PNG.
        max_bytes: The size not to reach.
        width: The width to begin with, pixels; narrower ones are tried until the size fits.

    Returns:
        A PNG of up to 128 colours.

    Raises:
        ValueError: Even 64 pixels are too many.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png)) as opened:
        full = opened.convert("RGB")
    width = min(width, full.width)
    while width >= 64:
        small = full.resize(
            (width, max(1, round(full.height * width / full.width))), Image.Resampling.LANCZOS
        )
        stream = io.BytesIO()
        palette = small.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        palette.save(stream, "PNG")  # "optimize" takes six times as long for 2 % fewer bytes
        if stream.tell() < max_bytes:
            return stream.getvalue()
        width = width * 4 // 5
    raise ValueError(f"no thumbnail below {max_bytes} bytes")
