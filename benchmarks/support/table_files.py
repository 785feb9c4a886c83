"""The CSV files that the benchmarks of the tables read: mixed types, as a European export writes them."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HEADER = "id;erfasst_am;station;breite;laenge;energie;gueltig;bemerkung"
STATIONS = ("Köln", "München", "Zürich", "Düsseldorf", "Hamburg", "Málaga", "Århus", "Bern")
REMARKS = (
    "",
    "geprüft",
    "ohne besonderen Befund",
    '"Nachtrag; siehe Akte"',
    "größer als üblich",
    "\u2013",
    '"""neu"""',
)
BLOCK_ROWS = 100_000
START = np.datetime64("2024-01-01T00:00:00.000", "ms")


def csv_blocks(rows: int, seed: int = 7) -> Iterator[bytes]:
    """The CSV piece by piece: windows-1252, semicolons, quotes only where needed, about 114 bytes a row.

    Columns: an integer, a timestamp with milliseconds, a text with accents, three floating-point numbers,
    a boolean, and a text that is empty in a seventh of the rows and quoted in two sevenths.

    Args:
        rows: Data rows, beside the header.
        seed: Of the random values.
    """
    yield f"{HEADER}\r\n".encode("cp1252")
    random = np.random.default_rng(seed)
    for first in range(0, rows, BLOCK_ROWS):
        yield _block(first, min(BLOCK_ROWS, rows - first), random).encode("cp1252")


def write_zip(path: Path, rows: int, seed: int = 7) -> int:
    """Writes the CSV as the one member of a zip; returns the size of the member, bytes."""
    size = 0
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        archive.open("messwerte.csv", "w", force_zip64=True) as member,
    ):
        for block in csv_blocks(rows, seed):
            size += member.write(block)
    return size


def write_plain(path: Path, rows: int, seed: int = 7) -> int:
    """Writes the CSV as it is; returns its size, bytes."""
    with path.open("wb") as file:
        return sum(file.write(block) for block in csv_blocks(rows, seed))


def _block(first: int, rows: int, random: np.random.Generator) -> str:
    ids = np.arange(first, first + rows) * 7 + 1_000_000_000
    times = np.datetime_as_string(START + (np.arange(first, first + rows) * 250).astype("timedelta64[ms]"))
    stations = random.integers(0, len(STATIONS), rows)
    latitude = np.round(random.uniform(-60, 60, rows), 11)
    longitude = np.round(random.uniform(-180, 180, rows), 11)
    energy = random.lognormal(-32, 2, rows)
    valid = random.random(rows) < 0.9
    remarks = random.integers(0, len(REMARKS), rows)
    lines = (
        f"{i};{t};{STATIONS[s]};{lat!r};{lon!r};{e!r};{'true' if v else 'false'};{REMARKS[r]}\r\n"
        for i, t, s, lat, lon, e, v, r in zip(
            ids.tolist(), times.tolist(), stations.tolist(), latitude.tolist(), longitude.tolist(),
            energy.tolist(), valid.tolist(), remarks.tolist(), strict=True,
        )
    )  # fmt: skip
    return "".join(lines)
