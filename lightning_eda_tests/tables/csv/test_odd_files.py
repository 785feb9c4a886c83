"""CSVs as programs and people leave them: what is passed over, what is told, and what is refused."""

import codecs
import json

import pyarrow as pa
import pytest

from lightning_eda.errors import CsvError, SettingError
from lightning_eda_tests.tables.csv.sources import read, types


def test_case_2_columns_keep_their_names_in_any_order():
    """Headers without ASCII letters, one day the other way round."""
    first, _ = read("姓名,城市\n张伟,北京\n")
    second, _ = read("城市,姓名\n北京,张伟\n", {"u59d3_u540d": pa.string(), "u57ce_u5e02": pa.string()})
    assert first == second == {"u59d3_u540d": ["张伟"], "u57ce_u5e02": ["北京"]}


def test_case_2_a_declared_type_meets_the_column_of_that_name():
    """As the CSV spells it, and not the one in its place."""
    found, _ = read("编号,数量\n007,5\n", types={"数量": "double"})
    assert list(found.values()) == [["007"], [5.0]]
    found, result = read("#,name,%\n7,a,007\n", types={"%": "string"})
    assert found == {"u0023": [7], "name": ["a"], "u0025": ["007"]}
    assert types(result)["u0023"] == "int64"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ("<!DOCTYPE html>\n<html><body>Sign in, please</body></html>\n", "HTML"),
        ('<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "XML"),
        (json.dumps({"error": "no"}), "JSON"),
        ('{"id": 1}\n{"id": 2}\n', "JSON lines"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "Git LFS pointer"),
        ("Forbidden", "message"),
        ("Access Denied\n", "message"),
        (b"\x01\x02\x03\x04" * 50, "binary data"),
        ("<html>Größe</html>".encode("cp1252"), "HTML"),
        ("<html>".encode("utf-16"), "HTML"),
    ],
)
def test_case_3_what_is_no_csv_is_refused_by_its_content(data, found):
    """Before a row is read, in any encoding."""
    with pytest.raises(
        CsvError, match=f"s3://b/x.csv seems to be {found}.*, and no CSV; send the CSV itself"
    ):
        read(data)


@pytest.mark.parametrize("line", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_case_8_a_first_line_that_names_the_delimiter_is_no_row(line, codec):
    """As Excel writes it, whatever the rest looks like; lines are counted as they are."""
    found, result = read((line + "größe;note,x\n1;a,b\n").encode(codec))
    assert found == {"grosse": [1], "note_x": ["a,b"]}
    assert result.delimiter == ";"
    with pytest.raises(CsvError, match="line 4: 3 fields where 2"):
        read((line + "a;b\n1;2\n1;2;3\n").encode(codec))


def test_case_8_a_given_delimiter_wins_over_that_line():
    """And the line is passed over all the same."""
    assert read("sep=;\na,b\n1,2\n", delimiter=",")[0] == {"a": [1], "b": [2]}


def test_case_9_a_guessed_encoding_is_told():
    """One that is given, marked or UTF-8 is no guess."""
    data = "id,name\n1,Zürich\n"
    _, result = read(data.encode("cp1252"))
    assert result.doubts == (
        "the encoding is a guess, windows-1252: look whether the text reads well, and set CSV_ENCODING to it",
    )
    assert "utf-16-le" in read((data + "2,Bern\n" * 9).encode("utf-16-le"))[1].doubts[0]
    for codec in ("utf-8", "utf-8-sig", "utf-16"):
        assert read(data.encode(codec))[1].doubts == ()
    assert read(data.encode("cp1252"), encoding="cp1252")[1].doubts == ()
    late = b"id,name\n" + b"1,a\n" * 100_000 + b"2,Z\xfcrich\n"
    assert "windows-1252" in read(late)[1].doubts[0]


@pytest.mark.parametrize("codec", ["gbk", "big5", "shift_jis"])
def test_case_9_a_doubtful_encoding_is_refused_with_the_candidates(codec):
    """At the start or late; given, it is read."""
    data = "id,name\n1,王芳\n2,上海\n"
    late = "id,name\n" + "1,a\n" * 100_000 + "2,王芳\n"
    for text in (data, late):
        with pytest.raises(CsvError, match=r"line \d+: the text is not UTF-8.*CSV_ENCODING.* reads '王芳'"):
            read(text.encode(codec))
    assert read(data.encode(codec), encoding=codec)[0]["name"] == ["王芳", "上海"]


@pytest.mark.parametrize("block_bytes", [6, 1 << 20])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le"])
def test_case_10_joined_files_have_one_header_and_no_marks(codec, block_bytes):
    """A byte-order mark and the header stand at the start of each part; how often is told."""
    part = "\ufeffid,name\n1,a\n"
    found, result = read((part * 3 + "\ufeff2,b\n").encode(codec), block_bytes=block_bytes)
    assert found == {"id": [1, 1, 1, 2], "name": ["a", "a", "a", "b"]}
    assert result.doubts == ("the header stands there 3 times: were files joined?",)


@pytest.mark.parametrize("block_bytes", [6, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ['"id","full name"', "id,full name", '"id",full name'])
def test_case_10_a_header_may_be_repeated_in_other_quotes(header, end, block_bytes):
    """Or with another line end, as programs write the same names differently."""
    data = f'{header}\r\n1,a\r\nid,full name{end}2,b\n"id","full name"{end}3,c\n'
    found, result = read(data, block_bytes=block_bytes)
    assert found == {"id": [1, 2, 3], "full_name": ["a", "b", "c"]}
    assert result.doubts == ("the header stands there 3 times: were files joined?",)


def test_case_10_a_header_that_needs_its_quotes_is_known_in_them_alone():
    """Without them it is a row of more fields; lines inside of it are counted."""
    header = '"a,b","c\nd"\n'
    assert read(f"{header}1,2\n{header}3,4\n")[0] == {"a_b": [1, 3], "c_d": [2, 4]}
    with pytest.raises(CsvError, match="line 6: 3 fields"):
        read(f"{header}1,2\n{header}a,b,c\n")


def test_case_10_a_row_that_is_no_header_stays():
    """Of one column, a value may be the column's name; and lines are still counted as they are."""
    assert read("name\na\nname\n")[0] == {"name": ["a", "name"]}
    with pytest.raises(CsvError, match="line 5: 1 fields"):
        read("a,b\n1,2\na,b\n1,2\n3\n")


def test_case_11_a_header_that_is_not_the_schema_is_told():
    """It alone makes every column text."""
    data = "ID;Nom;Montant\n1;a;2.5\n2;b;3.5\n"
    _, result = read(data, schema=("id", "name", "amount"))
    assert result.doubts[0].startswith("line 1 alone makes text of id, amount: is it a header?")
    assert "CSV_HEADER" in result.doubts[0]
    assert read(data, schema=("id", "name", "amount"), header="true")[1].doubts == ()
    half = read("id,x\n1,2\n", schema=("id", "name"))[0]
    assert half == {"id": ["id", "1"], "name": ["x", "2"]}, "a header has more than half of the names"


def test_case_11_title_lines_are_told():
    """Most cells of the header are empty, and the true header makes every column text."""
    _, result = read("Report,,\nid,name,amount\n1,a,2\n2,b,3\n")
    assert "most cells of the header in line 1 are empty: is it a title?" in result.doubts[0]
    assert "line 2 alone makes text of report, unnamed_2: is it a header?" in result.doubts[1]
    (half,) = read("a,b,,\n1,2,3,4\n")[1].doubts
    assert half == "2 columns have no name in line 1: only their order tells them apart"


@pytest.mark.parametrize(
    "data",
    [
        "a,b\nx,1\ny,2\n",
        "a,b\n007,1\n8,2\n",
        "a,b\nx,y\nz,w\n",
        "a,b\n,\n1,2\n",
        "a\nx\n",
        "a,b\n",
        "n/a,b\n1,2\n",
        "year,2023,2024\nx,1,2\n",
        "station,0,1,2\nx,1,2,3\n",
        "day,2024-01-01\nx,1\n",
        "Energy (J)\n1\n",
        "20240101\n1\n",
        '"a, b"\n"x, y"\n',
    ],
)
def test_case_11_usual_files_raise_no_doubt(data):
    """The first row is like the others."""
    assert read(data)[1].doubts == ()


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        ("Report of 2024\n\nid,name\n1,a\n", {}, "all is one column, 'Report of 2024'"),
        ("# made by x\nid,name\n1,a\n", {}, "all is one column, '# made by x'"),
        ("id~name\n1~a\n2~b\n", {}, "all is one column, 'id~name'"),
        ("id，name\n1，a\n", {}, "all is one column"),  # noqa: RUF001
        ("id    name    amount\n1     a       1.5\n", {}, "all is one column"),
        ("id;name\n1;a\n", {"delimiter": ","}, "all is one column, 'id;name': is the delimiter another one"),
        ("sep=;\nid,name\n1,a\n", {}, "all is one column"),
        ("id\x01name\n1\x01a\n", {}, "control characters in the header in line 1"),
        ("id,name\u20281,a\n", {}, "control characters in the header in line 1"),
        ("1,a,1.5\n2,b,2.5\n", {}, "line 1 has 1.5 where a header has names: is it a row?"),
        ("7,Smith\n8,Jones\n", {}, "line 1 has 7 where a header has names: is it a row?"),
        ('id, "name"\n1, "a"\n', {}, "quotes that are no quotes in line 1"),
        ("'id','name'\n1,'a'\n", {}, "quotes that are no quotes in line 1"),
    ],
)
def test_case_11_a_first_row_that_is_hardly_a_header_is_told(data, options, said):
    """Of another delimiter, under a title, of values; once the columns are known nothing is said."""
    names, result = read(data, **options)
    assert result.doubts[0].startswith(said)
    known = dict(zip(names, result.schema.types, strict=True))
    assert read(data, known, **options)[1].doubts == ()


def test_a_header_with_a_nul_is_refused():
    """As a row with one is; a file of zeros, and what another program packed, begin so."""
    for data in (b"i\0d,name\n1,a\n", b"\0" * 5000, "id,name\n1,a\n".encode("utf-32-le")):
        with pytest.raises(CsvError, match=r"x\.csv line 1, the header: a NUL character, as in damaged"):
            read(data)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_an_encoding_without_its_mark_is_explained(encoding):
    """Python's own error says no setting; where the zeros tell the order of bytes, it is read."""
    with pytest.raises(SettingError, match=f"CSV_ENCODING: found '{encoding}'; allowed: {encoding}-le or"):
        read("id,name\n1,a\n", encoding=encoding)
    assert read("id,name\n1,a\n".encode("utf-16-be"), encoding="utf-16")[0] == {"id": [1], "name": ["a"]}


def test_case_13_fields_of_any_row_may_be_long():
    """Also in the first row, with a header or without."""
    long = "x" * 200_000
    assert read(f"{long},1\n", schema=("a", "b"))[0] == {"a": [long], "b": [1]}
    assert read(f'a,b\n"{long}",1\n')[0] == {"a": [long], "b": [1]}


@pytest.mark.parametrize("end", ["\x1a", "\x1a\r\n", "\n\x1a", "\n   \n", "\n \t\r\n\r\n", "\n\x1a\x1a\n"])
def test_case_19_the_end_of_a_file_is_no_row(end):
    """The Ctrl-Z of DOS, and lines of blanks."""
    assert read("a,b\n1,2" + end)[0] == {"a": [1], "b": [2]}
    assert read("a,b\n1,2" + end, block_bytes=4)[0] == {"a": [1], "b": [2]}
    if " " not in end:
        assert read("a\n1" + end)[0] == {"a": [1]}


def test_a_mark_within_a_line_is_a_character():
    """Only where a part may start is it none."""
    assert read(codecs.BOM_UTF8 + "a,b\n1,\ufeffx\n".encode())[0] == {"a": [1], "b": ["\ufeffx"]}
