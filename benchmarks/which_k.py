"""Which rule for k finds planted storms, and what it says of hours of real events and of simulated flashes.

    python -m benchmarks.which_k              everything, 5 to 10 minutes on two cores
    python -m benchmarks.which_k planted      only the parts named: planted hours real

Planted: N storms of 40 to 120 km, evenly over a hemisphere ("one") or in two regions 9,000 km apart ("two"),
with a share of flashes of no storm. Each line is a rule: the share of exact k, the mean distance of k from N,
the mean and the lowest adjusted Rand index of clusters and storms, and the k it took for some N.
"""

import argparse
import sys
from datetime import UTC, datetime

import numpy as np
import pyarrow.parquet as pq
from sklearn.metrics import adjusted_rand_score

from benchmarks.clustering import EVENTS
from lightning_eda.clustering.kmeans.elbow import best_k, knee
from lightning_eda.clustering.kmeans.indices import sweep_indices
from lightning_eda.clustering.kmeans.silhouette import sweep_silhouettes
from lightning_eda.clustering.kmeans.sweep import Sweep, kmeans_sweep
from lightning_eda.clustering.points import sphere_points
from lightning_eda.clustering.window.choice import choose_compact
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.simulator.eras import find_era, find_satellite
from lightning_eda.simulator.sky import pixels
from lightning_eda.simulator.sky.storms import draw_flashes, generator, hours_since_epoch, storms_of_hour

PARTS = ("planted", "hours", "real")
STORMS = (2, 3, 4, 6, 8, 12, 18, 22)
HOURS = (
    (datetime(2025, 7, 1, 21, tzinfo=UTC), 19),
    (datetime(2022, 12, 31, 5, tzinfo=UTC), 0),
    (datetime(2024, 3, 5, 14, tzinfo=UTC), 7),
    (datetime(2024, 10, 1, 2, tzinfo=UTC), 60),
)
POINTS = 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, metavar="part", help=" ".join(PARTS))
    for part in parser.parse_args().parts:
        print(f"\n== {part}")
        {"planted": bench_planted, "hours": bench_hours, "real": bench_real}[part]()
    return 0


def bench_planted() -> None:
    """Part of planted storms: which rule finds them."""
    for regions in ("one", "two"):
        for noise in (0.0, 0.01, 0.03):
            found = []
            for count in STORMS:
                for seed in range(3):
                    points, storm = planted(regions, count, seed, noise)
                    sweep = kmeans_sweep(points)
                    agreed = {
                        rule: (k, adjusted_rand_score(storm[storm >= 0], sweep.labels(k)[storm >= 0]))
                        for rule, k in chosen(sweep).items()
                    }
                    found.append((count, agreed))
            print(f"{regions} region(s), {noise:.0%} of no storm: exact, off, index, lowest index")
            for rule in found[0][1]:
                report(rule, [(count, *agreed[rule]) for count, agreed in found])


def report(rule: str, found: list[tuple[int, int, float]]) -> None:
    count, k, index = (np.array(column) for column in zip(*found, strict=True))
    some = {n: k[count == n].tolist() for n in (2, 3, 6, 12, 22)}
    print(
        f"  {rule:32s} {np.mean(k == count):.2f} {np.abs(k - count).mean():5.1f} {index.mean():.3f} "
        f"{index.min():.2f}  {some}"
    )


def bench_hours() -> None:
    """Part of simulated hours as the simulator makes them: which k each rule takes."""
    for name in ("G16", "G18", "G19"):
        for hour, seed in HOURS:
            show(f"{name} {hour:%Y-%m-%dT%H} seed {seed}", simulated(name, hour, seed))


def bench_real() -> None:
    """Part of real events: the same, for 8,000 events of each of six hours."""
    if not EVENTS.exists():
        print("no real events here")
        return
    table = pq.read_table(EVENTS, columns=["event_time", "event_lon", "event_lat"])
    time, lon, lat = (column.to_numpy() for column in table.columns)
    hours = time.astype("datetime64[h]")
    for hour in np.unique(hours):
        rows = np.flatnonzero(hours == hour)
        if len(rows) > 8000:
            rows = np.random.default_rng(0).choice(rows, 8000, replace=False)
            show(str(hour), sphere_points(lon[rows].astype(float), lat[rows].astype(float)))


def show(name: str, points: np.ndarray) -> None:
    sweep = kmeans_sweep(points)
    spread = np.sqrt(sweep.inertia / sweep.n_points)
    told = [f"{rule} {k} ({spread[k - 2]:.0f} km)" for rule, k in chosen(sweep).items()]
    print(f"{name}, {len(points)} points: {'; '.join(told)}", flush=True)


def chosen(sweep: Sweep) -> dict[str, int]:
    """The k that each rule takes."""
    scores = sweep_silhouettes(sweep).scores
    indices = sweep_indices(sweep)
    ks = sweep.k.tolist()
    silhouettes = dict(zip(ks, scores.tolist(), strict=True))
    spread = dict(zip(ks, np.sqrt(sweep.inertia / sweep.n_points).tolist(), strict=True))
    bend = knee(sweep.k, sweep.inertia) or ks[0]
    rules = {
        "best silhouette": best_k(silhouettes),
        "knee": bend,
        "best silhouette from the knee": best_k({k: s for k, s in silhouettes.items() if k >= bend}),
        "Calinski-Harabasz": best_k(dict(zip(ks, indices.calinski_harabasz, strict=True))),
        "Davies-Bouldin": best_k(dict(zip(ks, -indices.davies_bouldin, strict=True))),
    }
    for widest in (300.0, 400.0, 500.0, 700.0):
        rules[f"best silhouette within {widest:.0f} km"] = choose_compact(silhouettes, spread, widest).k
    return {rule: int(k) for rule, k in rules.items()}


def planted(regions: str, count: int, seed: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of storms on the sphere, km, and the storm of each, -1 for none."""
    rng = np.random.default_rng([seed, count, len(regions)])
    hubs = sphere_points([-45.0, -110.0], [-20.0, 25.0])
    centres: list[np.ndarray] = []
    while len(centres) < count:
        if regions == "two":
            place = on_sphere(hubs[len(centres) % 2] + rng.normal(0, 900, 3))
        else:
            sine = rng.uniform(-0.8, 0.8, 1)
            place = sphere_points(rng.uniform(-130.0, -20.0, 1), np.degrees(np.arcsin(sine)))[0]
        if all(np.linalg.norm(place - other) > 400 for other in centres):
            centres.append(place)
    weight = rng.lognormal(0, 0.8, count)
    storm = rng.choice(count, POINTS, p=weight / weight.sum())
    width = rng.uniform(40, 120, count)[storm, np.newaxis]
    points = np.array(centres)[storm] + rng.normal(0, 1, (POINTS, 3)) * width
    lost = int(noise * POINTS)
    sine = rng.uniform(-0.8, 0.8, lost)
    nowhere = sphere_points(rng.uniform(-135, -15, lost), np.degrees(np.arcsin(sine)))
    return on_sphere(np.vstack([points, nowhere])), np.concatenate([storm, np.full(lost, -1)])


def on_sphere(points: np.ndarray) -> np.ndarray:
    return points * (EARTH_RADIUS_KM / np.linalg.norm(points, axis=-1, keepdims=True))


def simulated(name: str, hour: datetime, seed: int) -> np.ndarray:
    """Flashes of an hour as the simulator places them, km."""
    satellite = find_satellite(name, find_era("current"))
    wanted = satellite.flashes_per_granule * 180
    storms = storms_of_hour(seed, satellite, hour, wanted)
    drawn = draw_flashes(generator(seed, satellite, 4, hours_since_epoch(hour)), storms, wanted, 0.0, 3600.0)
    lat, east = pixels.to_degrees(drawn["x"], drawn["y"])
    return sphere_points(east + satellite.subpoint_lon, lat)


if __name__ == "__main__":
    sys.exit(main())
