"""Every bad CSV ends in an error that names the object, the line and what to do."""

import gzip
import io

import pyarrow as pa
import pytest

from lightning_eda.errors import ArchiveError, CsvError, SchemaChangedError, SettingError
from lightning_eda.tables.csv.stream import CsvOptions, TableColumns, parse_options, stream_csv
from lightning_eda.tables.unpack.archive import open_csv
from lightning_eda_tests.tables.csv.sources import Noted, opener, read, read_csv


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("", {}, "is empty, without even a header"),
        ("\n\n", {}, "is empty"),
        ("a,b\n1,2\n3\n", {}, "line 3: 1 fields where 2 .*delimiter is ','.*CSV_BAD_ROWS=set_aside"),
        ('a,b\n"x\ny",2\n3,4,5\n', {}, "line 4: 3 fields where 2"),
        ('a,b\r\n\r\n"x\r\ny",2\r\n3,4,5\r\n', {}, "line 5: 3 fields where 2"),
        ('a,b\n1,2\n3,"x\n5,6\n', {}, "line 3: the quote that opens in line 3 is not closed"),
        ('a,b\n1,2\n3,"x\n5,6\n7,"y"\n', {}, "line 3: the quote .* line 3 is not closed, or not"),
        ('"a,b\n1,2\n', {}, "line 1, the first row: the quote that opens in line 1 is not closed"),
        ("a,b\n1,\x002\n", {}, "line 2: a NUL character"),
        ("a,A\n1,2\n", {}, "2 columns would be named 'a': 'a', 'A'"),
        ("a,b,a\n1,2,3\n", {}, "2 columns would be named 'a'"),
        ("ü,b\n1,2\n".encode() + b"\xff,3\n", {}, "line 3, column 'ü': .*xff' is not utf-8; set"),
        (b"\xfc,b\n1,2\n\x81,3\n", {}, "line 3, column 'ü': .*x81' is not windows-1252; set CSV_ENCODING"),
        ("a,b\n1,ü\n", {"encoding": "ascii"}, "line 2: the bytes are not ascii .*CSV_ENCODING"),
        ("a,b\n1,2\n3,x\n".encode("utf-16-le")[:-1] + b"\xd8", {}, "the bytes are not utf-16-le"),
        ("a,b\n1,2\nx,3\n", {"types": {"a": "int"}}, "line 3, column 'a': 'x' is not int, .* CSV_TYPES"),
        (f"a,b\n{60 * 'x'},1\n", {"types": {"a": "int"}}, f"'{60 * 'x'}' is not int"),
        (f"a,b\n{61 * 'x'},1\n", {"types": {"a": "int"}}, rf"'{60 * 'x'}\.\.\.' is not int"),
        ('a,b\n"1\n",2\n1.5,3\n', {"types": {"a": "bigint"}}, "line 4, column 'a': '1.5' is not bigint"),
        ("a;b\n1;2\n3;4;5\n", {"delimiter": ";"}, "line 3: 3 fields where 2"),
        ("a,b\n1,2\n", {"delimiter": ";", "schema": ("x", "y")}, "line 1: 1 fields where 2"),
        ("b,a\n1,2\n", {"schema": ("a", "b")}, r"line 1: the header \(b, a\) is not CSV_SCHEMA, \(a, b\)"),
        ("a,b,x\n1,2,3\n", {"schema": ("a", "b", "c")}, "the header .* is not CSV_SCHEMA.*CSV_HEADER"),
        ("a,b,c\n1,2,3\n", {"schema": ("x",), "header": "true"}, "header has 3 .*CSV_SCHEMA has 1 names"),
        ("a,b\n1\n2\n", {"bad_rows": "set_aside"}, "not one of its 2 rows can be read; line 2: 1 fields"),
    ],
)  # fmt: skip
def test_a_bad_file_is_explained(data, options, message):
    """Whatever the size of the blocks."""
    for block_bytes in (5, 1 << 20):
        with pytest.raises(CsvError, match="(?s)(s3://b/x.csv|CSV_SCHEMA).*(" + message + ")"):
            read(data, block_bytes=block_bytes, **options)


@pytest.mark.parametrize(
    ("data", "known", "options", "message"),
    [
        (
            "a,b\n1,2\n",
            {"c": pa.int64(), "d": pa.int64(), "a": pa.int64()},
            {},
            r"lacks columns .*: \(c, d\)",
        ),
        (
            "a,b\n1,2\n1.5,2\n",
            {"a": pa.int64()},
            {},
            "line 3, column 'a': '1.5' is not bigint, .* in the table",
        ),
        ("a\n99999999999\n", {"a": pa.int32()}, {}, "line 2, column 'a': '99999999999' is not int"),
        (
            "a\n1\n",
            {"a": pa.int64()},
            {"types": {"a": "string"}},
            "a is bigint in the table and string in CSV_TYPES",
        ),
    ],
)
def test_what_does_not_fit_the_table_is_explained(data, known, options, message):
    """As a change of schema, which names the columns."""
    with pytest.raises(SchemaChangedError, match=message):
        read(data, known, **options)


def test_an_error_in_a_late_block_names_the_right_line():
    """Lines are counted through all blocks, quoted line ends included."""
    text = "a,b\n" + '1,"x\ny"\n' * 20_000
    for bad, message in (("1,2,3\n", "line 40002: 3 fields"), ('1,"x\n', "line 40002: the quote")):
        with pytest.raises(CsvError, match=message):
            read(text + bad + "1,2\n", block_bytes=10_000)
    with pytest.raises(CsvError, match="line 40002, column 'a': 'x' is not int"):
        read(text + "x,2\n", block_bytes=10_000, types={"a": "int"})


def test_a_line_without_end_is_no_csv():
    """It is given up before it fills the memory; so is a quote that never closes."""
    notes: list[str] = []
    for data, message in (
        (b"a\n" + b"x" * 50_000, "line 2: the line has more than 10,000 bytes"),
        (b'a\n"' + b"x\n" * 50_000, "line 2: the quote that opens in line 2 is not closed"),
    ):
        with pytest.raises(CsvError, match=message):
            stream_csv(
                opener(data), CsvOptions(), TableColumns(), lambda schema: Noted(notes, schema),
                block_bytes=1000, max_row_bytes=10_000,
            )  # fmt: skip
    assert "close" not in " ".join(notes)


def test_a_damaged_archive_discards_what_was_read():
    """The rows before the damage do not count."""
    data = gzip.compress(b"a\n" + b"".join(b"%d\n" % n for n in range(100_000)))
    notes: list[str] = []
    with pytest.raises(ArchiveError, match="cut short"):
        stream_csv(
            lambda: open_csv(io.BytesIO(data[:-20]), "s3://b/x.gz"), CsvOptions(), TableColumns(),
            lambda schema: Noted(notes, schema), block_bytes=1000,
        )  # fmt: skip
    assert notes == ["open int64", "discard"]


@pytest.mark.parametrize("second", [b"a,b\n1,2\n", b"a\n" + b"1\n" * 1000 + b"x\n"])
def test_a_file_that_changes_between_two_readings_is_not_believed(second):
    """The columns and types of the first would not be those of the second."""
    texts = iter([b"a\n" + b"1\n" * 1000 + b"1.5\n", second])
    with pytest.raises(CsvError, match="changed while it was read; run it again"):
        read_csv(lambda: opener(next(texts))(), name="s3://b/x", block_bytes=50)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": {"c": "int"}}, r"CSV_TYPES: found 'c'; allowed: columns of the CSV: \(a, b\)"),
        ({"header": "false"}, "CSV_SCHEMA: it is not set.*CSV_HEADER=false needs them"),
        ({"encoding": "utf-9"}, "CSV_ENCODING: found 'utf-9'"),
        ({"delimiter": ",,"}, "CSV_DELIMITER: found ',,'"),
    ],
)
def test_an_option_that_does_not_fit_names_its_variable(options, message):
    """So that the right thing is corrected."""
    with pytest.raises(SettingError, match=message):
        read("a,b\n1,2\n", **options)


def test_options_are_read_from_text():
    """Lists as commas or JSON; empty texts are the defaults."""
    assert parse_options() == parse_options("", " ", "", "", "", "") == CsvOptions()
    expected = CsvOptions(
        ("id", "unit price"),
        {"id": "bigint", "unit price": "decimal(10,2)"},
        "\t",
        "cp850",
        "true",
        "set_aside",
    )
    commas = "id:bigint, unit price:decimal(10,2)"
    assert parse_options("id, unit price", commas, "tab", "CP850", "True", "set-aside") == expected
    assert parse_options('"id", "unit price"').schema == ("id", "unit price")
    as_json = '{"id": "bigint", "unit price": "decimal(10,2)"}'
    assert parse_options('["id", "unit price"]', as_json, "\\t", "cp850", "true", "set_aside") == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("schema", "a,,b"),
        ("schema", "[1]"),
        ("schema", "[oops"),
        ("schema", '{"a": "int"}'),
        ("types", "a"),
        ("types", "a:int,a:int"),
        ("types", '{"a": "int", "a": "string"}'),
        ("types", "a:money"),
        ("types", '{"a": 1}'),
        ("types", "{oops"),
        ("header", "maybe"),
        ("bad_rows", "ignore"),
        ("delimiter", "ab"),
        ("encoding", "x-y"),
    ],
)
def test_a_bad_option_text_names_its_variable(name, text):
    """And what is allowed."""
    with pytest.raises(SettingError, match=f"CSV_{name.upper()}: found .*allowed: "):
        parse_options(**{name: text})
