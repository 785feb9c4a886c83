"""What a CSV becomes: columns, types, values, counts."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import TransferError
from lightning_eda.tables.csv.stream import CsvOptions, TableColumns, stream_csv
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.tables.csv.sources import Noted, opener, read, types
from lightning_eda_tests.tables.values import oracle
from lightning_eda_tests.tables.values.test_inference import COLUMNS


def test_a_plain_file_gives_names_types_and_values():
    """One row of each type, and NULL where a field is empty."""
    found, result = read(
        "ID,When,Day,Price,OK,Code,Note\n"
        "1,2024-01-01T05:06:07+01:00,2024-01-01,1.5,true,007,\n"
        "2,2024-01-01 05:06,,2,FALSE,12,\"a \"\"b\"\", c\nd\"\n"
    )  # fmt: skip
    assert found == {
        "id": [1, 2],
        "when": [datetime(2024, 1, 1, 4, 6, 7, tzinfo=UTC), datetime(2024, 1, 1, 5, 6, tzinfo=UTC)],
        "day": [date(2024, 1, 1), None],
        "price": [1.5, 2.0],
        "ok": [True, False],
        "code": ["007", "12"],
        "note": [None, 'a "b", c\nd'],
    }
    assert types(result)["when"] == "timestamp[us, tz=UTC]"
    assert (result.rows, result.rows_set_aside, result.passes, result.delimiter) == (2, 0, 1, ",")


def test_empty_and_quoted_empty_fields():
    """Unquoted is NULL; quoted is the empty text in a text column and NULL elsewhere."""
    found, _ = read('a;b;c\n1;x;NULL\n"";"";NA\n;;3\nNULL;NULL;\n', block_bytes=8)
    assert found == {"a": [1, None, None, None], "b": ["x", "", None, "NULL"], "c": [None, None, 3, None]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "windows-1252"])
def test_encodings_and_line_ends_change_nothing(encoding, end):
    """In blocks of any size."""
    text = f"größe;wert{end}Zürich \u2013 Süd;1{end}" + f"plain;2{end}" * 30 + f"Köln;3{end}"
    for block_bytes in (7, 64, 1 << 20):
        found, result = read(text.encode(encoding), block_bytes=block_bytes)
        assert found["grosse"] == ["Zürich \u2013 Süd", *["plain"] * 30, "Köln"]
        assert found["wert"] == [1, *[2] * 30, 3]
        assert result.delimiter == ";"


def test_a_late_first_umlaut_decides_the_encoding():
    """UTF-8 or windows-1252, though the head of the file is ASCII and a block ends inside the character."""
    for encoding, name in (("utf-8", "utf-8"), ("cp1252", "windows-1252")):
        data = ("a,b\n" + "x,1\n" * 70_000 + "ü,2\n").encode(encoding)
        for block_bytes in (10_000, 10_001, 10_002, 10_003, 1 << 20):
            found, result = read(data, block_bytes=block_bytes)
            assert (found["a"][-1], result.encoding, result.passes) == ("ü", name, 1)


def test_other_encodings_when_they_are_given():
    """Of single bytes, of two bytes, and of mainframes."""
    for encoding in ("cp850", "shift_jis", "koi8-r", "cp037"):
        text = (
            "id,text\n1,ソ表\n"
            if encoding == "shift_jis"
            else "id,text\n1,Ж\n"
            if encoding == "koi8-r"
            else "id,text\n1,ü\n"
        )
        found, _ = read(text.encode(encoding), encoding=encoding)
        assert found == {"id": [1], "text": [text[10:-1]]}


def test_declared_types_win():
    """Over what is found out, and whatever the way the column is named."""
    found, result = read(
        "Item ID,price,day\n007,1.5,2024-01-01\n",
        types={"Item ID": "bigint", "price": "decimal(10,2)", "day": "string"},
    )
    assert found == {"item_id": [7], "price": [Decimal("1.50")], "day": ["2024-01-01"]}
    assert types(result)["price"] == "decimal128(10, 2)"


def test_types_of_the_table_hold_and_new_columns_come_last():
    """In the table's order; what is new is found out."""
    known = {"b": pa.string(), "a": pa.float64()}
    found, result = read("new,a,b\n5,1,2\n", known)
    assert found == {"b": ["2"], "a": [1.0], "new": [5]}
    assert list(found) == result.schema.names == ["b", "a", "new"]


def test_a_column_that_may_be_lacking_is_not_missed():
    """The column of the partition stands in the path; when the CSV has it, it has the table's type."""
    known = {"a": pa.int64(), "day": pa.string()}
    assert read("a\n1\n", known, may_lack=("day",))[0] == {"a": [1]}
    assert read("a,day\n1,20240101\n", known, may_lack=("day",))[0] == {"a": [1], "day": ["20240101"]}


def test_a_schema_names_the_columns():
    """The header is passed over when it is one."""
    rows = "1,2\n3,4\n"
    for text, header in (
        ("X, y\n" + rows, "auto"),
        (rows, "auto"),
        (rows, "false"),
        ("p,q\n" + rows, "true"),
    ):
        assert read(text, schema=("x", "Y"), header=header)[0] == {"x": [1, 3], "y": [2, 4]}


def test_no_rows_give_no_rows_with_the_schema():
    """With types declared, of the table, or text for want of values; the columns without values are named."""
    assert types(read("a,b\n", types={"a": "int"})[1]) == {"a": "int32", "b": "string"}
    assert types(read("", {"a": pa.int64()}, schema=("a", "b"))[1]) == {"a": "int64", "b": "string"}
    assert read("\n\n", schema=("a", "b"))[1].without_values == ("a", "b")
    assert read("a,b\n1,\n")[1].without_values == ("b",)


def test_a_file_of_one_column():
    """Its text may hold any delimiter; blank lines are no rows."""
    assert read("text\nhello, you; all\n\nhi\n")[0] == {"text": ["hello, you; all", "hi"]}
    assert read("id\n5\n\n6")[0] == {"id": [5, 6]}


def test_bad_rows_are_set_aside_and_counted_when_the_option_says_so():
    """Wrong numbers of fields, odd quotes, NULs; the good rows around them all arrive."""
    text = 'a,b\n1,2\n3\n4,5,6\n"x\n7,"y"z\n8,\0\n9,10\n\n5" x,12\n'
    for block_bytes in (6, 20, 1 << 20):
        found, result = read(text, bad_rows="set_aside", block_bytes=block_bytes)
        assert found == {"a": ["1", "9", '5" x'], "b": [2, 10, 12]}
        assert result.rows_set_aside == 5
        assert [row.line for row in result.set_aside] == [3, 4, 5, 6, 7]
        assert [row.reason[:25] for row in result.set_aside] == [
            "1 fields where 2 are expe",
            "3 fields where 2 are expe",
            "the quote that opens in l",
            "the quote that opens in l",
            "a NUL character, as in da",
        ]


def test_bad_rows_of_windows_1252_are_set_aside_too():
    """Though pyarrow cannot show their text."""
    found, result = read("a,b\nü,1\nü,2,3\nö,4\n".encode("cp1252"), bad_rows="set_aside")
    assert (found, result.rows_set_aside) == ({"a": ["ü", "ö"], "b": [1, 4]}, 1)


def test_only_the_first_bad_rows_are_kept():
    """All are counted."""
    result = read("a,b\n1,2\n" + "x\n" * 1000, bad_rows="set_aside")[1]
    assert (result.rows_set_aside, len(result.set_aside)) == (1000, 10)


def test_long_fields_and_many_columns_arrive():
    """A field of several blocks, quoted and not; 2,000 columns."""
    for field in ("x" * 300_000, '"' + "a,\n" * 100_000 + '"'):
        found, _ = read(f"a,b\n{field},1\ny,2\n", block_bytes=5000)
        assert found == {"a": [field.strip('"'), "y"], "b": [1, 2]}
    names = [f"c{n}" for n in range(2000)]
    found, _ = read(",".join(names) + "\n" + ",".join(["1"] * 2000) + "\n")
    assert found == {name: [1] for name in names}


def notes_of(data: str, **more) -> list[str]:
    notes: list[str] = []
    stream_csv(
        opener(data.encode()), CsvOptions(), TableColumns(), lambda schema: Noted(notes, schema), **more
    )
    return notes


def test_the_usual_file_is_read_once_and_written_once():
    """One sink, closed with all rows."""
    assert notes_of("a\n" + "1\n" * 5000, block_bytes=100) == ["open int64", "close 5000"]


def test_a_late_value_of_another_type_discards_what_was_written():
    """The file is read again, and the second sink gets every row."""
    data = "a,b\n" + "1,x\n" * 5000 + "1.5,y\n" + "007,z\n"
    assert notes_of(data, block_bytes=100) == [
        "open int64,string",
        "discard",
        "open string,string",
        "close 5002",
    ]


def test_a_column_that_starts_empty_is_waited_for():
    """Some blocks are held back until it has a value."""
    data = "a,b\n" + "1,\n" * 100 + "1,5\n" * 100
    assert notes_of(data, block_bytes=100) == ["open int64,int64", "close 200"]


def test_a_failing_source_or_sink_discards_and_its_error_passes():
    """No thread is left, and nothing counts as written."""

    class Failing:
        left = 3

        def read(self, size: int) -> bytes:
            self.left -= 1
            if self.left < 0:
                raise TransferError("gone")
            return b"a\n" + b"1\n" * (size // 2 - 1)

    from contextlib import nullcontext

    notes: list[str] = []
    with pytest.raises(TransferError, match="gone"):
        stream_csv(
            lambda: nullcontext(Failing()),
            CsvOptions(),
            TableColumns(),
            lambda s: Noted(notes, s),
            block_bytes=1000,
        )
    assert notes[-1] == "discard"

    class Full(Noted):
        def write(self, batch: pa.RecordBatch) -> None:  # noqa: ARG002 - a sink's
            raise TransferError("full")

    notes.clear()
    with pytest.raises(TransferError, match="full"):
        stream_csv(opener(b"a\n1\n"), CsvOptions(), TableColumns(), lambda schema: Full(notes, schema))
    assert notes == ["open int64", "discard"]


def written(value: str | None, quoted: bool) -> str:
    if value is None:
        return ""
    needs = quoted or value == "" or set(value) & set(',"\r\n')
    return '"' + value.replace('"', '""') + '"' if needs else value


@examples(150)
@given(st.data(), st.integers(1, 60), st.sampled_from(["utf-8", "cp1252"]))
def test_the_size_of_the_blocks_changes_nothing(data, block_bytes, encoding):
    """Types and values are those of the oracle, which looks at whole columns value by value."""
    words = st.text(alphabet='ab ,"\n\réü', max_size=5)
    columns = [data.draw(COLUMNS), data.draw(COLUMNS), data.draw(st.lists(words, max_size=6))]
    rows = max(map(len, columns))
    columns = [[*column, *[None] * (rows - len(column))] for column in columns]
    quotes = data.draw(st.lists(st.booleans(), min_size=3 * rows, max_size=3 * rows))
    fields = [
        [written(value, quotes[3 * n + c]) for c, value in enumerate(row)]
        for n, row in enumerate(zip(*columns, strict=True))
    ]
    text = "a,b,c\n" + "".join(",".join(row) + "\n" for row in fields)
    try:
        raw, given = text.encode(encoding), encoding
    except UnicodeEncodeError:
        raw, given = text.encode(), "utf-8"
    if given == "utf-8":
        given = None  # only the other is not guessed: such texts are no words
    found, result = read(raw, delimiter=",", block_bytes=block_bytes, encoding=given)
    assert list(types(result).values()) == [oracle.type_of(column) for column in columns]
    assert list(found.values()) == [oracle.values_of(column) for column in columns]
