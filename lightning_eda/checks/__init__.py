"""The asset checks: what is asked of each hour and day, and what to do when the answer is no.

They are evaluated inside the assets (`check_results`), so they cost no step of their own. One file a system.
"""

import dagster as dg


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
        metadata=numbers,
        description=None if passed else advice,
    )
