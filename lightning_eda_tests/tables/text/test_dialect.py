import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import SettingError
from lightning_eda.tables.text.delimiter import NO_DELIMITER
from lightning_eda.tables.text.dialect import Dialect, detect, is_single_byte, parse_delimiter, parse_encoding
from lightning_eda_tests.support.examples import examples

TABLE = "id,größe\n1,Zürich\n2,Köln\n"


@pytest.mark.parametrize(
    ("mark", "codec", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-be"),
        (3 * codecs.BOM_UTF8, "utf-8", "utf-8"),
        (b"", "utf-16-le", "utf-16-le"),
        (b"", "utf-16-be", "utf-16-be"),
        (b"", "utf-8", "utf-8"),
        (b"", "windows-1252", "windows-1252"),
    ],
)
def test_the_encoding_is_detected(mark, codec, encoding):
    """By the byte-order mark, else by the zeros of UTF-16, else by the first character beyond ASCII."""
    found = detect(mark + TABLE.encode(codec))
    assert (found.encoding, found.delimiter, found.mark_bytes) == (encoding, ",", len(mark))


def test_a_head_of_ascii_leaves_the_encoding_open():
    """The first character beyond ASCII decides later; a UTF-8 character cut in two decides nothing."""
    assert detect(b"a,b\n1,2\n") == Dialect("utf-8", ",", guessed=True)
    assert detect("a,ü".encode()[:-1]).guessed
    assert not detect("a,ü".encode("cp1252") + b"\n").guessed


def test_damage_after_a_valid_character_is_not_taken_for_windows_1252():
    """The text before it would come out as garbage."""
    assert detect("ü,ü\n".encode() + b"\xff,1\n").encoding == "utf-8"


def test_what_is_given_wins():
    """Over what the bytes look like; a byte-order mark is still no part of the first name."""
    assert detect(TABLE.encode(), "\\t", "latin-1") == Dialect("iso8859-1", "\t")
    assert detect(codecs.BOM_UTF8 + b"a;b\n", None, "UTF-8-SIG").mark_bytes == 3
    assert detect(codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le"), None, "utf-16") == Dialect(
        "utf-16-le", ",", 2
    )


@pytest.mark.parametrize("name", ["utf-9", "rot13", "zip", "base64", "idna"])
def test_an_unknown_encoding_is_an_error_that_names_the_variable(name):
    """Also one that is known but not an encoding of text."""
    with pytest.raises(SettingError, match="CSV_ENCODING: found"):
        parse_encoding(name)


def test_delimiters_are_given_as_characters_or_words():
    """A tab cannot be typed everywhere."""
    words = ["\t", "\\t", "tab", "TAB", ";", " ", "pipe"]
    assert [parse_delimiter(word) for word in words] == ["\t", "\t", "\t", "\t", ";", " ", "|"]
    for bad in ('"', "\n", ";;", "ü", "a", "1"):
        with pytest.raises(SettingError, match="CSV_DELIMITER"):
            parse_delimiter(bad)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b;c\n1;2;3\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("id;price;weight\n1;1,5;2,5\n2;3,5;4,5\n", ";"),
        ("1,5;2,5\n3,5;4,5\n", ";"),
        ('a;b\n"x,y,z";"p,q"\n"r,s,t";"u,v"\n', ";"),
        ('a,b\n"1;2;3",x\n"4;5;6",y\n', ","),
        ('a,b\n"line\nline; line",x\n', ","),
        ("a,b\n1,2\nbad\n" + "1,2\n" * 20, ","),
        ("name;note\r\nx;hello, you\r\ny;a, b, c\r\n", ";"),
        ("a,b\r1,2\r", ","),
        ("time,text\n2024-01-01 10:00:00,a|b\n2024-01-01 11:00:00,c|d\n", ","),
        ("text\nhello, you\nhi\n", NO_DELIMITER),
        ("id\n1\n2\n", NO_DELIMITER),
        ("Report 2024\na,b,c\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n1,2,3\n", ","),
        ("a;b;c\n", ";"),
        ("", NO_DELIMITER),
        ("a,b\n1,2\n3;4;5;6", ","),
    ],
)
def test_the_delimiter_is_detected(text, delimiter):
    """Quoted fields, decimal commas, notes with commas and single bad rows do not mislead it."""
    assert detect(text.encode()).delimiter == delimiter


def test_a_known_number_of_columns_settles_it():
    """As when CSV_SCHEMA names them."""
    assert detect(b"1,2;3|4\n5,6;7|8\n9 ,1;2|3\n", columns=2).delimiter in ",;|"
    assert detect(b"a;b|c;d\ne;f|g;h\n", columns=2).delimiter == "|"
    assert detect(b"a;b\nc;d\n", columns=1).delimiter == ";", "else two columns would be read as one"
    assert detect(b"a b,c|d\n", columns=2).delimiter in ",|"


def test_encodings_of_single_bytes_are_told_from_others():
    """Their fields can be cut before they are decoded; in Shift JIS a second byte may look like a bar."""
    assert all(map(is_single_byte, ["windows-1252", "cp850", "latin-1", "koi8-r", "cp1255", "mac-roman"]))
    assert not any(map(is_single_byte, ["utf-8", "shift_jis", "gbk", "big5", "utf-16", "cp037", "utf-7"]))


WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_rows_that_are_not_well_quoted_speak_against_a_delimiter(end):
    """All but one are not under the comma, and the piece that is has two fields, too."""
    text = f'"a";"b"\r\n"";""\r\n"";""\r\n"{end}";",0"\r\n'
    assert detect(text.encode()).delimiter == ";"


@examples(60)
@given(st.sampled_from(",;\t|"), st.integers(2, 6), st.data())
def test_what_python_writes_is_detected(delimiter, columns, data):
    """With fields that hold anything, quoted by Python's writer."""
    rows = data.draw(st.lists(st.lists(WORD, min_size=columns, max_size=columns), min_size=3, max_size=12))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([[f"c{n}" for n in range(columns)], *rows])
    assert detect(text.getvalue().encode()).delimiter == delimiter
