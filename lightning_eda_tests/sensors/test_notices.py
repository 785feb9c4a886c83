"""Lines in a file and at a web hook; a hook that answers is in `test_failure_sensor`."""

from pathlib import Path

import pytest

from lightning_eda.errors import SettingError, TransferError
from lightning_eda.sensors.notices import append_line, post_text


def test_lines_are_added_in_a_new_folder(tmp_path: Path) -> None:
    """As UTF-8, one after the other."""
    path = tmp_path / "a" / "notes.log"
    append_line(path, "föhn")
    append_line(path, "雷")
    assert path.read_bytes().decode() == "föhn\n雷\n"


@pytest.mark.parametrize(
    "url", ["", "hooks.example/secret", "ftp://hooks.example/secret", "https:///secret", "http://[secret"]
)
def test_what_is_no_web_address_is_a_mistake_in_the_setting(url: str) -> None:
    """The error names the setting and what it may be, and not the address, since that is a secret."""
    with pytest.raises(SettingError, match=r"HOOK: .*begins with https:// or http://") as caught:
        post_text(url, "hello", "HOOK")
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_named() -> None:
    """Without the rest of the address."""
    with pytest.raises(TransferError, match=r"HOOK: 127\.0\.0\.1:1 could not be told") as caught:
        post_text("http://me:secret@127.0.0.1:1/secret", "hello", "HOOK")
    assert "secret" not in str(caught.value)
