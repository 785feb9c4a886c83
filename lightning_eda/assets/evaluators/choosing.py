"""The k of the map: the rule, the run's config, and what speaks against it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_eda.assets.evaluators.scores import Fitted
from lightning_eda.glm.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from lightning_eda.clustering.window.choice import Chosen

BY_HAND = "run config"


def choose(fitted: Fitted, scores: "pa.Table", database: Path, window: Window, k: int | None) -> "pa.Table":
    """Marks the k asked for as chosen, or that of the rule when none is; the scores with it.

    Raises:
        PointsError: None is asked for, and no silhouette is there although there could be.
        SettingError: The window has no scores for the k asked for.
    """
    from lightning_eda.errors import PointsError
    from lightning_eda.warehouse.writing.cluster_tables import Choice, choose_k

    rows = scores.to_pylist()
    if k is not None:
        choice: Choice | None = Choice(k, BY_HAND)
    else:
        best = best_of(fitted, _silhouettes(rows))
        if best is None and fitted.can_be_scored:
            raise PointsError(
                f"no k of {window} has a silhouette: run silhouette_evaluator for this window first, or name "
                "k in the run config of cluster_map"
            )
        choice = None if best is None else Choice(best.k, best.by)
    marked = [(row["k"], row["chosen_by"]) for row in rows if row["chosen_by"] is not None]
    if choice is None or marked == [(choice.k, choice.by)]:
        return scores
    return choose_k(database, window.start, window.end, choice).scores


def best_of(fitted: Fitted, silhouettes: "Mapping[int, float | None]") -> "Chosen | None":
    """The k that the rule takes; None when none has a silhouette."""
    from lightning_eda.clustering.window.choice import best_of_sweep

    return best_of_sweep(fitted.sweep, fitted.clean.spec, silhouettes)


def reasons(
    fitted: Fitted, scores: "pa.Table", names: tuple[str, ...] | None = None
) -> tuple[str, tuple[str, ...]]:
    """How the chosen k was chosen, and what speaks against it, both in sentences; the first has no full stop.

    Args:
        fitted: The window.
        scores: Its rows of `k_scores`.
        names: The scores that may speak against it; None is all.

    Returns:
        An empty text and nothing where no k is chosen.
    """
    from lightning_eda.clustering.window.choice import SCORES_OF_K, doubts, scores_of_k

    rows = scores.to_pylist()
    chosen = [(row["k"], row["chosen_by"]) for row in rows if row["chosen_by"] is not None]
    if not chosen:
        return "", ()
    ((k, by),) = chosen
    best = best_of(fitted, _silhouettes(rows))
    rule = "named in the run's config" if by == BY_HAND or best is None else best.rule
    return rule, tuple(doubts(scores_of_k(fitted.sweep, rows, names or SCORES_OF_K), k))


def _silhouettes(rows: list[dict[str, Any]]) -> dict[int, float | None]:
    return {row["k"]: row["silhouette"] for row in rows}
