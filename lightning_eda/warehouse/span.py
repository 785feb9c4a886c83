"""Which rows a statement is about: a span of granule starts and, if wanted, some satellites.

The values are bound to variables of the session, so that one predicate serves plain statements and streamed
results alike. (A result streamed with parameters is copied first: with 3.9 million rows, DuckDB 2 warns of it
in `execute`, and DuckDB 1.5 takes 24 s in `sql` where this takes 1.3 s.)
"""

from collections.abc import Collection
from datetime import UTC, datetime

import duckdb

IN_SPAN = (
    "granule_start >= getvariable('span_start') AND granule_start < getvariable('span_end') "
    # Not `= ANY(...)`: that becomes a join, which returns the rows in any order.
    "AND (getvariable('every_satellite') OR list_contains(getvariable('satellites'), satellite))"
)


def select_span(
    connection: duckdb.DuckDBPyConnection,
    start: datetime,
    end: datetime,
    satellites: Collection[str] | None = None,
) -> None:
    """Makes IN_SPAN mean the granules that start in [start, end).

    Args:
        connection: The connection whose later statements it holds for.
        start: First moment, aware.
        end: First moment after it, aware.
        satellites: The satellites; None is all.

    Raises:
        ValueError: A time has no zone.
    """
    values = {
        "span_start": utc_naive(start),
        "span_end": utc_naive(end),
        "every_satellite": satellites is None,
        "satellites": sorted(satellites or []),
    }
    for name, value in values.items():
        connection.execute(f"SET VARIABLE {name} = CAST(? AS {_TYPES[name]})", [value])


_TYPES = {
    "span_start": "TIMESTAMP",
    "span_end": "TIMESTAMP",
    "every_satellite": "BOOLEAN",
    "satellites": "VARCHAR[]",
}


def utc_naive(moment: datetime) -> datetime:
    """A moment as TIMESTAMP columns hold it; with a zone it would be compared in the zone of the session.

    Raises:
        ValueError: It has no zone.
    """
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone; give an aware time")
    return moment.astimezone(UTC).replace(tzinfo=None)
