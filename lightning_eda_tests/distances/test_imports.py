import subprocess
import sys
from pathlib import Path

import lightning_eda

PACKAGE = Path(lightning_eda.__file__).parent
MODULES = [
    *(f"lightning_eda.distances.{path.stem}" for path in sorted((PACKAGE / "distances").glob("[a-z]*.py"))),
    *(f"lightning_eda.distances.files.{name}" for name in ("clusters", "graph", "pairs")),
    *(f"lightning_eda.clustering.graph.{name}" for name in ("dbscan", "clustering", "k_distance")),
]
ABSENT = [
    "dagster",
    "numba",
    "filelock",
    "tqdm",
    "pandas",
    "awswrangler",
    "matplotlib",
    "plotly",
    "h5py",
    "netCDF4",
]


def test_the_lambda_function_needs_few_packages(tmp_path):
    """A day is read, clustered and written with none of the rest of the requirements importable."""
    (tmp_path / "in" / "day=2024-10-01").mkdir(parents=True)
    (tmp_path / "in" / "day=2024-10-01" / "a.csv").write_text("a,b,0.1\nb,c,0.1\n")
    code = f"""
import datetime, importlib, sys
from pathlib import Path
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
for module in {MODULES!r}:
    importlib.import_module(module)
assert not {{"sklearn", "scipy", "boto3"}} & set(sys.modules)  # the code location loads fast
from lightning_eda.clustering.graph.clustering import cluster_pairs
from lightning_eda.distances import day
from lightning_eda.distances.files import clusters as clusters_file, graph as graph_file
from lightning_eda.storage.folder import FolderStore
graph = day.read_day(FolderStore(Path(sys.argv[1])), "in", datetime.date(2024, 10, 1))
graph_file.write_graph(Path(sys.argv[1]) / "graph", graph)
graph = graph_file.read_graph(Path(sys.argv[1]) / "graph")
for algorithm in ("DBSCAN", "OPTICS", "HDBSCAN"):
    labels = cluster_pairs(graph.i, graph.j, graph.distance, 3, algorithm, 0.5, 2, {{}})
    clusters_file.clusters_csv(graph.items, labels)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
