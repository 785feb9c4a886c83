"""The documents: their fenced blocks, and what is in backticks."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
MADE = {".git", ".venv", "build", "data", "dist", "__pycache__"}  # no part of the repository


def fences(text: str) -> list[tuple[str, str]]:
    """The language and the content of each fenced block."""
    return FENCE.findall(text)


def words_in_backticks(text: str) -> list[str]:
    """What is in backticks outside of blocks, cut at spaces and commas; each `<...>` is one word."""
    inline = re.findall(r"`([^`]+)`", FENCE.sub("", text))
    return [word for code in inline for word in re.findall(r"(?:<[^>]*>|[^\s,])+", code)]


def repository_files() -> list[str]:
    """Every file of the repository, as /path/from/the/root."""
    found, folders = [], [ROOT]
    for folder in folders:
        for path in folder.iterdir():
            if path.is_dir():
                folders += [path] if path.name not in MADE and not path.name.endswith("_cache") else []
            else:
                found.append("/" + path.relative_to(ROOT).as_posix())
    return found
