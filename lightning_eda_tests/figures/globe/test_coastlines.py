"""The packaged coastlines, and the script that reduces them."""

import json

import numpy as np
import pytest

from lightning_eda.figures.data.make_coastlines import main, simplify
from lightning_eda.figures.globe.coastlines import load_background, rings
from lightning_eda.figures.packaged import packaged_text


def test_file_is_small_and_says_where_it_is_from():
    """The file is under 300 kB and names Natural Earth and its licence, as does the page beside it."""
    text = packaged_text("data/coastlines.json")
    assert len(text) < 300_000
    origin = json.loads(text)["origin"]
    assert "Natural Earth" in origin
    assert "public domain" in origin
    assert "public domain" in packaged_text("data/README.md")


def test_background_covers_the_globe():
    """Shores reach all continents, and borders are there."""
    background = load_background()
    assert np.nanmin(background.coasts.lat) < -70
    assert np.nanmax(background.coasts.lat) > 80
    assert len(rings(background.land)) > 1000
    assert np.isfinite(background.borders.lat).sum() > 5000


@pytest.mark.parametrize("name", ["coasts", "borders", "land"])
def test_no_line_jumps(name):
    """No step of a line is longer than a degree either way: parallels bend, and none crosses the map."""
    lines = getattr(load_background(), name)
    with np.errstate(invalid="ignore"):
        steps = np.maximum(np.abs(np.diff(lines.lon)), np.abs(np.diff(lines.lat)))
    assert np.nanmax(steps) < 1.0 + 1e-9


def test_no_shore_follows_the_antimeridian():
    """No side of a shore runs along 180 degrees: land that was cut there is whole."""
    coasts = load_background().coasts
    on = np.abs(coasts.lon) % 360 == 180
    assert not (on[:-1] & on[1:]).any()


def test_rings_close_with_land_on_the_right():
    """Rings end where they begin (once around the globe for Antarctica), and Australia runs clockwise."""
    for ring in rings(load_background().land):
        assert ring.lat[0] == pytest.approx(ring.lat[-1], abs=1e-6)
        assert abs(ring.lon[0] - ring.lon[-1]) in (0.0, 360.0)
    australia = next(
        r for r in rings(load_background().land)
        if 112 < r.lon.min() < 114 and 153 < r.lon.max() < 155 and len(r.lat) > 200
    )  # fmt: skip
    area = np.sum(australia.lon[:-1] * australia.lat[1:] - australia.lon[1:] * australia.lat[:-1])
    assert area < 0


def test_coarser_keeps_ends_and_gaps():
    """A coarser line has fewer points, all of them from the fine one, and as many gaps."""
    fine = load_background().coasts
    coarse = fine.coarser(0.5)
    assert len(coarse.lat) < len(fine.lat) * 0.6
    assert set(coarse.lon[np.isfinite(coarse.lon)]) <= set(fine.lon[np.isfinite(fine.lon)])
    assert np.isnan(coarse.lat).sum() == np.isnan(fine.lat).sum()


def test_simplify_stays_within_its_tolerance():
    """Every dropped point is within the tolerance of the kept line."""
    random = np.random.default_rng(2)
    line = np.column_stack([np.linspace(0, 10, 500), np.cumsum(random.normal(0, 0.02, 500))])
    kept = simplify(line, 0.1)
    assert 2 < len(kept) < 250
    height = np.interp(line[:, 0], kept[:, 0], kept[:, 1])
    assert np.abs(height - line[:, 1]).max() < 0.25
    assert (kept[0] == line[0]).all()
    assert (kept[-1] == line[-1]).all()


def test_script_reduces_a_topology(tmp_path):
    """Two countries that share an arc give one ring of land and one border; a tiny island is left out."""
    topology = {
        "transform": {"scale": [0.01, 0.01], "translate": [0, 0]},
        "arcs": [
            [[0, 0], [0, 1000]],
            [[0, 1000], [-500, 0], [0, -1000], [500, 0]],
            [[0, 1000], [500, 0], [0, -1000], [-500, 0]],
            [[3000, 0], [2, 0], [0, 2], [-2, -2]],
        ],
        "objects": {
            "countries": {
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 2]]},
                    {"type": "Polygon", "arcs": [[-1, 1]]},
                    {"type": "MultiPolygon", "arcs": [[[3]]]},
                ]
            },
            "land": {"geometries": [{"type": "MultiPolygon", "arcs": [[[1, 2]], [[3]]]}]},
        },
    }
    (tmp_path / "in.json").write_text(json.dumps(topology))
    main(tmp_path / "in.json", tmp_path / "out.json")
    made = json.loads((tmp_path / "out.json").read_text())
    assert made["arcs"][0] == [0, 0, 0, 1000]
    assert len(made["arcs"]) == 3
    assert made["rings"] == [[1, 2]]
    assert made["borders"] == [0]
