"""How the clustering compares with the plain scikit-learn loop, in one run, with the ratios.

    python benchmarks/clustering.py               everything, 10 to 15 minutes on two cores
    python benchmarks/clustering.py 20000         only the parts named: 20000 50000 all growth scores compile

Positions are the real ones of ../shared/data where that folder is present, simulated ones otherwise. The exit
code is 1 when a bar is missed. Times of ours are of later calls: what numba compiles once is part `compile`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow.parquet as pq
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from benchmarks.support.memory import peak_gb
from lightning_eda.clustering.kmeans.cells import cells_of_points
from lightning_eda.clustering.kmeans.elbow import best_k, knee
from lightning_eda.clustering.kmeans.indices import sweep_indices
from lightning_eda.clustering.kmeans.refits import sweep_gaps, sweep_stability
from lightning_eda.clustering.kmeans.silhouette import SilhouetteScores, sweep_silhouettes
from lightning_eda.clustering.kmeans.sweep import Sweep, kmeans_sweep, kmeans_sweep_cells
from lightning_eda.clustering.points import sphere_points

EVENTS = Path(__file__).parents[1].parent / "shared" / "data" / "g18_events_2024-10-01T00-06.parquet"
PARTS = ("compile", "20000", "50000", "all", "growth", "scores")
KS = range(2, 24)
SEED = 60
T = TypeVar("T")
missed: list[str] = []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="part", help=" ".join(PARTS))
    parser.add_argument("--child", choices=["first", "memory"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return 0
    origin = EVENTS.name if EVENTS.exists() else "simulated positions"
    print(f"{origin}; k = {KS[0]}..{KS[-1]}, n_init 10; load average {os.getloadavg()[0]:.1f} at the start")
    parts = {"compile": bench_compile, "all": bench_all, "growth": bench_growth, "scores": bench_scores}
    for part in options.parts:
        print(f"\n== {part}")
        parts[part]() if part in parts else bench_loop(int(part))
    print("\nbars missed: " + ("; ".join(missed) if missed else "none"))
    return 1 if missed else 0


def evaluate(points: np.ndarray) -> tuple[Sweep, SilhouetteScores]:
    """The whole evaluation: every k fitted once, inertia and silhouette of each, knee and best k."""
    sweep = kmeans_sweep(points, KS[0], KS[-1], n_init=10, seed=SEED)
    scores = sweep_silhouettes(sweep)
    knee(sweep.k, sweep.inertia)
    best_k(dict(zip(sweep.k.tolist(), scores.scores, strict=True)))
    return sweep, scores


def bench_loop(n: int) -> None:
    """Part of so many rows: against KMeans + silhouette_score + KMeans again, for each k."""
    points = positions()
    points = points[np.random.default_rng(SEED).choice(len(points), n, replace=False)]
    evaluate(points[:500])
    ours, (sweep, scores) = timed(lambda: evaluate(points))
    labels = [sweep.labels(k) for k in KS]
    scored = KS if n <= 20_000 else (2, 12, 23)
    fits = [timed(lambda k=k: KMeans(k, n_init=10, random_state=SEED).fit(points).inertia_) for k in KS]
    silhouettes = [timed(lambda k=k: silhouette_score(points, labels[k - KS[0]])) for k in scored]
    fitting = 2 * sum(seconds for seconds, _ in fits)
    scoring = sum(seconds for seconds, _ in silhouettes) * len(KS) / len(scored)
    note = "" if len(scored) == len(KS) else f" (timed on k = {scored} and scaled)"
    print(describe(points, sweep, scores))
    print(f"scikit-learn  {fitting + scoring:8.2f} s: KMeans {fitting:.2f}, silhouettes {scoring:.2f}{note}")
    print(f"ours          {ours:8.2f} s")
    bar(f"{n}: faster", (fitting + scoring) / ours, at_least=15 if n <= 20_000 else 20)
    differences = [
        abs(scores.scores[k - KS[0]] - score) for k, (_, score) in zip(scored, silhouettes, strict=True)
    ]
    bar(f"{n}: silhouettes differ", max(differences), at_most=1e-9)
    report_inertia(f"{n}", sweep.inertia, np.array([inertia for _, inertia in fits]), 0.5)


def bench_all() -> None:
    """Part of all rows: against one KMeans(12, n_init=10)."""
    points = positions()
    evaluate(points[:500])
    ours, (sweep, scores) = timed(lambda: evaluate(points))
    one, model = timed(lambda: KMeans(12, n_init=10, random_state=SEED).fit(points))
    print(describe(points, sweep, scores))
    print(f"scikit-learn, one KMeans(12, n_init=10)   {one:8.2f} s, inertia {model.inertia_:.6g}")
    print(
        f"ours, every k with silhouettes            {ours:8.2f} s, inertia {sweep.inertia[10]:.6g} at k = 12"
    )
    bar("all: time over that of one KMeans", ours / one, at_most=4)
    direct = [((points - sweep.centers[k][sweep.labels(k)]) ** 2).sum() for k in KS]
    bar(
        "all: inertia differs from that of all rows, relative",
        float(np.abs(sweep.inertia / direct - 1).max()),
        at_most=1e-9,
    )
    # The same objective as on all rows: each distinct position with its count.
    mean, count = sweep.cells.mean, sweep.cells.count
    full = [KMeans(k, n_init=10, random_state=SEED).fit(mean, sample_weight=count).inertia_ for k in KS]
    report_inertia("all", sweep.inertia, np.array(full), 1)
    seconds, cells = timed(lambda: kmeans_sweep(points, KS[0], KS[-1], seed=SEED, fit_limit=20_000))
    print(f"on at most 20,000 cells: {len(cells.cells)} of {cells.cell_size:g} km, sweep {seconds:.2f} s")
    report_inertia("all, on cells", cells.inertia, np.array(full), 1)
    seconds, sample = timed(lambda: sweep_silhouettes(sweep, exact_limit=1000))
    miss = np.abs(sample.scores - scores.scores) / sample.standard_errors
    print(
        f"silhouettes by a sample of {sample.n_scored}: {seconds:.2f} s, {miss.max():.1f} standard errors off"
    )
    peak = float(run_child("memory"))
    bar("all: peak memory of a process that reads the file and evaluates, GB", peak, at_most=1.5)


def bench_growth() -> None:
    """Part of growth: 16 km cells of 60 simulated storms; the fit follows the cells, the sums the rows."""
    print("        rows   cells   sums, s   sweep, s   silhouettes, s")
    for n in (500, 10**4, 10**5, 10**6, 10**7):  # the first one compiles
        points = simulated(n)
        summing, made = timed(lambda points=points: cells_of_points(points, 16.0))
        fitting, sweep = timed(lambda made=made: kmeans_sweep_cells(made[0]))
        scoring, scores = timed(lambda sweep=sweep: sweep_silhouettes(sweep))
        if n > 500:
            seconds = f"{summing:9.2f} {fitting:10.2f} {scoring:16.2f}"
            print(f"{n:12d} {len(sweep.cells):7d} {seconds}   {scores.method}")


def bench_scores() -> None:
    """Part of all scores: what each costs beside the mean silhouettes, processor seconds."""
    points = positions()
    for n in (7_000, 300_000):
        sweep = kmeans_sweep(points[:n], KS[0], KS[-1], seed=SEED)
        mean = best_cpu(lambda sweep=sweep: sweep_silhouettes(sweep))
        indices = best_cpu(lambda sweep=sweep: sweep_indices(sweep))
        gap = best_cpu(lambda sweep=sweep: sweep_gaps(sweep, 10, sphere=True))
        stability = best_cpu(lambda sweep=sweep: sweep_stability(sweep, 10))
        fit = best_cpu(lambda n=n: kmeans_sweep(points[:n], KS[0], KS[-1], seed=SEED))
        print(
            f"{n} rows at {len(sweep.cells)} positions: fit {fit:.3f} s, silhouettes with those of clusters "
            f"{mean:.3f}, indices {indices:.3f}, gap {gap:.3f}, stability {stability:.3f}"
        )
        bar(f"{n}: indices over silhouettes", indices / mean, at_most=0.3)


def best_cpu(work: Callable[[], object], times: int = 3) -> float:
    """Processor seconds of the best of some calls, after one that may compile."""
    work()
    found = []
    for _ in range(times):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def bench_compile() -> None:
    """Part of the first use: 2,000 points in a new process, without and with the cache of numba."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = (float(run_child("first", NUMBA_CACHE_DIR=folder)) for _ in range(2))
    print(f"first evaluation ever (compiles)    {cold:8.2f} s")
    print(f"first evaluation of a later process {warm:8.2f} s")


def child(task: str) -> None:
    """Runs in a process of its own and prints one number."""
    if task == "first":
        points = simulated(2000)
        print(timed(lambda: evaluate(points))[0])
    else:
        evaluate(positions())
        print(peak_gb())


def run_child(task: str, **environment: str) -> str:
    command = [sys.executable, "-m", "benchmarks.clustering", "--child", task]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return done.stdout


def describe(points: np.ndarray, sweep: Sweep, scores: SilhouetteScores) -> str:
    places = f"{len(points)} rows at {len(sweep.cells)} distinct positions"
    return f"{places}; fit: {sweep.method}, silhouette: {scores.method}"


def report_inertia(name: str, ours: np.ndarray, reference: np.ndarray, percent: float) -> None:
    excess = 100 * (ours / reference - 1)
    print(f"inertia against scikit-learn's, %: mean {excess.mean():+.3f}, best {excess.min():+.3f}")
    bar(f"{name}: inertia above scikit-learn's at the worst k, %", float(excess.max()), at_most=percent)


def bar(name: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    met = value >= at_least if at_least is not None else at_most is None or value <= at_most
    wanted = f"at least {at_least:g}" if at_least is not None else f"at most {at_most:g}"
    print(f"{name}: {value:.3g} ({wanted}: {'met' if met else 'MISSED'})")
    if not met:
        missed.append(name)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def positions() -> np.ndarray:
    """All real event positions, or two million simulated ones on a pixel lattice; km."""
    if not EVENTS.exists():
        return simulated(1_940_000, pixel_deg=0.08)
    table = pq.read_table(EVENTS, columns=["event_lon", "event_lat"])
    return sphere_points(*(column.to_numpy().astype(np.float64) for column in table.columns))


def simulated(n: int, pixel_deg: float = 0.0) -> np.ndarray:
    """Points of 60 storms about 50 km wide, rounded to pixels if asked; km."""
    rng = np.random.default_rng(SEED)
    storms = rng.uniform([-140, -45], [-20, 50], (60, 2))
    lonlat = storms[rng.integers(0, 60, n)] + rng.normal(0, 0.5, (n, 2))
    if pixel_deg:
        lonlat = np.round(lonlat / pixel_deg) * pixel_deg + rng.integers(0, 4, (n, 1)) * 0.003
    return sphere_points(*lonlat.T)


if __name__ == "__main__":
    sys.exit(main())
