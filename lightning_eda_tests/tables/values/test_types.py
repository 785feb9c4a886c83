import pyarrow as pa
import pytest

from lightning_eda.errors import SchemaChangedError, SettingError
from lightning_eda.tables.values.types import GLUE_TYPES, from_glue, glue_type, parse_type


def test_glue_types_go_both_ways():
    """The type of a table's column is the one that is written for it."""
    for name in [*GLUE_TYPES, "decimal(10,2)", "decimal(38,0)"]:
        assert glue_type(from_glue(name, "x")) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BIGINT", pa.int64()),
        (" integer ", pa.int32()),
        ("varchar(20)", pa.string()),
        ("Decimal( 10 , 2 )", pa.decimal128(10, 2)),
        ("decimal(5)", pa.decimal128(5, 0)),
        ("decimal(2,2)", pa.decimal128(2, 2)),
        ("datetime", pa.timestamp("us", tz="UTC")),
        ("bool", pa.bool_()),
    ],
)
def test_the_usual_names_of_types_are_understood(text, expected):
    """However they are written."""
    assert parse_type(text, "x") == expected


@pytest.mark.parametrize("text", ["money", "", "decimal", "decimal(39,2)", "decimal(2,3)", "array<int>"])
def test_other_texts_are_refused(text):
    """The error names the variable, the column and what is allowed."""
    with pytest.raises(SettingError, match=r"CSV_TYPES: .*decimal\(p,s\).*'price'"):
        parse_type(text, "price")


def test_a_column_of_a_table_that_no_csv_can_fill_is_an_error():
    """Such as a list."""
    with pytest.raises(SchemaChangedError, match="'tags' is array<string> in the table"):
        from_glue("array<string>", "tags")


def test_other_types_have_no_glue_name():
    """They are never guessed."""
    with pytest.raises(ValueError, match="uint8"):
        glue_type(pa.uint8())
