"""The types of columns: as people write them, as pyarrow has them, as Glue and Athena name them."""

import re

import pyarrow as pa

from lightning_eda.errors import SchemaChangedError, SettingError

TIMESTAMP = pa.timestamp("us", tz="UTC")
ALLOWED = "string, int, bigint, double, boolean, date, timestamp or decimal(p,s)"
MAX_PRECISION = 38  # digits; source: Athena documentation, "Data types in Amazon Athena"

GLUE_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": TIMESTAMP,
}
ALIASES = {
    "str": "string", "text": "string", "varchar": "string", "char": "string",
    "integer": "int", "int32": "int", "long": "bigint", "int64": "bigint",
    "float32": "float", "float64": "double", "real": "float", "bool": "boolean", "datetime": "timestamp",
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+)(?:,(\d+))?\)")
_SIZED_TEXT = re.compile(r"(?:var)?char\((\d+)\)")


def parse_type(text: str, column: str) -> pa.DataType:
    """The pyarrow type that a person means, for instance by "bigint" or "decimal(10,2)".

    Args:
        text: A type of Glue, or one of the usual other names of it (integer, text, bool, ...).
        column: The column, for the error.

    Raises:
        SettingError: It is no such type.
    """
    found = _type_of(text)
    if found is None:
        raise SettingError("CSV_TYPES", text, ALLOWED, f"It is the type given for the column {column!r}.")
    return found


def from_glue(text: str, column: str) -> pa.DataType:
    """The pyarrow type of a column of a Glue table.

    A timestamp is read as microseconds UTC, a varchar(n) or char(n) as text (`text_length` has its n).

    Raises:
        SchemaChangedError: A CSV has no values of such a type (array, map, struct, binary).
    """
    found = _type_of(text)
    if found is None:
        raise SchemaChangedError(
            f"the column {column!r} is {text} in the table; a CSV can fill {ALLOWED}: change the table's "
            "column or write to another table"
        )
    return found


def text_length(text: str) -> int | None:
    """Most characters of a varchar(n) or char(n); None for other types."""
    match = _SIZED_TEXT.fullmatch(re.sub(r"\s+", "", text).lower())
    return int(match[1]) if match else None


def glue_type(data_type: pa.DataType) -> str:
    """The name that Glue and Athena have for a pyarrow type; the inverse of `from_glue`.

    Raises:
        ValueError: It is not a type that this package writes.
    """
    if pa.types.is_decimal128(data_type):
        return f"decimal({data_type.precision},{data_type.scale})"
    for name, known in GLUE_TYPES.items():
        if data_type == known:
            return name
    raise ValueError(f"no Glue type is known for {data_type}")


def shown_type(data_type: pa.DataType) -> str:
    """The name of any type for people: Glue's, or else pyarrow's."""
    try:
        return glue_type(data_type)
    except ValueError:
        return str(data_type)


def _type_of(text: str) -> pa.DataType | None:
    word = re.sub(r"\s+", "", text).lower()
    if match := _DECIMAL.fullmatch(word):
        precision, scale = int(match[1]), int(match[2] or 0)
        fits = 1 <= precision <= MAX_PRECISION and scale <= precision
        return pa.decimal128(precision, scale) if fits else None
    if _SIZED_TEXT.fullmatch(word):
        return pa.string()
    return GLUE_TYPES.get(ALIASES.get(word, word))
