"""Which objects of a listing are the granules of an hour; no name leads out of its folder."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.glm.extract.source import choose, fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda_tests.glm.archive import Archive, tree
from lightning_eda_tests.glm.hour_objects import (
    HOUR,
    PREFIX,
    granule_bytes,
    granule_file,
)


class ListedStore:
    """A store whose listing is given, whatever it says; every object has the same bytes."""

    request_count = 0

    def __init__(self, keys: list[str]) -> None:
        self.keys = keys

    def list_objects(self, prefix: str) -> Iterator[ObjectInfo]:  # noqa: ARG002
        return (info(key, size=len(granule_bytes(1))) for key in self.keys)

    def read_object(self, key: str) -> bytes:  # noqa: ARG002
        return granule_bytes(1)

    def expected_md5(self, info: ObjectInfo) -> str | None:  # noqa: ARG002
        return None

    def url(self, key: str) -> str:
        return key

    def describe(self) -> str:
        return "a given listing"


def info(key: str, size: int = 10, etag: str = "e") -> ObjectInfo:
    return ObjectInfo(key, size, etag, datetime(2023, 1, 1, tzinfo=UTC))


def test_the_newest_creation_wins_per_satellite_and_start():
    """Two files of one start cannot both be rows; another satellite's file of the same start is its own."""
    old, new = granule_file(3), granule_file(3, created_s=400)
    longer = new.replace("_e20223650501200", "_e20223650501205")
    other = granule_file(3, "G16")
    assert longer != new
    choice = choose([info(PREFIX + name) for name in (new, old, other)], PREFIX, HOUR)
    assert [i.key for i in choice.objects] == [PREFIX + other, PREFIX + new]
    assert (choice.unrecognised, choice.superseded) == (0, 1)
    for order in ((new, longer, old), (old, longer, new)):
        choice = choose([info(PREFIX + name) for name in order], PREFIX, HOUR)
        assert [i.key for i in choice.objects] == [PREFIX + longer]
        assert choice.superseded == 2


HOSTILE = [
    "../../escape.nc",
    f"../../{granule_file(0)}",
    f"/{granule_file(0)}",
    f"sub/{granule_file(0)}",
    f"..\\{granule_file(0)}",
    f"{granule_file(0)}\n",
    f"{granule_file(0)}\0",
    f" {granule_file(0)}",
    granule_file(0).replace("G18", "G15"),
    granule_file(0).replace("s20223650500000", "s20223670500000"),
    granule_file(0, hour=HOUR.replace(hour=6)),
    "index.html",
    "",
]


def test_only_names_of_granules_that_start_in_the_hour_are_chosen():
    """Folders, dots, line ends, other hours and impossible days are counted; a folder mark is not."""
    choice = choose([info(PREFIX + name) for name in HOSTILE], PREFIX, HOUR)
    assert choice.objects == ()
    assert choice.unrecognised == len(HOSTILE) - 1


def test_hostile_names_never_write_outside_the_hour(folders: HourFolders, tmp_path: Path):
    """Whatever a listing says, only the one good name is written, in its folder."""
    keys = [PREFIX + name for name in HOSTILE] + ["/etc/x.nc", "../x.nc", PREFIX + granule_file(1)]
    extraction = fetch_hour(ListedStore(keys), folders)
    place = folders.extract.relative_to(tmp_path).as_posix()
    assert tree(tmp_path) == [f"{place}/{granule_file(1)}", f"{place}/extract.json"]
    assert (extraction.found, extraction.unrecognised) == (1, len(HOSTILE) - 1 + 2)


def test_hostile_file_names_in_a_folder_stay_there(archive: Archive, folders: HourFolders, tmp_path: Path):
    """A line end or a backslash in a real file's name makes it no granule."""
    names = [f"{granule_file(0)}\n", f"..\\..\\{granule_file(0)}", f"-{granule_file(0)}", granule_file(1)]
    archive.put({PREFIX + name: granule_bytes(1) for name in names})
    extraction = fetch_hour(archive.store(), folders)
    assert (extraction.found, extraction.unrecognised) == (1, 3)
    assert tree(tmp_path / "data") == [
        (folders.extract / name).relative_to(tmp_path / "data").as_posix()
        for name in (granule_file(1), "extract.json")
    ]
