"""Tests of what a user may not do, where the superuser may do everything."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65_534
needs_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no user ids on this system")


@contextmanager
def unprivileged() -> Iterator[None]:
    """The superuser may read and write everywhere, so the body runs as nobody then."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


@contextmanager
def public_folder() -> Iterator[Path]:
    """A new folder that everybody may enter, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        yield folder


@contextmanager
def with_mode(path: Path, mode: int) -> Iterator[None]:
    """A folder with other rights for a while."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(before)
