"""The result of a check, as the UI shows it."""

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
