import pytest

from lightning_eda.distances.lines import parse_line
from lightning_eda.errors import PairsError

GOOD = [
    (b"a,b,0.5", ("a", "b", 0.5)),
    (b"a,b,0.5\r", ("a", "b", 0.5)),
    (b" a,b ,\t.5e1 ", (" a", "b ", 5.0)),
    (b"007,7,1", ("007", "7", 1.0)),
    (b",,0", ("", "", 0.0)),
    (b"NA,null,1E-3", ("NA", "null", 0.001)),
    (b'"a,b","say ""hi""","0.25"', ("a,b", 'say "hi"', 0.25)),
    (b'5" pipe,b,1', ('5" pipe', "b", 1.0)),
    ("Zürich,東京,+1".encode(), ("Zürich", "東京", 1.0)),
    (b"a,b,1e-999", ("a", "b", 0.0)),
    (b"x" * 1024 + b",b,1", ("x" * 1024, "b", 1.0)),
]


@pytest.mark.parametrize(("line", "row"), GOOD, ids=[repr(line[:20]) for line, _ in GOOD])
def test_a_row_is_two_items_and_a_distance(line, row):
    """Items are taken as they stand; a distance is what float() takes."""
    assert parse_line(line, as_integers=False) == row


def test_minus_zero_is_zero():
    """Its sign does not get through."""
    assert str(parse_line(b"a,b,-0.0", as_integers=False)[2]) == "0.0"


@pytest.mark.parametrize("line", [b"", b"\r", b"   ", b"\t\r", b"\x1a", b"\x1a\r"], ids=repr)
def test_blank_lines_are_no_rows(line):
    """Nor is white space alone, nor (case 19) the Ctrl-Z of DOS."""
    assert parse_line(line, as_integers=False) is None


@pytest.mark.parametrize(
    ("text", "item"), [("007", "7"), ("+7", "7"), (" 7\t", "7"), ("-0", "0"), (str(-(2**63)), str(-(2**63)))]
)
def test_integers_are_spelt_in_one_way(text, item):
    """Under CONVERT_KEY_TO_INT, "007" and "7" are one item."""
    assert parse_line(f"{text},1,0.5".encode(), as_integers=True) == (item, "1", 0.5)


BAD = [
    (b"a,b", False, "2 columns in 'a,b'; each row is item,item,distance"),
    (b"a,b,0.5,", False, "4 columns"),
    (b"a b 0.5", False, "1 columns"),
    (b"a;b;0,5", False, "2 columns in 'a;b;0,5'"),
    (b"key1,key2,distance", False, "the distance 'distance' is no number"),
    (b"key1,key2,distance", True, "without a row of headings"),
    (b"a,b,", False, "the distance '' is no number"),
    (b"a,b,1_000", False, "the distance '1_000' is no number"),
    (b"a,b,0x1p3", False, "the distance '0x1p3' is no number"),
    (b"a,b,1 2", False, "the distance '1 2' is no number"),
    (b"a,b,nan", False, "the distance 'nan'; distances must be finite"),
    (b"a,b,-inf", False, "the distance '-inf'"),
    (b"a,b,1e999", False, "the distance '1e999'; distances must be finite"),
    (b"a,b,-0.1", False, "the distance '-0.1'; distances must be finite and not negative"),
    (b"a\xff,b,1", False, "byte 2 is not UTF-8"),
    (b"a,b,1\ra,c,2", False, "a carriage return in the middle of the line"),
    (b'"a,b,1', False, "quotes that are wrong in"),
    (b'"a"b,c,1', False, "a quoted item stands between quotes, on one line"),
    (b"x" * 1025 + b",b,1", False, "an item of 1025 bytes"),
    (b'"' + b"x" * 200_000 + b'",b,1', False, "an item of over 1024 bytes"),
    ("é".encode() * 513 + b",b,1", False, "an item of 1026 bytes"),
    (b"7a,8,1", True, "the item '7a' is no integer, as CONVERT_KEY_TO_INT=true demands"),
    (b",8,1", True, "the item '' is no integer"),
    (b"7.0,8,1", True, "the item '7.0' is no integer"),
    (b"1_0,8,1", True, "the item '1_0' is no integer"),
    (b"0x1f,8,1", True, "the item '0x1f' is no integer"),
    ("٣,8,1".encode(), True, "is no integer"),
    (b"9223372036854775808,8,1", True, "is no 64-bit integer"),
]


@pytest.mark.parametrize(("line", "as_integers", "text"), BAD, ids=[repr(case[0][:24]) for case in BAD])
def test_a_bad_line_says_what_is_wrong(line, as_integers, text):
    """Each mistake has its own words, short ones even for a long line."""
    with pytest.raises(PairsError) as caught:
        parse_line(line, as_integers)
    assert text in str(caught.value)
    assert len(str(caught.value)) < 250
