"""Checks of the lightning assets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.checks.result import check_result
from lightning_eda.series import GRANULES, TABLE_NAMES
from lightning_eda.texts import named

if TYPE_CHECKING:
    from lightning_eda.clustering.window.clean_file import CleanWindow
    from lightning_eda.figures import Evaluation
    from lightning_eda.glm.extract.record import Extraction
    from lightning_eda.glm.transform.hour import HourSeries
    from lightning_eda.warehouse.queries import Integrity

BUCKET_LACKS = "NOAA may still be publishing, or never got these granules: materialise the hour again later"
FOLDER_LACKS = (
    "The folder GLM_ARCHIVE_DIR lacks these granules (where all are missing, it may not be the one that "
    "holds GLM-L2-LCFA): put them there and materialise the hour again"
)
HOUR_IS_COMPLETE = dg.AssetCheckSpec(
    "hour_is_complete", asset="extract", description="Every 20 s of the hour has its granule (180 an hour)."
)
NO_GRANULE_QUARANTINED = dg.AssetCheckSpec(
    "no_granule_quarantined", asset="transform", description="Every granule could be trusted and was decoded."
)
PARENTS_RESOLVE = dg.AssetCheckSpec(
    "parents_resolve",
    asset="transform",
    description="Every event leads to its group and every group to its flash, in its own granule.",
)
IDS_ARE_UNIQUE = dg.AssetCheckSpec(
    "ids_are_unique",
    asset="load",
    description="No (satellite, granule_start, id) is in the database twice.",
)
COORDINATES_IN_RANGE = dg.AssetCheckSpec(
    "coordinates_in_range",
    asset="load",
    description="Every latitude is in [-90, 90] and every longitude in [-180, 180).",
)
MOST_ROWS_KEPT = dg.AssetCheckSpec(
    "most_rows_kept",
    asset="preprocessor",
    description="Cleaning dropped at most half of the rows; the metadata counts every drop by reason.",
)

K_IS_CLEAR = dg.AssetCheckSpec(
    "k_is_clear",
    asset="cluster_map",
    description="The scores agree on k, within 2, and the range of k does not end where they are best.",
)


def check_hour_is_complete(extractions: Sequence["Extraction"], is_archive: bool) -> dg.AssetCheckResult:
    """Warns of hours with fewer granules than 20 s intervals; `is_archive`: in GLM_ARCHIVE_DIR, not in S3."""
    short = [extraction for extraction in extractions if extraction.gaps]
    missing = sum(one.expected - one.found for one in extractions)
    hours = [f"{extraction.folders.hour:%Y-%m-%dT%HZ}" for extraction in short]
    return check_result(
        HOUR_IS_COMPLETE,
        not short,
        dg.AssetCheckSeverity.WARN,
        f"{FOLDER_LACKS if is_archive else BUCKET_LACKS}; only what is new is fetched. `gaps` in the "
        "metadata of extract names the 20 s starts that are missing.",
        {"missing_granules": missing, "incomplete_hours": named(hours)},
    )


def check_no_granule_quarantined(all_series: Sequence["HourSeries"]) -> dg.AssetCheckResult:
    """Warns of granules that cannot be trusted."""
    reasons = [
        f"{name}: {reason.removeprefix(f'{name}: ')}"
        for series in all_series
        for name, reason in series.quarantined.items()
    ]
    return check_result(
        NO_GRANULE_QUARANTINED,
        not reasons,
        dg.AssetCheckSeverity.WARN,
        "The files and the reasons are in the quarantine folder, and in the table granules. When a better "
        "file is published, materialise the hour again: extract fetches what has changed.",
        {"quarantined_granules": len(reasons), "reasons": named(reasons)},
    )


def check_parents_resolve(all_series: Sequence["HourSeries"]) -> dg.AssetCheckResult:
    """Warns of rows whose parent is not in their file."""
    orphans = sum(series.orphans for series in all_series)
    granules = sum(series.statuses["inconsistent"] for series in all_series)
    return check_result(
        PARENTS_RESOLVE,
        not orphans,
        dg.AssetCheckSeverity.WARN,
        "These granules lost rows before they were published; what is left was kept. The table granules says "
        "which (status 'inconsistent') and why.",
        {"orphan_rows": orphans, "inconsistent_granules": granules},
    )


def check_ids(findings: Sequence["Integrity"]) -> dg.AssetCheckResult:
    """Fails when a key of any table is there twice."""
    repeated = {
        GRANULES.name: sum(finding.repeated_granules for finding in findings),
        **{
            tier: sum(finding.tiers[tier].repeated_ids for finding in findings)
            for tier in TABLE_NAMES.values()
        },
    }
    return check_result(
        IDS_ARE_UNIQUE,
        not any(repeated.values()),
        dg.AssetCheckSeverity.ERROR,
        "Something else has written to the database: materialise load again, which replaces the hour's rows.",
        {f"repeated_{table}": number for table, number in repeated.items()},
    )


def check_coordinates(findings: Sequence["Integrity"]) -> dg.AssetCheckResult:
    """Fails when a coordinate is missing or not on the globe."""
    wrong = {
        tier: sum(finding.tiers[tier].out_of_range for finding in findings) for tier in TABLE_NAMES.values()
    }
    return check_result(
        COORDINATES_IN_RANGE,
        not any(wrong.values()),
        dg.AssetCheckSeverity.ERROR,
        "The decoder refuses such values, so something else has written to the database: materialise load "
        "again, which replaces the hour's rows.",
        {f"out_of_range_{table}": number for table, number in wrong.items()},
    )


def check_most_rows_kept(clean: "CleanWindow") -> dg.AssetCheckResult:
    """Warns when cleaning dropped more than half of the rows."""
    return check_result(
        MOST_ROWS_KEPT,
        2 * clean.kept >= clean.read,
        dg.AssetCheckSeverity.WARN,
        "Look at the reasons in the metadata: a box or a limit of the run's config may be narrower than "
        "meant, or the instrument saw something else than lightning.",
        {
            "rows_read": clean.read,
            "rows_kept": clean.kept,
            **{f"dropped_{reason}": count for reason, count in clean.dropped.items()},
        },
    )


def check_k_is_clear(evaluation: "Evaluation") -> dg.AssetCheckResult:
    """Warns when something speaks against the k that the rule chose; a k named by hand is as it is."""
    named_by_hand = evaluation.chosen_by == "run config"
    advice = (
        "Look at the curves in the report. Another k: `k` in the run config of cluster_map; another range: "
        "`k_min` and `k_max` of kmeans_cluster. Lightning of a hemisphere seldom has one right k: storms are "
        "in storm_cells and storm_tracks."
    )
    return check_result(
        K_IS_CLEAR,
        named_by_hand or not evaluation.doubts,
        dg.AssetCheckSeverity.WARN,
        " ".join([*evaluation.doubts, advice]),
        {"doubts": len(evaluation.doubts), "which": " ".join(evaluation.doubts) or "none"},
    )
