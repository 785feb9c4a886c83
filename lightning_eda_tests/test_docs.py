"""The documents are true: paths exist, settings are the real ones, columns are those of the tables."""

import json
import pydoc
import re
import subprocess
from pathlib import Path

import dagster as dg
import duckdb

from lightning_eda.definitions import build_definitions
from lightning_eda.series.files import FLASH_DENSITY
from lightning_eda.settings import CsvSettings, DistanceSettings, Settings, declared
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.schema import all_tables
from lightning_eda_tests.support.documents import (
    DOCUMENTS,
    MADE,
    ROOT,
    fences,
    repository_files,
    words_in_backticks,
)

NO_DEFAULT = "\N{EN DASH}"
FILES = repository_files()
CODE = "\n".join(path.read_text() for path in sorted(ROOT.glob("lightning_eda/**/*.py")))
TESTS = "\n".join(path.read_text() for path in sorted(ROOT.glob("lightning_eda_tests/**/test_*.py")))
VARIABLE = re.compile(r"(?<![\w-])[A-Z]+[0-9]?_?[A-Z][A-Z0-9_]+(?![\w-])")
VARIABLES_OF_OTHERS = {
    "TMPDIR", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES",
    "DAGSTER_HOME", "DAGSTER_DISABLE_TELEMETRY", "DG_CLI_CONFIG",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE",
}  # fmt: skip
NO_VARIABLES = {"SELECT", "FROM", "WHERE", "POST", "DDD", "YYYY", "YYYYMMDD", "HDBSCAN", "OPTICS", "DBSCAN"}
PATH = r"\.?[a-z][\w-]*(?:(?:/[\w.-]+)*(?:/|\.(?:py|md|txt|toml|ya?ml))|(?:/[\w.-]+)+)"
EXAMPLES = {"tb", "tb_x"}
FOLDERS_OF_DATA = {
    "bucket", "clusters", "dagster", "demo", "distances", "extract", "figures", "quarantine", "scratch",
    "sensors", "transform",
}  # fmt: skip


TEXTS = {path: path.read_text() for path in DOCUMENTS}


def test_every_link_leads_somewhere():
    """Relative links and pictures."""
    for path, text in TEXTS.items():
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), (path, target)


def test_every_make_command_exists():
    """`make X` is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for path, text in TEXTS.items():
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, flags=re.MULTILINE))
        assert named <= targets, path


def test_make_help_is_two_columns():
    """However long the name of a command is."""
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) > 10
    assert len({re.match(r"[a-z]+ {2,}", line).end() for line in lines}) == 1


def test_every_path_of_the_repository_that_is_named_exists():
    """Names such as `definitions.py` and `deploy/dagster.yaml` in backticks, and those in the tree."""
    for path, text in TEXTS.items():
        tree = [word for language, block in fences(text) if not language for word in block.split()]
        for word in [word.strip(",") for word in tree] + words_in_backticks(text):
            is_path = re.fullmatch(PATH, word)
            if is_path and word.split("/")[0] not in FOLDERS_OF_DATA | MADE | EXAMPLES:
                end = f"/{word.rstrip('/')}"
                assert any(file.endswith(end) or f"{end}/" in file for file in FILES), (path, word)


def test_every_file_that_is_said_to_be_written_is_known_to_the_code():
    """Paths of the data folder, with or without `data/`, and the names of files there."""
    for path, text in TEXTS.items():
        for word in words_in_backticks(text):
            first = word.removeprefix("data/").split("/")[0]
            if (first in FOLDERS_OF_DATA and "/" in word) or word.startswith("data/"):
                assert f'"{first}"' in CODE or first == "dagster" or "." in first, (path, word)
            name = word.split("/")[-1]
            if re.fullmatch(r"[a-z_]+\.(png|html|gif|npz|json|parquet|csv\.gz|log|duckdb)", name):
                assert re.search(rf"[\"/]{re.escape(name)}\"", CODE), (path, word)


def test_every_setting_that_is_named_is_read():
    """In backticks and in commands; a name that ends in _ is how some begin.

    Who works on the code is also told constants of it: the next test looks them up.
    """
    for path, text in TEXTS.items():
        names = {name for word in words_in_backticks(text) for name in VARIABLE.findall(word)}
        commands = "".join(block for language, block in fences(text) if language == "sh")
        names |= set(re.findall(r"(?:^|\s)([A-Z][A-Z0-9_]+)=", commands))
        known = Read.settings() | VARIABLES_OF_OTHERS | NO_VARIABLES
        names -= set() if path.name != "CONTRIBUTING.md" else constants_beside_files(text).keys()
        assert {name for name in names if not name.endswith("_")} <= known, path
        for name in names - known:
            assert any(one.startswith(name) for one in known), (path, name)


def constants_beside_files(text):
    """The constants that a text names, and the Python files that are named in the same point or paragraph."""
    found = {}
    for point in re.split(r"\n(?:\n|(?=\d+\. |- |\|))", text):
        words = words_in_backticks(point)
        ends = tuple(f"/{word}" for word in words if word.endswith(".py"))
        files = [file for file in FILES if file.endswith(ends)]
        for name in {name for word in words for name in VARIABLE.findall(word)} - Read.settings():
            found.setdefault(name, []).append(files)
    return found


def test_every_constant_that_is_named_is_in_a_file_that_is_named_with_it():
    """So that who adds an asset finds what to add it to."""
    for name, places in constants_beside_files((ROOT / "CONTRIBUTING.md").read_text()).items():
        for files in places:
            defined = re.compile(rf"^{name}(?:: .*)? = ", re.MULTILINE)
            assert any(defined.search((ROOT / file[1:]).read_text()) for file in files), (name, files)


class Read(dict):
    """An environment that remembers what it was asked for."""

    names: set[str]

    @classmethod
    def settings(cls) -> set[str]:
        """The variables that the settings are read from."""
        environment = cls()
        environment.names = set()
        Settings.from_mapping(environment)
        return environment.names

    def get(self, name, default=None):
        self.names.add(name)
        return default


def test_every_name_of_the_code_exists():
    """Dotted names such as `lightning_eda.glm.lcfa.read_granule`, and tests by their names."""
    tops = {path.stem for path in (ROOT / "lightning_eda").iterdir()} | {"lightning_eda"}
    for path, text in TEXTS.items():
        for word in words_in_backticks(text):
            dotted = re.match(r"\w+(?:\.\w+)+", word)
            if dotted and word.split(".")[0] in tops and not word.endswith((".py", ".json")):
                name = "lightning_eda." + dotted[0].removeprefix("lightning_eda.")
                assert pydoc.locate(name), (path, word)
            if word.startswith("benchmarks."):
                assert (ROOT / f"{word.replace('.', '/')}.py").exists(), (path, word)
            if re.fullmatch(r"test_\w+", word):
                assert f"def {word}(" in TESTS, (path, word)


def test_every_json_block_can_be_read():
    """Events, answers and rules."""
    for text in TEXTS.values():
        for language, block in fences(text):
            if language == "json":
                json.loads(block)


def test_the_readme_lists_the_settings_with_their_defaults():
    """All that are read, and those of .env.example; the defaults are the real ones."""
    readme = (ROOT / "README.md").read_text()
    assert Read.settings() <= set(VARIABLE.findall(readme))
    rows = re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", readme, flags=re.MULTILINE)
    listed = {name: default for names, default in rows for name in re.findall(r"`([A-Z0-9_]+)`", names)}
    example = (ROOT / ".env.example").read_text()
    shown = dict(re.findall(r"^(#?[A-Z][A-Z0-9_]+)=(.*)$", example, flags=re.MULTILINE))
    assert {name.removeprefix("#") for name in shown} <= set(listed)
    for one in (one for kind in (Settings, DistanceSettings, CsvSettings) for one in declared(kind).values()):
        default = f"`{one.default}`" if one.default else NO_DEFAULT
        assert listed.get(one.variable, NO_DEFAULT) == default, one.variable
        assert shown.get(one.variable, "") == (one.default or ""), one.variable


def test_every_column_is_documented():
    """docs/data.md has a line for each column, with its type, unit and meaning."""
    text = (ROOT / "docs" / "data.md").read_text()
    for table in (*all_tables(), FLASH_DENSITY):
        section = text[text.index(f"### `{table.name}`") :]
        section = section[: section.find("\n### ", 5) if "\n### " in section[5:] else None]
        for column in table.columns:
            line = f"| `{column.name}` | {column.type} | {column.unit or ''} | {column.description} |"
            assert line in section, line


def test_every_asset_is_in_the_readme_and_in_the_description_of_the_data():
    """Who adds one says in both what it does and writes."""
    readme, data = ((ROOT / path).read_text() for path in ("README.md", "docs/data.md"))
    for spec in build_definitions(Settings()).resolve_all_asset_specs():
        name = spec.key.to_user_string()
        assert f"| {spec.group_name} | `{name}` | " in readme, f"README, What is in the box: no row of {name}"
        assert f"`{name}`" in data, f"docs/data.md does not say what {name} writes"


def test_every_query_of_the_documents_can_be_asked(tmp_path):
    """Of a database that is empty."""
    with writer(tmp_path / "lightning.duckdb"):
        pass
    (block,) = (block for path in DOCUMENTS for kind, block in fences(path.read_text()) if kind == "sql")
    with duckdb.connect(str(tmp_path / "lightning.duckdb"), read_only=True) as database:
        assert [database.sql(query).fetchall() for query in block.split(";")[:-1]]


def test_every_writer_of_a_table_is_a_writer_of_the_database():
    """The list of files in docs/data.md names whoever is named below one of the tables there."""
    text = (ROOT / "docs" / "data.md").read_text()
    (row,) = re.findall(r"^\| `lightning.duckdb` \| (.*?) \|", text, flags=re.MULTILINE)
    writers = "".join(re.findall(r"Written by (.*?); read by", text))
    assert set(re.findall(r"`(\w+)`", row)) == set(re.findall(r"`(\w+)`", writers))


def test_every_reader_of_a_table_comes_after_its_writer():
    """In docs/data.md; and whatever asset comes right after a writer is said to read of what that writes."""
    text = (ROOT / "docs" / "data.md").read_text()
    definitions = build_definitions(Settings())
    graph = definitions.resolve_asset_graph()
    sensors = {one.name for one in definitions.sensors}
    said = {}
    for row in re.findall(r"Written by (.*?); read by\s(.*?)\.$", text, flags=re.MULTILINE | re.DOTALL):
        writers, readers = (set(re.findall(r"`(\w+)`", names)) for names in row)
        after = dg.AssetSelection.assets(*writers).downstream().resolve(graph)
        assert readers - sensors <= {key.to_user_string() for key in after}, row
        for name in writers:
            said.setdefault(name, set()).update(readers)
    for name, readers in said.items():
        right_after = {key.to_user_string() for key in graph.get(dg.AssetKey(name)).child_keys}
        assert right_after <= readers, f"docs/data.md: who reads the tables of {name}?"


def test_the_images_are_made_of_files_that_exist():
    """.dockerignore lets in what it names, and what the build and the Containerfile read is among that."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
    assert {"lightning_eda", "pyproject.toml", "README.md", "LICENSE", "constraints.txt"} <= kept
    copied = re.findall(r"/build/([\w./-]+)", (ROOT / "deploy" / "Containerfile").read_text())
    assert len(copied) == 3
    for path in copied:
        assert (ROOT / path).exists() and path.split("/")[0] in kept, path


def test_no_machine_is_named():
    """No path of anybody's machine and no address of a package registry is in the repository."""
    machine = re.compile(r"/(?:home|root|Users|work)/\w|pypi\.org|registry\.npmjs|deb\.debian")
    folders = [one for one in ROOT.iterdir() if one.is_dir() and one.name not in (".venv", "data")]
    paths = {path for folder in folders for ending in ("py", "md") for path in folder.rglob(f"*.{ending}")}
    for pattern in ("*.py", "*.md", "*.toml", "*.txt", "*.yaml", "Makefile", ".ci/*"):
        paths |= {*ROOT.glob(pattern)}
    assert {ROOT / "README.md", ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / "docs" / "data.md"} <= paths
    for path in paths - {Path(__file__)}:
        assert not machine.search(path.read_text()), path
