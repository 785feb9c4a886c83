"""The documents are true: paths exist, settings are the real ones, columns are those of the tables."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from lightning_eda.settings import CsvSettings, DistanceSettings, Settings
from lightning_eda.warehouse.schema import TABLES
from lightning_eda.warehouse.schema_clusters import CLUSTER_CENTERS, FLASH_CLUSTERS, K_SCORES
from lightning_eda.warehouse.schema_distances import DISTANCE_CLUSTERS
from lightning_eda.warehouse.schema_storms import STORM_TABLES

ROOT = Path(__file__).parents[1]
NO_DEFAULT = "\N{EN DASH}"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request):
    """A document and its text."""
    return request.param, request.param.read_text()


def test_every_link_leads_somewhere(document):
    """Relative links and pictures."""
    path, text = document
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_make_command_exists(document):
    """`make X` is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", document[1], flags=re.MULTILINE))
    assert named <= targets


def test_every_file_of_the_package_that_is_named_exists(document):
    """Names such as `definitions.py` and `assets/` in backticks or in the tree."""
    for name in re.findall(r"`([\w/]+\.py)`", document[1]):
        assert list(ROOT.rglob(name)), name


def test_the_readme_lists_the_settings_with_their_defaults():
    """Those of .env.example, which are those that are read; the defaults are the real ones."""
    rows = re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    listed = {name: default for names, default in rows for name in re.findall(r"`([A-Z0-9_]+)`", names)}
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, flags=re.MULTILINE)) <= set(listed)
    defaults = {
        "S3_BUCKET": Settings.bucket,
        "PRODUCT": Settings.product,
        "GLM_SIGNED": Settings.signed,
        "GLM_TIERS": Settings.tiers,
        "LIGHTNING_DATA_DIR": Settings.data_dir,
        "DUCKDB_PATH": Settings.duckdb_path,
        "AWS_REGION": Settings.aws_region,
        "HEAL_HOURS": Settings.heal_hours,
        **_with_names(DistanceSettings, ""),
        **_with_names(CsvSettings, "CSV_"),
    }
    for name, default in defaults.items():
        assert listed[name] == (f"`{default}`" if default else NO_DEFAULT), name
        if not default:
            continue
        assert re.search(rf"^{name}={re.escape(default)}$", example, re.MULTILINE) or name == "AWS_REGION"


def _with_names(kind, prefix):
    """The defaults of a system's settings by their variables."""
    return {prefix + field.name.upper(): field.default for field in fields(kind)}


ALL_TABLES = [
    *TABLES.values(),
    K_SCORES,
    CLUSTER_CENTERS,
    FLASH_CLUSTERS,
    DISTANCE_CLUSTERS,
    *STORM_TABLES.values(),
]


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_every_column_is_documented(table):
    """docs/data.md has a line for each column, with its type, unit and meaning."""
    text = (ROOT / "docs" / "data.md").read_text()
    section = text[text.index(f"### `{table.name}`") :]
    section = section[: section.find("\n### ", 5) if "\n### " in section[5:] else None]
    for column in table.columns:
        line = f"| `{column.name}` | {column.type} | {column.unit or ''} | {column.description} |"
        assert line in section, line


def test_no_machine_is_named():
    """No path of anybody's machine and no address of a package registry is in the repository."""
    machine = re.compile(r"/(?:home|root|Users|work)/\w|pypi\.org|registry\.npmjs|deb\.debian")
    for pattern in ("**/*.py", "**/*.md", "*.toml", "*.txt", "*.yaml", "Makefile", ".ci/*"):
        for path in ROOT.glob(pattern):
            ours = not {".venv", "data"} & set(path.relative_to(ROOT).parts)
            if ours and path != Path(__file__):
                assert not machine.search(path.read_text()), path
