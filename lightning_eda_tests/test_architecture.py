"""The rules of the layout, each held to every file, so that a new file is covered too: one test a rule."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lightning_eda"
FILES = sorted(PACKAGE.rglob("*.py"))
BESIDE = ("lightning_eda_tests", "benchmarks", "screenshot")
FILES_AND_BESIDE = [*FILES, *(path for folder in BESIDE for path in sorted((ROOT / folder).rglob("*.py")))]
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
    "boto3", "botocore", "tqdm", "deltalake", "distributed", "dask",
}  # fmt: skip
SCIENCE = {"sklearn", "netCDF4", "h5py", "boto3", "duckdb", "matplotlib", "plotly", "numpy", "scipy"}
CLOCK_READERS = {
    "assets/ingestor/loading.py": "stamps `loaded_at`",
    "assets/ingestor/transform.py": "the same, for the workers of a cluster",
    "assets/s3_tables/parquet_table.py": "names the run, so that of two at once the newer wins",
    "cli/lake.py": "removes files by their age",
    "aws_lambda/load.py": "takes yesterday when no day is given",
    "tables/frames.py": "names the run; its arguments are given",
}
MAX_LINES = 300
MAX_FUNCTION_LINES = 60
MAX_FILES = 12


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def is_dagster_face(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0] in DAGSTER_FACE


def is_of_assets(path: Path) -> bool:
    return path.relative_to(PACKAGE).parts[0] == "assets"


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def decorated(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in functions(tree) if node.decorator_list]


def length(function: ast.FunctionDef) -> int:
    """Lines, those of the docstring left out."""
    text = ast.get_docstring(function, clean=False) or ""
    return function.end_lineno - function.lineno + 1 - len(text.splitlines())


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


@cache
def _trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in FILES}


def breaking(rule: Callable[[Path, ast.Module], object]) -> list[str]:
    """The files of the package for which a rule answers with something."""
    return [f"{name_of(path)}: {found}" for path, tree in _trees().items() if (found := rule(path, tree))]


def test_only_the_dagster_face_imports_dagster():
    """Everything else can be used, and tested, without it."""
    assert not breaking(lambda path, tree: not is_dagster_face(path) and imports(tree) & {"dagster"})


def test_a_face_is_not_imported_by_its_own_files():
    """What a package says in its `__init__.py` is for others: inside, the order of imports would matter."""

    def face(path: Path, tree: ast.Module) -> list[str]:
        package = ".".join(path.relative_to(PACKAGE.parent).parent.parts)
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names = {alias.name for node in froms if node.module == package for alias in node.names}
        has_code = len(_trees()[path.with_name("__init__.py")].body) > 1
        return sorted(names) if has_code and path.parent != PACKAGE else []

    assert not breaking(face)


def test_only_settings_read_the_environment():
    """`os.environ` and `getenv` stand in one place."""
    reads = {"environ", "getenv", "environb"}
    assert not breaking(
        lambda path, tree: (
            not name_of(path).startswith("settings")
            and {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & reads
        )
    )


def test_heavy_libraries_are_imported_where_they_are_used():
    """Inside functions, so that the code location loads fast."""
    assert not breaking(lambda _, tree: imports(tree, top_level_only=True) & HEAVY)


def test_assets_only_join_steps():
    """An asset's file imports no science."""
    assert not breaking(lambda path, tree: is_of_assets(path) and imports(tree) & SCIENCE)


def test_the_body_of_an_asset_is_short():
    """At most 25 lines."""
    assert not breaking(
        lambda path, tree: (
            is_of_assets(path)
            and [node.name for node in decorated(tree) if node.end_lineno - node.body[0].lineno > 25]
        )
    )


def test_dagster_files_have_no_postponed_annotations():
    """Dagster reads annotations when it defines an asset, and fails on text."""
    postponed = "from __future__ import annotations"
    assert not breaking(lambda path, _: is_dagster_face(path) and postponed in path.read_text())


def test_files_are_short():
    """At most 300 lines, in the package and beside it."""
    assert not [path for path in FILES_AND_BESIDE if len(path.read_text().splitlines()) > MAX_LINES]


def test_functions_are_short():
    """At most 60 lines, their docstring left out."""
    assert not breaking(
        lambda _, tree: [node.name for node in functions(tree) if length(node) > MAX_FUNCTION_LINES]
    )


def test_a_folder_is_seen_at_a_glance():
    """At most 12 Python files, in the package and beside it."""
    folders = Counter(path.parent.relative_to(ROOT).as_posix() for path in FILES_AND_BESIDE)
    assert folders.keys() >= {"lightning_eda", *BESIDE}
    assert not {name: files for name, files in folders.items() if files > MAX_FILES}


def test_a_package_names_its_modules():
    """In the docstring of its `__init__.py`, as a list: names, two spaces or more, and what they are for.

    The list may also say what the package itself offers.
    """
    wrong = {}
    for path in (one for one in FILES if one.name == "__init__.py" and one.parent != PACKAGE):
        modules = {one.stem for one in path.parent.glob("*.py") if one != path}
        modules |= {one.parent.name for one in path.parent.glob("*/__init__.py")}
        listed = re.findall(r"^ *(\w+(?:, \w+)*) {2,}\S", ast.get_docstring(_trees()[path]), re.MULTILINE)
        named = {name for names in listed for name in names.split(", ")}
        offered = {name for name in named - modules if f'"{name}"' in path.read_text()}
        if found := modules ^ (named - offered):
            wrong[name_of(path.parent)] = sorted(found)
    assert not wrong, "missing in the list of its package, or not in the package"


def test_time_comes_from_outside():
    """The clock is read by schedules, sensors and the command line, and where it is said why."""
    allowed = {"schedules.py", "sensors/__init__.py", "cli/demo.py", *CLOCK_READERS}
    readers = {"now", "utcnow", "today"}
    assert not breaking(
        lambda path, tree: (
            name_of(path) not in allowed
            and any(isinstance(node, ast.Attribute) and node.attr in readers for node in ast.walk(tree))
        )
    )


def test_no_test_replaces_a_client():
    """None imports what makes stand-ins for clients or their answers, but the file that says why."""
    stand_ins = re.compile(r"unittest\.mock|botocore\.(?:stub|client)|\bmock_aws\b|\bMagicMock\b")
    tests = {path for path in Path(__file__).parent.rglob("*.py") if path != Path(__file__)}
    assert [path.name for path in tests if stand_ins.search(path.read_text())] == ["quick_clients.py"]


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
    imported = modules_after("lightning_eda.glm.transform.child")
    assert not {"dagster", "duckdb", "pandas", "scipy", *HEAVY} & imported


def test_the_code_location_imports_little():
    """Every command, run and tick loads it: with NumPy, Arrow and pandas it takes 0.5 s more."""
    imported = modules_after("lightning_eda.definitions")
    assert not {"duckdb", "h5py", "numpy", "pandas", "pyarrow", "scipy", *HEAVY} & imported
