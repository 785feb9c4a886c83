"""Which names may be those of data: the one place that tables, pairs, sensors and Lambda functions ask.

Around data lie other files: checksums, signatures, uploads under way, the lists and marks of programs, what
systems leave in folders. What is passed over is told by the name alone, so that it is never read.
"""

import re
from typing import Final

from lightning_eda.storage.object_store import ObjectInfo

HIDDEN: Final = ("_", ".", "~", "#")
"""How the names of files and folders begin that readers of datasets do not see (Hive, Spark, Athena skip the
first two), and those that editors and Office leave (`~$orders.csv`, `#orders.csv#`)."""
PLAIN: Final = frozenset({"csv", "tsv", "psv"})
DATA: Final = PLAIN | {"tab", "ssv", "txt", "text", "dat", "data"}
PACKED: Final = frozenset(
    {"gz", "gzip", "zip", "bz2", "xz", "lzma", "zst", "zstd", "lz4", "z", "7z", "rar", "tar", "tgz"}
)
"""Endings of packed files; what is not read of them is refused by its content, with a word on how to pack."""
NO_DATA: Final = frozenset(
    {
        "md5", "sha", "sha1", "sha224", "sha256", "sha384", "sha512", "crc", "crc32", "sfv", "sum",
        "checksum", "asc", "sig", "sign", "pgp", "gpg", "p7s", "pem", "key", "metadata", "meta", "manifest",
        "part", "partial", "filepart", "crdownload", "download", "opdownload", "tmp", "temp", "incomplete",
        "aria2", "swp", "swo", "bak", "old", "orig", "lock", "lck", "ok", "done", "ready", "success",
        "complete", "finished", "trg", "ctl", "flag", "err", "error", "log", "idx", "json", "jsonl",
        "ndjson", "geojson", "xml", "xsd", "xsl", "html", "htm", "xhtml", "yaml", "yml", "toml", "ini",
        "cfg", "conf", "properties", "md", "rst", "rtf", "parquet", "avro", "orc", "arrow", "feather",
        "ipc", "h5", "hdf5", "hdf", "nc", "nc4", "grib", "npy", "npz", "pkl", "pickle", "rds", "mat", "xls",
        "xlsx", "xlsm", "xlsb", "ods", "doc", "docx", "odt", "ppt", "pptx", "pdf", "png", "jpg", "jpeg",
        "gif", "tif", "tiff", "bmp", "svg", "webp", "ico", "mp4", "db", "sqlite", "sqlite3", "duckdb",
        "mdb", "accdb", "dbf", "sql", "py", "sh", "bat", "ps1", "exe", "dll", "lnk", "url", "eml", "msg",
        "ics", "$folder$",
    }
)  # fmt: skip
NO_DATA_NAMES: Final = re.compile(
    r"(?:[0-9a-f-]{32,}-)?manifest|(?:.*[-_. ])?(?:checksums?|md5sums?|sha\d*sums?)|readme|licen[cs]e"
)
"""Names, without their endings, of lists and notes (`<query>-manifest.csv` is Athena's)."""
STAMP: Final = re.compile(r"[\dtz:_+ -]*\d[\dtz:_+ -]*|v\d+")
"""An ending that is a date or a number, as in `orders.csv.20240101` or `data.v1.2`: it says nothing."""


def is_data_name(path: str, asked: str = "") -> bool:
    """Whether a file of this name may be data.

    It may not when one of its folders, or itself, is hidden (begins with `_`, `.`, `~` or `#`); when its
    ending is of another kind of file; or when its ending follows that of data, as in `orders.csv.md5` or
    `orders.csv.gz.filepart`. A date or number as an ending does not count, nor do those of packed files.
    Names without ending, and with endings that nobody knows, may be data. Case does not matter.

    Args:
        path: The key of an object below the folder in question.
        asked: A text that names must contain; an ending of another kind that it names is taken.
    """
    *folders, name = path.split("/")
    if not name or name.endswith("~") or any(part.startswith(HIDDEN) for part in (*folders, name)):
        return False
    stem, *endings = name.lower().split(".")
    endings = [ending for ending in endings if not STAMP.fullmatch(ending)]
    while endings and endings[-1] in PACKED:
        endings.pop()
    if NO_DATA_NAMES.fullmatch(".".join([stem, *endings[:-1]])):
        return False
    if not endings or endings[-1] in DATA or ("." in asked and path.endswith(asked)):
        return True
    return endings[-1] not in NO_DATA and not (PLAIN | PACKED).intersection(endings[:-1])


def is_data(info: ObjectInfo, prefix: str, asked: str = "") -> bool:
    """Whether a listed object may be data: no folder marker, not empty, and of a name that may be data's.

    Args:
        info: The object.
        prefix: What the listing was asked for; of the key only what follows its last slash is looked at.
        asked: As of `is_data_name`.
    """
    return holds_something(info) and is_data_name(info.key[prefix.rfind("/") + 1 :], asked)


def holds_something(info: ObjectInfo) -> bool:
    """Whether a listed object is no folder marker and not empty."""
    return info.size > 0 and not info.key.endswith("/")
