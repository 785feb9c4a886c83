"""A local archive that counts what is read from it."""

from pathlib import Path

from lightning_eda.storage.folder import FolderStore


class Archive:
    """A folder with the bucket's layout that counts the reads from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir()
        self.reads: list[str] = []

    def put(self, objects: dict[str, bytes]) -> None:
        for key, data in objects.items():
            path = self.root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def store(self) -> FolderStore:
        archive = self

        class CountingStore(FolderStore):
            def read_object(self, key: str) -> bytes:
                archive.reads.append(key)
                return super().read_object(key)

        return CountingStore(self.root)


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
