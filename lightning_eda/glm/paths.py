"""Where the files of an hour lie in the data folder.

<data>/extract/<bucket>/<YYYY>/<DDD>/<HH>/      granules as fetched, and extract.json
<data>/transform/<bucket>/<YYYY>/<DDD>/<HH>/    one CSV per tier, granules.csv, and series.json
<data>/quarantine/<bucket>/<YYYY>/<DDD>/<HH>/   files that cannot be trusted, each with its reason
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from lightning_eda.errors import SettingError

ALIAS = "An access point is named by its alias, as the AWS console shows it."
BUCKET_PATTERN = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class HourFolders:
    """The folders of one hour of one bucket; none of them is made by asking for it.

    Args:
        data_dir: The data folder.
        bucket: Name of the bucket the granules come from (a folder that stands in for it keeps its name).
        hour: Start of the hour, UTC.

    Raises:
        SettingError: The bucket is not a bucket name, so it could lead out of the data folder.
    """

    data_dir: Path
    bucket: str
    hour: datetime

    def __post_init__(self) -> None:
        if BUCKET_PATTERN.fullmatch(self.bucket) is None or ".." in self.bucket:
            raise SettingError(
                "S3_BUCKET", self.bucket, "a bucket name: 3 to 63 of a-z, 0-9, '-' and '.'", ALIAS
            )

    @cached_property
    def extract(self) -> Path:
        """Granules as they came."""
        return self._of("extract")

    @cached_property
    def transform(self) -> Path:
        """Series CSVs."""
        return self._of("transform")

    @cached_property
    def quarantine(self) -> Path:
        """Files that cannot be trusted."""
        return self._of("quarantine")

    def _of(self, stage: str) -> Path:
        return self.data_dir / stage / self.bucket / f"{self.hour:%Y}" / f"{self.hour:%j}" / f"{self.hour:%H}"


@dataclass(frozen=True)
class WindowFolders:
    """The folders of the analysis of one window: `<data>/clusters/<window>/` and `<data>/figures/<window>/`.

    Args:
        data_dir: The data folder.
        start: Start of the window, UTC.
        end: End of the window, UTC.
    """

    data_dir: Path
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        """For example 2022-12-31T05_2022-12-31T06."""
        return f"{self.start:%Y-%m-%dT%H}_{self.end:%Y-%m-%dT%H}"

    @property
    def rows(self) -> Path:
        """The cleaned rows."""
        return self.data_dir / "clusters" / self.name / "rows.parquet"

    @property
    def sweep(self) -> Path:
        """The k-means of every k."""
        return self.data_dir / "clusters" / self.name / "sweep.npz"

    @property
    def silhouettes(self) -> Path:
        """How the silhouettes of each cluster spread, for every k."""
        return self.data_dir / "clusters" / self.name / "silhouettes.npz"

    @property
    def figures(self) -> Path:
        """Maps, curves and the report."""
        return self.data_dir / "figures" / self.name
