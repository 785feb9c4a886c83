"""The asset checks: what is asked of each hour and day, and what to do when the answer is no.

They are evaluated inside the assets (`check_results`), so they cost no step of their own.

lightning   of granules, rows and clusters
freshness   whether the newest hour is loaded
grids       of the density grids
distances   of distance clustering
tables      of the S3 tables
"""

import dagster as dg

from lightning_eda.texts import plain


def check_result(
    spec: dg.AssetCheckSpec,
    passed: bool,
    severity: dg.AssetCheckSeverity,
    advice: str,
    numbers: dict[str, int | str],
) -> dg.AssetCheckResult:
    """The result of a check; a red one says what to do."""
    return dg.AssetCheckResult(
        check_name=spec.name,
        passed=passed,
        severity=severity,
        metadata={name: plain(value) if isinstance(value, str) else value for name, value in numbers.items()},
        description=None if passed else plain(advice),
    )
