"""How distance clustering compares with csv, dicts and scikit-learn, and how it grows, in one run.

    python -m benchmarks.distances             a million pairs against the plain way; growth from 10^5 to 10^7
    python -m benchmarks.distances --largest   growth to 10^8: 2 GB of free disk, about 5 minutes on two cores

Both ways read the same .csv.gz from a local folder and end with the bytes of clusters.csv.gz. The exit code
is 1 when a bar is missed.
"""

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.support.memory import peak_gb
from lightning_eda.clustering.graph.dbscan import dbscan_pairs
from lightning_eda.distances.day import read_day
from lightning_eda.distances.files.clusters import clusters_csv
from lightning_eda.storage.folder import FolderStore

DAY = date(2024, 10, 1)
FOLDER = "pairs"
EPS, MIN_SAMPLES = 0.04, 5
REACH = 50  # pairs of each item with those after it, so that every pair is there once
SEED = 60
CHUNK = 1 << 20
T = TypeVar("T")
missed: list[str] = []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", action="store_true", help="also 10^8 pairs")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(Path(options.child))))
        return 0
    print(f"eps {EPS}, min_samples {MIN_SAMPLES}; load average {os.getloadavg()[0]:.1f} at the start")
    with tempfile.TemporaryDirectory() as folder:
        bench_plain(Path(folder))
        bench_growth(Path(folder), 8 if options.largest else 7)
    print("\nbars missed: " + ("; ".join(missed) if missed else "none"))
    return 1 if missed else 0


def bench_plain(folder: Path) -> None:
    """A million pairs in one object, against the straightforward way; the best of three each."""
    root = generated(folder, 10**6, objects=1)
    (path,) = root.rglob("*.csv.gz")
    plain_way(path), our_way(root)  # imports
    plain_seconds, plain_cpu, (plain_items, plain_labels) = best_of_three(lambda: plain_way(path))
    our_seconds, our_cpu, (our_items, our_labels) = best_of_three(lambda: our_way(root))
    same = plain_items == our_items.to_pylist() and np.array_equal(plain_labels, our_labels)
    clusters, noise = our_labels.max() + 1, np.mean(our_labels < 0)
    print(f"\n1,000,000 pairs of {len(our_items):,} items: {clusters:,} clusters, {noise:.0%} noise")
    print(f"csv, dict, scikit-learn {plain_seconds:8.2f} s, processor {plain_cpu:.2f} s")
    print(f"ours                    {our_seconds:8.2f} s, processor {our_cpu:.2f} s")
    bar("faster", plain_seconds / our_seconds, at_least=5)
    bar("labels identical", float(same), at_least=1)


def plain_way(path: Path) -> tuple[list[str], np.ndarray]:
    """What one would write: lines into a dict and lists, a symmetric sparse matrix, scikit-learn."""
    from scipy.sparse import csr_matrix
    from sklearn.cluster import DBSCAN

    number: dict[str, int] = {}
    rows, columns, values = [], [], []
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for first, second, distance in csv.reader(file):
            rows.append(number.setdefault(first, len(number)))
            columns.append(number.setdefault(second, len(number)))
            values.append(float(distance))
    matrix = csr_matrix((values, (rows, columns)), shape=(len(number), len(number)))
    labels = DBSCAN(eps=EPS, min_samples=MIN_SAMPLES, metric="precomputed").fit(matrix + matrix.T).labels_
    items = list(number)
    output = path.parents[2] / "plain.csv.gz"
    with gzip.open(output, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["cluster", "key"])
        writer.writerows((label, item) for label, item in zip(labels, items, strict=True) if label >= 0)
    return items, labels


def our_way(root: Path) -> tuple[pa.Array, np.ndarray]:
    graph = read_day(FolderStore(root), FOLDER, DAY, max_records=None)
    labels = dbscan_pairs(graph.i, graph.j, graph.distance, len(graph.items), EPS, MIN_SAMPLES)
    (root / "clusters.csv.gz").write_bytes(clusters_csv(graph.items, labels))
    return graph.items, labels


def bench_growth(folder: Path, largest: int) -> None:
    """Time and peak memory of a process of its own, by the number of pairs.

    Items grow with the pairs, so their table outgrows the processor's caches: that is all the bar allows for.
    """
    print("\n      pairs       items    read, s  dbscan, s  write, s  total, s   cpu, s  us/pair  peak, GB")
    each = {}
    for power in range(5, largest + 1):
        root = generated(folder, 10**power, objects=max(2, 10 ** (power - 7)))
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.distances", "--child", str(root)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        facts = json.loads(done.stdout)
        total = facts["read"] + facts["dbscan"] + facts["write"]
        each[power] = facts["cpu"] / 10**power  # not of the clock, which other processes slow down
        seconds = f"{facts['read']:10.2f} {facts['dbscan']:10.2f} {facts['write']:9.2f} {total:9.2f}"
        used = f"{facts['cpu']:8.2f} {1e6 * each[power]:8.3f} {facts['peak']:9.2f}"
        print(f"{10**power:11,d} {facts['items']:11,d} {seconds} {used}")
        for path in root.rglob("*.csv.gz"):
            path.unlink()
    growth = each[largest] / each[largest - 1]
    bar(f"processor time per pair at 10^{largest} over that at 10^{largest - 1}", growth, at_most=2)
    if largest == 8:
        bar("peak memory at 10^8, GB", facts["peak"], at_most=6)


def measured(root: Path) -> dict[str, float]:
    """Runs in a process of its own."""
    start = time.perf_counter()
    graph = read_day(FolderStore(root), FOLDER, DAY, max_records=None)
    read = time.perf_counter()
    labels = dbscan_pairs(graph.i, graph.j, graph.distance, len(graph.items), EPS, MIN_SAMPLES)
    clustered = time.perf_counter()
    clusters_csv(graph.items, labels)
    end = time.perf_counter()
    return {
        "items": len(graph.items),
        "read": read - start,
        "dbscan": clustered - read,
        "write": end - clustered,
        "cpu": time.process_time(),
        "peak": peak_gb(),
    }


def generated(folder: Path, pairs: int, objects: int) -> Path:
    """A bucket with a day of so many pairs, each once, in no order and either way round."""
    root = folder / f"{pairs}-{objects}"
    day = root / FOLDER / f"day={DAY}"
    day.mkdir(parents=True)
    per_object = pairs // objects
    for number in range(objects):
        packer = zlib.compressobj(6 if pairs <= 10**6 else 1, wbits=31)
        with (day / f"part-{number:04d}.csv.gz").open("wb") as file:
            for text in lines(pairs, range(number * per_object, (number + 1) * per_object)):
                file.write(packer.compress(text))
            file.write(packer.flush())
    return root


def lines(pairs: int, rows: range) -> Iterator[bytes]:
    """Rows of the list; a multiplication modulo the pairs shuffles them without holding them."""
    items = pairs // REACH
    for start in range(rows.start, rows.stop, CHUNK):
        row = np.arange(start, min(start + CHUNK, rows.stop), dtype=np.int64)
        rng = np.random.default_rng([SEED, pairs, start])
        first, step = np.divmod(row * 1_000_003 % pairs, REACH)
        ends = np.stack([first, (first + step + 1) % items])
        ends = np.where(rng.random(len(row)) < 0.5, ends, ends[::-1])
        names = [pc.binary_join_element_wise("item-", pa.array(end).cast(pa.string()), "") for end in ends]
        distance = pa.array(np.round(rng.random(len(row)), 6) + 1e-6).cast(pa.string())
        text = pc.binary_join_element_wise(*names, distance, ",")
        whole = pa.ListArray.from_arrays(pa.array([0, len(text)], pa.int32()), text)
        yield pc.binary_join(whole, "\n")[0].as_buffer().to_pybytes() + b"\n"


def best_of_three(work: Callable[[], T]) -> tuple[float, float, T]:
    """Seconds by the clock and of the processor, and the result."""
    seconds, cpu = [], []
    for _ in range(3):
        start, used = time.perf_counter(), time.process_time()
        result = work()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return min(seconds), min(cpu), result


def bar(name: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    met = value >= at_least if at_least is not None else at_most is None or value <= at_most
    wanted = f"at least {at_least:g}" if at_least is not None else f"at most {at_most:g}"
    print(f"{name}: {value:.3g} ({wanted}: {'met' if met else 'MISSED'})")
    if not met:
        missed.append(name)


if __name__ == "__main__":
    sys.exit(main())
