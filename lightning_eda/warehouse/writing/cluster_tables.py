"""What was found of a window: scores of k, the chosen k, centres and labels are written, scores are read.

Every write is one transaction that replaces what the window had; what is there already is not written again.
A window is known by its two ends, so an hour and the day that holds it live side by side.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from lightning_eda.errors import SettingError
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.queries import Database, reading
from lightning_eda.warehouse.schema.clusters import (
    CLUSTER_CENTERS,
    CLUSTER_SILHOUETTES,
    FLASH_CLUSTERS,
    K_SCORES,
)
from lightning_eda.warehouse.writing.window_rows import (
    empty_rows,
    holds_window,
    own_columns,
    own_names,
    read_window,
    window_rows,
    write_window,
)

SIDES: Final[dict[str, tuple[str, ...]]] = {
    "inertia": ("inertia",),
    "silhouette": ("silhouette", "silhouette_error", "silhouette_method"),
}
"""The columns that one evaluator writes, by the one without which the others mean nothing."""
MAY_LACK: Final[dict[str, tuple[str, ...]]] = {
    "inertia": ("gap", "gap_error", "stability"),
    "silhouette": ("calinski_harabasz", "davies_bouldin"),
}
"""Further columns of each; of one that is not given, NULL is written."""

Row = dict[str, Any]


@dataclass(frozen=True)
class ScoresWritten:
    """What became of a window's scores.

    Attributes:
        changed: Whether anything was written.
        scores: The scores afterwards, as `read_scores` gives them.
    """

    changed: bool
    scores: pa.Table


@dataclass(frozen=True)
class FitKey:
    """Which k-means fit of a window scores are of.

    Attributes:
        fit: A text that differs when points, options or seed differ, such as a hash of them.
        tier: "flash", "group" or "event".
        geometry: "sphere" or "lonlat".
        method: What was fitted: "exact" or "cells".
    """

    fit: str
    tier: str
    geometry: str
    method: str


@dataclass(frozen=True)
class Choice:
    """The k of the map.

    Attributes:
        k: The number of clusters.
        by: Who chose it, such as "silhouette" or "run config".

    Raises:
        ValueError: `by` is empty.
    """

    k: int
    by: str

    def __post_init__(self) -> None:
        if not self.by:
            raise ValueError("nobody chose k; say who did")


def replace_scores(
    database: Path | str,
    start: datetime,
    end: datetime,
    fit: FitKey,
    scores: pa.Table,
    chosen: Choice | None = None,
    clusters: pa.Table | None = None,
) -> ScoresWritten:
    """Makes the window's scores of one evaluator, or of both, exactly these.

    The evaluators come in either order: each replaces its own columns and leaves the other's. Where the
    window has scores of another fit, all of them go, and the chosen k too. A k whose inertia (or silhouette)
    is missing or not finite has none; a k with neither has no row.

    Args:
        database: The database file; made when it is not there.
        start: Start of the window, aware.
        end: End of the window, aware.
        fit: What the scores are of.
        scores: k and the columns of one of `SIDES`, or of both, and any of `MAY_LACK`; each k once.
        chosen: The k to mark in the same transaction, as `choose_k` does; None leaves the mark as it is.
        clusters: The silhouettes of the clusters, for `cluster_silhouettes`; None: of silhouettes there are
            none of clusters, and without silhouettes those that are there stay while the fit is the same.

    Raises:
        SettingError: The window has no scores for the chosen k.
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: The scores lack a column or have a k twice, or the window is empty.
    """
    sides = [side for side in SIDES if side in scores.column_names]
    if not sides:
        raise ValueError(f"scores have none of {list(SIDES)}; they have {scores.column_names}")
    lacking = [name for side in sides for name in MAY_LACK[side] if name not in scores.column_names]
    columns = [column for side in sides for column in (*SIDES[side], *MAY_LACK[side])]
    read = ["k", *(column for column in columns if column not in lacking)]
    given = {int(row["k"]): row for row in own_columns(K_SCORES, scores, read).to_pylist()}
    if len(given) != scores.num_rows:
        raise ValueError("scores have a k twice")
    own_clusters = empty_rows(CLUSTER_SILHOUETTES) if clusters is None else clusters

    def merged(stored: list[Row]) -> tuple[list[Row], pa.Table | None]:
        # Called in the transaction: the other evaluator may have written since this one began.
        same_fit = [row for row in stored if asdict(fit).items() <= row.items()]
        rows = {row["k"]: row | dict.fromkeys(columns) for row in same_fit}
        for k, row in given.items():
            for side in sides:
                if _is_number(row[side]):
                    names = (*SIDES[side], *MAY_LACK[side])
                    known = {column: _number_or_text(row.get(column)) for column in names}
                    rows[k] = rows.get(k, {"k": k, **asdict(fit)}) | known
        scored = [row for row in rows.values() if any(row.get(side) is not None for side in SIDES)]
        replaced = own_clusters if "silhouette" in sides or not same_fit else None
        return (scored if chosen is None else _marked(scored, chosen)), replaced

    return _rewrite_scores(database, start, end, merged)


def choose_k(
    database: Path | str,
    start: datetime,
    end: datetime,
    choice: Choice,
) -> ScoresWritten:
    """Marks one k of the window's scores as chosen, and no other.

    Args:
        database: The database file.
        start: Start of the window, aware.
        end: End of the window, aware.
        choice: A k that has scores in the window, and who chose it.

    Raises:
        SettingError: The window has no scores for this k.
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: The window is empty.
    """
    return _rewrite_scores(database, start, end, lambda stored: (_marked(stored, choice), None))


def read_scores(database: Database, start: datetime, end: datetime) -> pa.Table:
    """The scores of a window by k; no rows when it has none.

    Returns:
        k, inertia, silhouette, silhouette_error, method, chosen_by (not NULL for the chosen k), and the
        other columns of `k_scores`.
    """
    with reading(database) as connection:
        return _shown(read_window(connection, K_SCORES, start, end))


def _shown(scores: pa.Table) -> pa.Table:
    """The columns of scores in the order people look for them."""
    columns = ["k", "inertia", "silhouette", "silhouette_error", "method", "chosen_by"]
    return scores.select([*columns, *(name for name in own_names(K_SCORES) if name not in columns)])


def replace_clusters(
    database: Path | str,
    start: datetime,
    end: datetime,
    centers: pa.Table,
    labels: pa.Table | None = None,
) -> bool:
    """Makes the window's centres and labels exactly these, in one transaction; returns whether it wrote.

    Args:
        database: The database file; made when it is not there.
        start: Start of the window, aware.
        end: End of the window, aware.
        centers: k, cluster, lat, lon (degrees), n; other columns are left out.
        labels: satellite, granule_start, flash_id, cluster of each flash; other columns are left out. None
            where no single flash was labelled: with groups or events, or when cells were fitted.

    Raises:
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: The database could not be written.
        ValueError: A column is missing or holds a value it cannot hold, or the window is empty.
    """
    labels = empty_rows(FLASH_CLUSTERS) if labels is None else labels
    incoming = [
        (table, window_rows(table, start, end, rows))
        for table, rows in ((CLUSTER_CENTERS, centers), (FLASH_CLUSTERS, labels))
    ]
    with writer(database) as connection:
        if all(holds_window(connection, table, start, end, rows) for table, rows in incoming):
            return False
        for table, rows in incoming:
            write_window(connection, table, start, end, rows)
    return True


def _rewrite_scores(
    database: Path | str,
    start: datetime,
    end: datetime,
    change: Callable[[list[Row]], tuple[list[Row], pa.Table | None]],
) -> ScoresWritten:
    """Replaces the window's rows of scores by what `change` makes of them, when that differs.

    Its second part are the silhouettes of the clusters; None leaves those as they are.
    """
    with writer(database) as connection:
        stored = read_window(connection, K_SCORES, start, end).select(own_names(K_SCORES)).to_pylist()
        rows, clusters = change(stored)
        scores = pa.Table.from_pylist(rows, empty_rows(K_SCORES).schema)
        wanted = {K_SCORES: window_rows(K_SCORES, start, end, scores)}
        if clusters is not None:
            wanted[CLUSTER_SILHOUETTES] = window_rows(CLUSTER_SILHOUETTES, start, end, clusters)
        changed = False
        for table, its_rows in wanted.items():
            if not holds_window(connection, table, start, end, its_rows):
                write_window(connection, table, start, end, its_rows)
                changed = True
    return ScoresWritten(changed, _shown(wanted[K_SCORES]))


def _marked(rows: list[Row], choice: Choice) -> list[Row]:
    """The rows with this k marked as chosen, and no other; SettingError when none has it."""
    known = [row["k"] for row in rows]
    if choice.k not in known:
        if not known:
            hint = "Run silhouette_evaluator and elbow_evaluator for this window first."
            raise SettingError("k", choice.k, "none: the window has no scores yet", hint)
        hint = "Only a k that was fitted and scored can be chosen."
        raise SettingError("k", choice.k, ", ".join(map(str, known)), hint)
    return [row | {"chosen_by": choice.by if row["k"] == choice.k else None} for row in rows]


def _is_number(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _number_or_text(value: object) -> object:
    return value if isinstance(value, str) or _is_number(value) else None
