"""What a text is that is no rows of values: a page, an error message, JSON, a pointer to the file itself.

A text of one word is a CSV of one column, so nothing but the content tells them apart.
"""

import json
import re
from typing import Final

BLANK: Final = " \t\r\n\v\f\ufeff\x1a"
MAIL_FIELD: Final = (
    r"return-path|received|delivered-to|mime-version|message-id|from|to|subject|date|content-[a-z-]+"
)
MAIL_PROOF: Final = (
    r"(?:return-path|received|delivered-to|mime-version|message-id): "
    r"|date: (?:[a-z]{3}, )?\d\d? [a-z]{3} \d{4} |(?<=\n)\r?\n\s*\S"
)
"""Fields that programs write, or an empty line with a text below: a column may hold `From: x` and `To: y`."""
PATTERNS: Final = (
    ("HTML (a web page)", r"<(?:!doctype html|html|head|body|title|script|meta|table|div|center)\b"),
    ("HTML or XML", r"<!--|<!doctype"),
    ("XML", r"<\?xml\b"),
    ("Git LFS pointer", r"version https://(?:git-lfs|hawser)\.github\.com/spec"),
    ("git-annex pointer", r"/annex/objects/|\.\./(?:\.\./)*\.git/annex/"),
    ("key or certificate", r"-----BEGIN [A-Z ]+-----"),
    ("merge conflict", r"<{7} \S"),
    ("HTTP response", r"HTTP/[0-9.]+ [0-9]{3}"),
    ("script", r"#!\s*/"),
    (
        "SQL",
        r"-- ?\w+ dump\b|(?:--[^\n]*\n\s*|/\*[^*]*\*/;?\s*)*(?:create (?:table|database|schema)\s"
        r"|insert into\s|drop (?:table|database)\s|begin transaction\b"
        r"|set (?:names \w+|\w+ ?= ?[^\n,;]+);"
        r"|select\s[^\n]*\sfrom\s+[\w.]+\s*(?:;|\s(?:where|limit|order|group)\b))",
    ),
    ("YAML", r"---\s*\n|%yaml\b|- \w+:\s|[\w-]+:\s*\n\s*- \w"),
    ("PDF", r"%pdf-\d"),
    ("PostScript", r"%!ps-adobe"),
    ("RTF", r"\{\\rtf\d"),
    ("LaTeX", r"\\(?:documentclass|begin)\b"),
    ("pickle", r"\([dl]p\d+\n"),
    ("e-mail", rf"(?=(?:{MAIL_FIELD}): )(?:[a-z-]+: [^\n]*\n(?:[ \t][^\n]*\n)*)*(?:{MAIL_PROOF})"),
    ("upload of a form", r"--[^\s,;|]+\r?\ncontent-(?:disposition|type):"),
    ("patch", r"diff --git \S|--- \S[^\n]*\n\+\+\+ \S"),
    ("base64", r"(?:[a-z0-9+/]{76}\r?\n){2}|[a-z0-9+/]{300,}={0,2}\s*\Z|data:[\w/+.;=-]*;base64,"),
    ("uuencoded", r"begin [0-7]{3} \S+\r?\n"),
    ("calendar or contact", r"begin:v(?:calendar|card)\b"),
    ("script", r"(?:var|let|const) \w+ ?=|[\w$.]+\(\s*(?:\{\s*[\x22'}]|\[\s*[\[{\x22'\]])|<\?(?:php\b|=)"),
    ("ARFF", r"@relation\s"),
    ("table drawn with lines", r"\+-{2,}[+-]*\+\s*\n"),
    ("encrypted", r"age-encryption\.org/|\$ansible_vault;"),
    ("INI file", r"\[[^\[\],;|\t\n]+\]\s*\n\s*[\w.-]+\s*="),
    ("list of checksums", r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})(?:  | \*)\S+\s*\n?"),
    (
        "error trace",
        r"traceback \(most recent call last\)|exception in thread|[\w.$]+(?:exception|error)\b[^\n]*\n\s+at ",
    ),
)
"""What texts begin with that are no CSVs, whatever their case."""
FORMATS: Final = tuple((name, re.compile(shape, re.IGNORECASE)) for name, shape in PATTERNS)
TAG: Final = re.compile(r"<([A-Za-z_][\w:.-]*)(?:\s[^<>]*)?(/?)>")
JSON_KEY: Final = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"\s*:')
JSON_LIST: Final = re.compile(r'\[\s*(?:[\[{"\]]|-?\d|true|false|null)')
MESSAGE: Final = re.compile(
    r"""
    (?:(?:http\ |error:?\ ?)?[45]\d\d:?\ +)?
    (?: error\s*[:\-] | fatal\s*: | access\ ?denied | forbidden\b | not\ found\b | unauthori[sz]ed\b
      | bad\ (?:request|gateway) | internal\ server\ error | service\ (?:temporarily\ )?unavailable
      | gateway\ time-?out | request\ (?:has\ )?(?:expired|timed?\ ?out) | too\ many\ requests
      | no\ such\ (?:key|file|bucket) | the\ specified\ (?:key|bucket) | permission\ denied
      | invalid\ (?:access|credentials|token|request) | session\ (?:has\ )?expired
      | please\ (?:log|sign)\ ?in | connection\ (?:refused|reset|timed\ out) | you\ (?:do\ not|don't)\ have )
    """,
    re.IGNORECASE | re.VERBOSE,
)
MOST_OF_A_MESSAGE: Final = 5
"""A message has at most so many lines."""
SENTENCE_WORDS: Final = 4


def text_format(text: str, is_whole: bool) -> str | None:
    """What a text seems to be that is no rows; None for what may be rows.

    Args:
        text: Its beginning.
        is_whole: Whether that is all of it.
    """
    text = text.lstrip(BLANK)
    for name, shape in FORMATS:
        if shape.match(text):
            return name
    if text.startswith("<"):
        return "XML" if _is_xml(text) else None
    if text.startswith(("{", "[")):
        return _json_format(text, is_whole)
    return "message, not data" if is_whole and is_message(text) else None


def is_message(text: str) -> bool:
    """Whether a short text reads like an error message of a server, or a sentence."""
    lines = [line for line in text.strip(BLANK).splitlines() if line.strip()]
    if not 1 <= len(lines) <= MOST_OF_A_MESSAGE:
        return False
    first = lines[0].strip()
    words = len(first.split())
    is_sentence = words >= SENTENCE_WORDS and first.endswith((".", "!")) and "\t" not in first
    return bool(is_sentence or (MESSAGE.match(first) and not _has_like_rows(lines)))


def _has_like_rows(lines: list[str]) -> bool:
    """Whether all lines have the same number of fields, and more than one: a table may be of errors."""
    counts = {tuple(line.count(mark) for mark in ",;\t|") for line in lines}
    return len(lines) > 1 and len(counts) == 1 and max(next(iter(counts))) > 0


def _is_xml(text: str) -> bool:
    """Whether a tag that opens is closed, and no delimiter follows either: headers may be `<DATE>,<TIME>`."""
    tag = TAG.match(text)
    if tag is None:
        return False
    close = f"</{tag[1]}>"
    end = text.find(close)
    after = text[tag.end() : tag.end() + 1], text[end + len(close) :][:1]
    return (bool(tag[2]) or end >= 0 or text[tag.end() :].lstrip().startswith("<")) and not any(
        character in ",;\t|" for character in after if character
    )


def _json_format(text: str, is_whole: bool) -> str | None:
    """JSON or JSON lines; not fields in braces or brackets, which a delimiter follows."""
    try:
        end = json.JSONDecoder().raw_decode(text)[1]
    except json.JSONDecodeError:
        shape = JSON_KEY if text.startswith("{") or is_whole else JSON_LIST
        return "JSON" if shape.match(text) else None
    except RecursionError:
        return "JSON"
    rest = text[end:].lstrip(" \r")
    if not rest.strip(BLANK):
        return "JSON"
    return "JSON lines" if rest.lstrip(BLANK).startswith(("{", "[")) else None
