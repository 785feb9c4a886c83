"""The resource of distance clustering and of storm cells."""

from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from lightning_eda.resources.aws import AwsResource
from lightning_eda.resources.variables import following, settings_of
from lightning_eda.settings import DistanceSettings, parse_required
from lightning_eda.storage.object_store import ObjectStore
from lightning_eda.storage.places import open_store

LONGEST_PART = 200  # a file system takes 255 bytes


@following(DistanceSettings, {})
class DistancesResource(AwsResource):
    """Where distances come from, where clusters go, how to cluster; null in a field follows its variable."""

    variables: ClassVar[DistanceSettings] = DistanceSettings()

    def settings(self) -> DistanceSettings:
        """The settings as texts, unchecked: a field that is left out follows its variable."""
        return settings_of(self, self.variables, {})

    def store(self) -> ObjectStore:
        """The bucket, or the folder that stands in for it; SettingError when BUCKET is not set."""
        bucket = parse_required(
            self.settings().bucket,
            "BUCKET",
            "the name of a bucket, or a local folder with a slash: ./mybucket",
        )
        return open_store(bucket, "BUCKET", self.access())

    def graph_folder(self, data_folder: Path, day: date) -> Path:
        """Where a day's graph is kept: apart for each bucket and folder, so none is taken for another."""
        settings = self.settings()
        bucket, folder = settings.bucket or "", (settings.input_folder or "").strip("/")
        return data_folder / "distances" / _path_part(bucket) / _path_part(folder) / f"day={day}"

    def storm_store(self, data_folder: Path) -> ObjectStore:
        """The bucket of the storm cells: BUCKET, or the folder `bucket` in the data folder."""
        bucket = self.settings().bucket or f"{data_folder}/bucket"
        return open_store(bucket, "BUCKET", self.access())


def _path_part(text: str) -> str:
    """A text as one part of a path: two that differ give two parts, and none leads elsewhere."""
    part = quote(text, safe="")
    if not part.strip("."):
        return part.replace(".", "%2E")
    if len(part) > LONGEST_PART:
        return f"{part[:LONGEST_PART]}~{sha256(text.encode()).hexdigest()[:16]}"
    return part
