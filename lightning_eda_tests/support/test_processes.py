"""The processes that tests start."""

import os
from pathlib import Path

import pytest

from lightning_eda_tests.support.processes import new_process

NAME = "WORD_OF_A_TEST"


def write_word(path: Path) -> None:
    path.write_text(os.environ.get(NAME, "none"))


@pytest.mark.parametrize("word", ["first", "second"])
def test_a_process_has_the_environment_of_its_test(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when another test, with another environment, was the first to need one."""
    monkeypatch.setenv(NAME, word)
    process = new_process(write_word, tmp_path / "word")
    process.start()
    process.join(60)
    assert (tmp_path / "word").read_text() == word
