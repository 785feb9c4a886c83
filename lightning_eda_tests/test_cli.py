"""Mistakes of the command line are one line, and where to look on."""

from pathlib import Path

import pytest

from lightning_eda.cli import main
from lightning_eda.cli.demo import ui_command

SIMULATE = ["simulate", "--hour", "2022-12-31T05", "--granules", "1"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--flashes", "-1"], "flashes: found -1.0; allowed: a number from 0"),
        (["--flashes", "nan"], "flashes: found nan; allowed: a number from 0"),
        (["--flashes", "inf"], "flashes: found inf; allowed: a number from 0"),
        (["--hours", "0"], "hours: found 0; allowed: a whole number from 1"),
        (["--hours", "-1"], "hours: found -1; allowed: a whole number from 1"),
        (["--granules", "0"], "granules: found 0; allowed: a whole number from 1 to 180"),
    ],
)
def test_a_number_that_is_not_allowed_is_refused(tmp_path, capsys, options, words):
    """Nothing is written."""
    assert main([*SIMULATE, *options, str(tmp_path / "archive")]) == 1
    assert capsys.readouterr().err.startswith(f"lightning-eda: {words}")
    assert not (tmp_path / "archive").exists()


def test_no_flashes_are_allowed(tmp_path):
    """Quiet granules."""
    assert main([*SIMULATE, "--flashes", "0", str(tmp_path)]) == 0


def test_the_ui_is_told_what_to_load_where_no_file_says_so(tmp_path):
    """By dg.toml where it is."""
    assert ui_command(tmp_path).endswith("/dg dev -m lightning_eda.definitions")
    (tmp_path / "dg.toml").touch()
    assert ui_command(tmp_path).endswith("/dg dev")
    assert Path(ui_command(tmp_path).split()[0]).exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, capsys):
    """A file stands where the folder must be."""
    (tmp_path / "file").write_bytes(b"")
    assert main(["simulate", str(tmp_path / "file" / "archive"), "--hour", "2022-12-31T05"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("lightning-eda: ")
    assert "file" in printed
    assert "Traceback" not in printed
