"""Colours, marks and numbers that tell up to 28 clusters apart, also without colour.

Seven colours are as many as stay clearly apart for normal sight and for protanopia, deuteranopia and
tritanopia alike (smallest CIE76 difference 30, checked by the tests with the matrices of Machado et al.
2009). So the colours go round, and each round has its own mark; the label number is drawn at every centre.
"""

from dataclasses import dataclass

COLORS = ("#1F57E0", "#F59A0C", "#B5121B", "#12BE93", "#4B1F82", "#C79BF2", "#6B1D36")
"""In the order of use: neighbours in rank differ most."""

NO_CLUSTER_COLOR = "#8A8F98"


@dataclass(frozen=True)
class Mark:
    """A mark under its two names.

    Attributes:
        matplotlib: For the printed map.
        plotly: For the interactive map.
        glyph: For text.
    """

    matplotlib: str
    plotly: str
    glyph: str


MARKS = (
    Mark("o", "circle", "●"),
    Mark("^", "triangle-up", "▲"),
    Mark("s", "square", "■"),
    Mark("X", "x", "✖"),
)


@dataclass(frozen=True)
class Look:
    """How one cluster is drawn.

    Attributes:
        color: "#RRGGBB".
        mark: The mark of its points.
        text_color: Black or white, whichever reads better on the colour.
    """

    color: str
    mark: Mark
    text_color: str


def look(label: int) -> Look:
    """The look of a label; the same label always looks the same, and -1 is a grey dot."""
    if label < 0:
        return Look(NO_CLUSTER_COLOR, MARKS[0], "#000000")
    color = COLORS[label % len(COLORS)]
    mark = MARKS[label // len(COLORS) % len(MARKS)]
    return Look(color, mark, "#FFFFFF" if luminance(color) < 0.25 else "#000000")


def luminance(color: str) -> float:
    """The relative luminance of "#RRGGBB", 0 to 1.

    Source: WCAG 2.1, relative luminance.
    """
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
