"""The floors of the dependencies are above the versions with known faults, and CI tests what they allow."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
WITHOUT_KNOWN_FAULTS = {
    "filelock": "4.2.1",  # CVE-2026-22701, CVE-2026-112906, CVE-2026-112934: links in shared folders
    "h5py": "3.16",  # its wheels hold HDF5 2.0: CVE-2025-2153, CVE-2025-44905 and some 20 more of 1.14
    "pillow": "12.3",  # CVE-2026-25990, CVE-2026-59205 and others: writes out of bounds
    "playwright": "1.55.1",  # CVE-2025-59288: browsers fetched without a check
    "pyarrow": "23.0.1",  # CVE-2026-25087: use after free in Arrow C++
    "pytest": "9.0.3",  # CVE-2025-71176: a folder that others can guess
    "scikit-learn": "1.5",  # CVE-2024-5206: data kept in models
    "setuptools": "78.1.1",  # CVE-2025-47273: a path out of its folder
    "tqdm": "4.66.3",  # CVE-2024-34062: code in arguments
    "urllib3": "2.8",  # CVE-2026-97687 to 97689: endless and unbounded replies
}
"""The first version without any fault that was published when this was written."""


def requirements() -> dict[str, Requirement]:
    """What pyproject.toml asks for: of everybody, of each extra, and to build."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    texts = [*content["project"]["dependencies"], *content["build-system"]["requires"]]
    for extra in content["project"]["optional-dependencies"].values():
        texts += extra
    found = [Requirement(text) for text in texts]
    return {one.name: one for one in found if one.name != content["project"]["name"]}


@pytest.mark.parametrize(("name", "first"), WITHOUT_KNOWN_FAULTS.items(), ids=WITHOUT_KNOWN_FAULTS)
def test_no_version_with_a_known_fault_is_allowed(name: str, first: str):
    """By the floor, whatever else an environment holds."""
    floors = [Version(one.version) for one in requirements()[name].specifier if one.operator == ">="]
    assert floors, name
    assert max(floors) >= Version(first)


def test_what_is_tested_is_what_is_allowed():
    """Each version of constraints.txt is one that pyproject.toml allows."""
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    versions = {name.lower().replace("_", "-"): version for name, version in pinned.items()}
    for name, one in requirements().items():
        if version := versions.get(name.lower().replace("_", "-")):
            assert version in one.specifier, name
