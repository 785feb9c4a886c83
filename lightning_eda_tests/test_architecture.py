"""The rules of the layout, each checked on every file, so that a new file is covered too."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lightning_eda"
FILES = sorted(PACKAGE.rglob("*.py"))
DAGSTER_FACE = {
    "resources",
    "partitions.py",
    "reporting.py",
    "checks",
    "jobs.py",
    "schedules.py",
    "sensors",
    "definitions.py",
    "run_launcher.py",
    "assets",
}
HEAVY = {
    "sklearn", "scipy", "numba", "matplotlib", "plotly", "xarray", "netCDF4", "pandas", "awswrangler",
    "boto3", "botocore", "tqdm",
}  # fmt: skip
SCIENCE = {"sklearn", "netCDF4", "h5py", "boto3", "duckdb", "matplotlib", "plotly", "numpy", "scipy"}
CLOCK_READERS = {
    "assets/ingestor/load.py": "stamps `loaded_at`",
    "assets/s3_tables/parquet_table.py": "names the run, so that of two at once the newer wins",
    "aws_lambda.py": "takes yesterday when no day is given",
    "tables/frames.py": "names the run; its arguments are given",
}
MAX_LINES = 300
MAX_FUNCTION_LINES = 60


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def is_dagster_face(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0] in DAGSTER_FACE


def imports(tree: ast.AST, top_level_only: bool = False) -> set[str]:
    """Top packages imported; not those only for type checkers."""
    nodes = ast.walk(tree) if not top_level_only else ast.iter_child_nodes(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.fixture(params=FILES, ids=name_of, scope="module")
def source(request):
    """A file of the package and its syntax tree."""
    return request.param, ast.parse(request.param.read_text())


def test_only_the_dagster_face_imports_dagster(source):
    """Everything else can be used, and tested, without it."""
    path, tree = source
    assert is_dagster_face(path) or "dagster" not in imports(tree)


def test_only_settings_read_the_environment(source):
    """`os.environ` and `getenv` stand in one file."""
    path, tree = source
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert name_of(path) == "settings.py" or not names & {"environ", "getenv", "environb"}


def test_heavy_libraries_are_imported_where_they_are_used(source):
    """Inside functions, so that the code location loads fast."""
    path, tree = source
    assert not imports(tree, top_level_only=True) & HEAVY, name_of(path)


def test_assets_only_join_steps(source):
    """An asset's file imports no science, and its body is at most 25 lines."""
    path, tree = source
    if path.relative_to(PACKAGE).parts[0] != "assets":
        return
    assert not imports(tree) & SCIENCE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            assert node.end_lineno - node.body[0].lineno <= 25, node.name


def test_dagster_files_have_no_postponed_annotations(source):
    """Dagster reads annotations when it defines an asset, and fails on text."""
    path, _ = source
    assert not is_dagster_face(path) or "from __future__ import annotations" not in path.read_text()


def test_files_and_functions_are_short(source):
    """At most 300 lines a file and 60 a function."""
    path, tree = source
    assert len(path.read_text().splitlines()) <= MAX_LINES
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.end_lineno - node.lineno + 1
            doc = ast.get_docstring(node, clean=False)
            assert body - len((doc or "").splitlines()) <= MAX_FUNCTION_LINES, node.name


def test_test_files_are_short_too():
    """At most 300 lines, as those of the package."""
    tests = Path(__file__).parent
    long = [path for path in tests.rglob("*.py") if len(path.read_text().splitlines()) > MAX_LINES]
    assert not long


def test_time_comes_from_outside(source):
    """The clock is read by schedules, sensors and the command line, and where it is said why."""
    path, tree = source
    reads = any(
        isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"} for node in ast.walk(tree)
    )
    allowed = {"schedules.py", "sensors/__init__.py", "cli.py", *CLOCK_READERS}
    assert not reads or name_of(path) in allowed


def test_nothing_happens_at_import():
    """Importing every module opens no socket, starts no thread, makes no folder and needs no network."""
    modules = [
        "lightning_eda." + name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in FILES
        if path.name != "__init__.py" or path.parent != PACKAGE
    ]
    code = f"""
import importlib, socket, sys, threading, pathlib, warnings
warnings.simplefilter("ignore")
import dagster, numpy, h5py, pyarrow, duckdb  # their own business
def refuse(*_, **__): raise AssertionError("at import")
socket.socket.connect = socket.getaddrinfo = refuse
pathlib.Path.mkdir = pathlib.Path.write_text = pathlib.Path.write_bytes = refuse
threads = threading.active_count()
for module in {modules!r}:
    importlib.import_module(module)
assert threading.active_count() == threads
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PACKAGE.parent)


def modules_after(code: str) -> set[str]:
    """What a new process has imported after some code."""
    command = [sys.executable, "-c", f"import sys, {code}; print(*sys.modules)"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PACKAGE.parent)
    return set(done.stdout.split())


def test_the_decoder_process_imports_little():
    """Its start is part of every run."""
    imported = modules_after("lightning_eda.glm.decoder_child")
    assert not {"dagster", "duckdb", "pandas", "scipy", *HEAVY} & imported


def test_the_code_location_imports_little():
    """Every command, run and tick loads it: with NumPy, Arrow and pandas it takes 0.5 s more."""
    imported = modules_after("lightning_eda.definitions")
    assert not {"duckdb", "h5py", "numpy", "pandas", "pyarrow", "scipy", *HEAVY} & imported
