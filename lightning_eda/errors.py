"""Every error this project raises on purpose.

    LightningEdaError
    ├── SettingError            a setting is missing or has a value that is not allowed
    ├── EventError              what AWS sent to a function is not understood
    ├── StorageError            bytes could not be listed, read or written
    │   ├── AccessDeniedError       the credentials (or their absence) do not open the place
    │   ├── BucketNotFoundError     there is no such bucket or folder
    │   ├── ObjectNotFoundError     there is no such object
    │   ├── ObjectChangedError      the object was replaced while it was read: trying again may help
    │   ├── TransferError           it kept failing after every retry: trying later may help
    │   └── FolderBusyError         another run holds the folder: trying later may help
    ├── GranuleError            a file is not a GLM LCFA granule that can be trusted
    │   └── GranuleNameError        its name is not that of a granule
    ├── DecoderError            the processes that decode granules end: trying later may help
    ├── GridError               granules do not fit on a grid, or a grid is not there
    ├── SeriesError             the CSVs of an hour are absent, unfinished or changed
    ├── PointsError             points, labels or cells that cannot be clustered
    ├── PairsError              a list of distances that cannot be trusted
    ├── TableError              a CSV cannot become a dataset
    │   ├── CsvError                the CSV, or the choice of it, is wrong
    │   │   └── ArchiveError            it is packed in a way that is not read
    │   ├── SchemaChangedError      its columns or types do not fit those of the table
    │   └── DatasetError            the dataset or its catalogue entry could not be replaced
    ├── WarehouseError          the database could not be read or written
    │   ├── DatabaseBusyError       another process holds it: trying later may help
    │   └── WindowChangedError      hours were loaded while they were read: trying again may help
    ├── LakeError               a Delta table, of the lake or of CSVs, could not be read or written
    │   ├── LakeUnavailableError    the store of its log does not answer: trying later may help
    │   └── LakeBusyError           others committed all the time: trying later may help
    └── FleetError              work that was given to a Dask cluster did not come back
        └── FleetLostError          its scheduler is gone: trying later may help

The text of each names the thing (variable, key, file), what was found, and what to do. It may quote what
comes from outside: it is one line of printable characters, whatever that holds.
"""

from lightning_eda.texts import plain


class LightningEdaError(Exception):
    """Base of all errors that are raised on purpose; `retryable` says whether trying later may help."""

    retryable: bool = False

    def __init__(self, text: object = "") -> None:
        super().__init__(plain(str(text)))


class SettingError(LightningEdaError):
    """A setting is missing or not allowed.

    Args:
        variable: The environment variable (or run-config field) to change.
        found: The value found, None when there is none.
        allowed: What the value may be, in words.
        hint: What to do, when the allowed values alone do not say it.
    """

    def __init__(self, variable: str, found: object, allowed: str, hint: str = "") -> None:
        self.variable = variable
        self.found = found
        self.allowed = allowed
        seen = "it is not set" if found is None else f"found {found!r}"
        super().__init__(f"{variable}: {seen}; allowed: {allowed}.{' ' + hint if hint else ''}")


class EventError(LightningEdaError):
    """What was sent to a function is not understood: a parameter, a message, a record of another service."""


class StorageError(LightningEdaError):
    """Bytes could not be listed, read or written."""


class AccessDeniedError(StorageError):
    """The credentials, or their absence, do not open the place."""


class BucketNotFoundError(StorageError):
    """There is no such bucket or folder."""


class ObjectNotFoundError(StorageError):
    """There is no such object."""


class ObjectChangedError(StorageError):
    """An object was replaced while it was read; trying again may help."""

    retryable = True


class TransferError(StorageError):
    """A request kept failing after every retry; trying later may help."""

    retryable = True


class FolderBusyError(StorageError):
    """Another run holds the folder; trying later may help."""

    retryable = True


class GranuleError(LightningEdaError):
    """A file is not a GLM L2 LCFA granule whose values can be trusted."""


class GranuleNameError(GranuleError):
    """A name is not that of a GLM L2 LCFA granule."""


class DecoderError(LightningEdaError):
    """The processes that decode granules end, or hang, and no granule is to blame; trying later may help."""

    retryable = True


class GridError(LightningEdaError):
    """Granules cannot be put on the fixed grid, or what was asked of a grid is not there."""


class SeriesError(LightningEdaError):
    """The series CSVs of an hour are absent, unfinished, or changed since they were written."""


class PointsError(LightningEdaError, ValueError):
    """Points, labels or cells cannot be clustered: a wrong shape, or values that are not finite."""


class PairsError(LightningEdaError):
    """A list of distances cannot be trusted: a row is not two items and a distance, or a file is damaged."""


class TableError(LightningEdaError):
    """A CSV cannot become a dataset."""


class CsvError(TableError):
    """There is no CSV to take, or it is not one: a row, a quote, a character that does not fit."""


class ArchiveError(CsvError):
    """A CSV is packed in a way that is not read: several members, encrypted, damaged, too large."""


class SchemaChangedError(TableError):
    """The columns or types of a CSV do not fit those of its table."""


class DatasetError(TableError):
    """The dataset, or its entry in the catalogue, could not be replaced; the old rows are still there."""


class WarehouseError(LightningEdaError):
    """The database could not be read or written."""


class DatabaseBusyError(WarehouseError):
    """Another process holds the database; trying later may help."""

    retryable = True


class WindowChangedError(WarehouseError):
    """Hours of a window were loaded while it was read a part at a time; trying again may help."""

    retryable = True


class LakeError(LightningEdaError):
    """A Delta table, of the lake or of CSVs, could not be read or written."""


class LakeUnavailableError(LakeError):
    """The store of a Delta table does not answer; trying later may help."""

    retryable = True


class LakeBusyError(LakeError):
    """Others committed to a Delta table all the time; trying later may help."""

    retryable = True


class FleetError(LightningEdaError):
    """Work that was given to a Dask cluster did not come back."""


class FleetLostError(FleetError):
    """The scheduler of the cluster is gone; trying later may help."""

    retryable = True
