"""Clusters can be told apart with and without colour."""

from itertools import pairwise

import numpy as np
import pytest

from lightning_eda.figures.globe.basemap import LAND, SEA
from lightning_eda.figures.palette import COLORS, MARKS, look, luminance

# Source: Machado, Oliveira and Fernandes 2009, severity 1.0, for linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
D65 = np.array([0.95047, 1.0, 1.08883])
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def seen_lab(colors: list[str], sight: str) -> np.ndarray:
    """Colours as CIELAB, as seen with one kind of sight."""
    srgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colors])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ SIGHT[sight].T, 0, 1) @ TO_XYZ.T / D65
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


@pytest.mark.parametrize("sight", SIGHT)
def test_all_colours_stay_apart(sight):
    """Any two colours differ by 25 CIE76 units or more (2.3 can just be seen) for each kind of sight."""
    lab = seen_lab(list(COLORS), sight)
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    assert distance[np.triu_indices(len(COLORS), 1)].min() >= 25


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_stand_out_from_the_map(sight):
    """Every colour differs from land and sea by 25 units or more for each kind of sight."""
    lab, ground = seen_lab(list(COLORS), sight), seen_lab([LAND, SEA], sight)
    assert np.linalg.norm(lab[:, None] - ground[None], axis=-1).min() >= 25


def test_no_two_of_28_clusters_look_the_same():
    """28 labels have 28 pairs of colour and mark, and neighbours in rank never share a colour."""
    looks = [(look(label).color, look(label).mark) for label in range(28)]
    assert len(set(looks)) == 28
    assert all(a[0] != b[0] for a, b in pairwise(looks))
    assert len(MARKS) * len(COLORS) == 28


def test_numbers_read_on_their_colour():
    """The number on a centre has a contrast of 4 to 1 or better with its disc."""
    for label in range(len(COLORS)):
        style = look(label)
        light, dark = sorted([luminance(style.color), luminance(style.text_color)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.0


def test_points_without_a_cluster_are_grey():
    """Label -1 has a colour of its own, without hue."""
    color = look(-1).color
    parts = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    assert max(parts) - min(parts) < 20
    assert color not in COLORS
