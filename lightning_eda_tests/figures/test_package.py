"""The package draws without a network, without pyplot, and costs nothing to import."""

import socket
import subprocess
import sys

import pytest

from lightning_eda import figures
from lightning_eda_tests.figures.storms import evaluation, storm_scene


def test_everything_is_drawn_with_sockets_blocked(monkeypatch):
    """No figure opens a socket or looks up a name."""

    def refuse(*_, **__):
        raise AssertionError("a figure asked for the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    scene = storm_scene(3, 100, hours=2)
    png = figures.render_cluster_map(scene)
    assert figures.thumbnail(png)
    assert figures.render_curves(evaluation())
    assert figures.render_interactive_map(scene)
    assert figures.render_animation(scene)
    assert figures.render_report(scene, evaluation(), map_png=png)


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import lightning_eda.figures", ["matplotlib", "plotly", "PIL", "scipy", "sklearn"]),
        (
            "from lightning_eda.figures import render_cluster_map\n"
            "from lightning_eda_tests.figures.storms import storm_scene\n"
            "render_cluster_map(storm_scene(2, 20))",
            ["matplotlib.pyplot", "plotly", "duckdb", "dagster"],
        ),
    ],
)
def test_heavy_libraries_wait(code, absent):
    """Importing loads no drawing library; drawing a map loads neither pyplot nor plotly."""
    check = f"{code}\nimport sys\nsys.exit(', '.join(set({absent!r}) & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
