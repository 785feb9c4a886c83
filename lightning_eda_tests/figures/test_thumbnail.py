"""The picture for Dagster metadata stays under its size."""

import io

import numpy as np
import pytest
from PIL import Image

from lightning_eda.figures import render_cluster_map, thumbnail
from lightning_eda.figures.palette import look
from lightning_eda_tests.figures.conftest import near, pixels
from lightning_eda_tests.figures.storms import storm_scene


def test_map_becomes_small_and_stays_readable():
    """The busiest map ends under 100 kB, at least 500 pixels wide, with its colours."""
    small = thumbnail(render_cluster_map(storm_scene(23, 20_000)))
    assert len(small) < 100_000
    image = pixels(small)
    assert image.shape[1] >= 500
    for label in range(7):
        assert near(image, look(label).color, 60).sum() > 20


def test_noise_is_shrunk_until_it_fits():
    """A picture of noise is made narrower until it fits; when nothing fits, that is an error."""
    noise = np.random.default_rng(4).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    small = thumbnail(stream.getvalue(), max_bytes=10_000)
    assert len(small) < 10_000
    assert 64 <= pixels(small).shape[1] < 160
    with pytest.raises(ValueError, match="no thumbnail below 50 bytes"):
        thumbnail(stream.getvalue(), max_bytes=50)


def test_small_pictures_are_not_enlarged():
    """A picture narrower than the limit keeps its width; the same picture gives the same bytes."""
    stream = io.BytesIO()
    Image.new("RGB", (120, 80), "#1F57E0").save(stream, "PNG")
    assert pixels(thumbnail(stream.getvalue())).shape == (80, 120, 3)
    assert thumbnail(stream.getvalue()) == thumbnail(stream.getvalue())
