"""How a CSV is to be read: the options, and the texts they are set by."""

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from lightning_eda.errors import SettingError
from lightning_eda.tables.text.dialect import parse_delimiter, parse_encoding
from lightning_eda.tables.values.types import parse_type

Header = Literal["auto", "true", "false"]
BadRows = Literal["error", "set_aside"]
HEADERS: Final = ("auto", "true", "false")
BAD_ROWS: Final = ("error", "set_aside")


@dataclass(frozen=True)
class CsvOptions:
    """How a CSV is to be read.

    Attributes:
        schema: Names of the columns in the order of the file; () to take them from the header.
        types: Type of a column by its name, as in `types.parse_type`; the others are found out.
        delimiter: The delimiter; None to detect it.
        encoding: The encoding; None to detect it.
        header: Whether the first row is a header: "true", "false", or "auto", which means that it is one when
            there is no schema or its names are the schema's.
        bad_rows: What happens to a row with the wrong number of fields, an odd quote or a NUL character:
            "error", or "set_aside" to leave it out and count it.
    """

    schema: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    delimiter: str | None = None
    encoding: str | None = None
    header: Header = "auto"
    bad_rows: BadRows = "error"


def parse_options(
    schema: str | None = None,
    types: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: str | None = None,
    bad_rows: str | None = None,
) -> CsvOptions:
    """The options that the texts of the settings mean; None or "" is the default.

    Args:
        schema: CSV_SCHEMA, a comma list or a JSON list of names.
        types: CSV_TYPES, a JSON object of name and type, or a list such as `id:bigint,price:decimal(10,2)`.
        delimiter: CSV_DELIMITER.
        encoding: CSV_ENCODING.
        header: CSV_HEADER: auto, true or false.
        bad_rows: CSV_BAD_ROWS: error or set_aside.

    Raises:
        SettingError: One of them is not allowed; names its variable.
    """
    return CsvOptions(
        schema=_parse_schema(schema or ""),
        types=_parse_types(types or ""),
        delimiter=parse_delimiter(delimiter) if delimiter else None,
        encoding=parse_encoding(encoding) if encoding and encoding.strip() else None,
        header=cast(Header, _word(header, HEADERS, "CSV_HEADER")),
        bad_rows=cast(BadRows, _word(bad_rows, BAD_ROWS, "CSV_BAD_ROWS")),
    )


def _word(text: str | None, allowed: tuple[str, ...], variable: str) -> str:
    word = (text or allowed[0]).strip().lower().replace("-", "_") or allowed[0]
    if word not in allowed:
        raise SettingError(variable, text, ", ".join(allowed))
    return word


def _parse_schema(text: str) -> tuple[str, ...]:
    allowed = 'a comma list of column names, or a JSON list such as ["id", "price"]'
    if not text.strip():
        return ()
    if text.lstrip().startswith(("[", "{")):
        names = _json(text, "CSV_SCHEMA", allowed)
    else:
        names = next(csv.reader([text], skipinitialspace=True))
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise SettingError("CSV_SCHEMA", text, allowed, "One of the names is empty or no text.")
    return tuple(name.strip() for name in names)


def _parse_types(text: str) -> dict[str, str]:
    allowed = 'a list such as id:bigint,price:decimal(10,2), or a JSON object such as {"id": "bigint"}'
    if not text.strip():
        return {}
    if text.lstrip().startswith("{"):
        pairs = _json(text, "CSV_TYPES", allowed, list)
    else:
        parts = [part.rpartition(":") for part in re.split(r",(?![^(]*\))", text) if part.strip()]
        pairs = [(name.strip(), data_type.strip()) for name, _, data_type in parts]
    for name, data_type in pairs:
        if not name or not isinstance(data_type, str):
            raise SettingError("CSV_TYPES", text, allowed)
        parse_type(data_type, name)
    if len({name for name, _ in pairs}) < len(pairs):
        raise SettingError("CSV_TYPES", text, allowed, "A column is named twice.")
    return dict(pairs)


def _json(text: str, variable: str, allowed: str, of_pairs: type = dict) -> Any:  # noqa: ANN401 - as json
    try:
        return json.loads(text, object_pairs_hook=of_pairs)
    except json.JSONDecodeError as error:
        raise SettingError(variable, text, allowed, f"It is not JSON: {error}.") from error
