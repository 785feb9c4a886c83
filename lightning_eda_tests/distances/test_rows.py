import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.distances import rows as module
from lightning_eda.distances.blocks import Block
from lightning_eda.distances.rows import parse_block
from lightning_eda_tests.support.examples import examples

NAME = "s3://bucket/in/day=2024-10-01/a.csv.gz"
ODD = [
    "",
    "a",
    "NA",
    "null",
    "NaN",
    " a ",
    "ü",
    "\ufeff",
    "\x00",
    "\x1c",
    "\u2028",
    "007",
    "+7",
    "-0",
    "x" * 1025,
]
FIELDS = st.one_of(
    st.sampled_from([*ODD, '"', '"a"', '"a,b"', '""', '"a""b"', 'a"b', '"a"b', " 7", "9" * 19, "0x1f"]),
    st.text(st.sampled_from('ab,"\r \x85é7'), max_size=4),
)
NUMBERS = st.one_of(
    st.sampled_from(
        ["0", "-0.0", ".5", "5.", "1e3", "1E-5", " 1", "1 ", "+1", "1_0", "nan", "inf", "-1", "1e999",
         "1e-999", "0x1", "", "1.5f", "1d3", '"1"', '" 1"', "\u06631", "\xa01", "infinity", "1,", "\x0b1",
         "1\x00", "00.1",
         "123456789012345678901234567890", "0.1000000000000000055511151231257827021181583404541015625"]
    ),
    st.floats(0, allow_nan=False, allow_infinity=False).map(repr),
)  # fmt: skip
ROW = st.tuples(FIELDS, FIELDS, NUMBERS).map(",".join)
LINE = st.one_of(ROW, ROW, ROW, st.sampled_from(["", " ", "a,b", "a", '"', "\t"]))
PLAIN_ROW = st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.floats(0, 9).map(str)).map(
    ",".join
)


def in_full(rows):
    """Rows as Python values, and the error's text."""
    half = len(rows.items) // 2
    items = rows.items.to_pylist()
    found = list(zip(items[:half], items[half:], map(repr, rows.distance.tolist()), strict=True))
    return found, None if rows.error is None else str(rows.error)


@given(st.lists(LINE, max_size=5), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
@examples(1500)
def test_arrow_reads_what_the_format_means(lines, end, last_end, as_integers):
    """Where the fast way gives an answer at all, it is that of the sure way, to the last bit."""
    text = (end.join(lines) + (end if last_end else "")).encode()
    fast = module._by_arrow(text, as_integers)
    if fast is not None:
        assert in_full(fast) == in_full(module._by_line(Block(text, 1, NAME), as_integers))


@given(st.lists(PLAIN_ROW, min_size=1), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_usual_lists_go_the_fast_way(lines, end, last_end, quoted):
    """CRLF, blank lines, a missing last line end and quoted fields do not make it slow."""
    if quoted:
        lines = ['"' + line.replace(",", '","') + '"' for line in lines]
    text = (end + end.join(lines) + end + (end if last_end else "")).encode()
    assert module._by_arrow(text, as_integers=False) is not None


@pytest.mark.parametrize("bad", [0, 1, 57, 99])
def test_rows_before_a_bad_line_are_there(bad):
    """And the error names the line as an editor counts, from that of the block on."""
    lines = [f"a{k},b,{k}" for k in range(100)]
    lines[bad] = "a,b,far"
    rows, error = in_full(parse_block(Block("\n".join(lines).encode(), 1001, NAME), as_integers=False))
    assert rows == [(f"a{k}", "b", repr(float(k))) for k in range(bad)]
    assert error.startswith(f"{NAME}, line {1001 + bad}: the distance 'far' is no number")


def test_integers_that_are_one_have_one_place():
    """Spellings of a number meet in the dictionary."""
    for text in (b"7,007,1\n+7, 7 ,2\n", b"7,007,1\n \n+7, 7 ,2\n"):  # by Arrow, and line by line
        items = parse_block(Block(text, 1, NAME), as_integers=True).items
        assert items.to_pylist() == [7, 7, 7, 7]
        assert items.dictionary.to_pylist() == [7]
