import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.tables.text.blocks import row_blocks
from lightning_eda.tables.text.pieces import Piece
from lightning_eda.tables.text.rows import lines_in, walk
from lightning_eda_tests.support.examples import examples

TEXT = st.text(alphabet='ab,;"\n\r', max_size=120)


def rows_of(text: str) -> list[tuple[int, str, int]]:
    data = text.encode()
    return [(row.line, data[row.start : row.end].decode(), row.fields) for row in walk(data, 1, b",")]


def test_rows_have_lines_as_an_editor_shows_them():
    """Quoted line ends count, of each of the three sorts; blank lines count and are no rows."""
    assert rows_of('a,b\n\n"x\ny","p\r\nq"\r\nlast,one\rafter') == [
        (1, "a,b\n", 2),
        (3, '"x\ny","p\r\nq"\r\n', 2),
        (6, "last,one\r", 2),
        (7, "after", 1),
    ]


def test_a_quote_inside_an_unquoted_field_is_a_character():
    """As in 5" for five inches."""
    assert rows_of('5" pipe,x\ny,z"\n') == [(1, '5" pipe,x\n', 2), (2, 'y,z"\n', 2)]


def test_an_odd_quote_costs_one_line():
    """The row that holds it is given up at the end of the line on which the quote opens."""
    for text in ('a,"b"c,d\ne,f\n', 'a,"b\ne,f\n', 'x\na,"b"c\ne,f'):
        bad, last = list(walk(text.encode(), 1, b","))[-2:]
        assert "is not closed, or not right before a delimiter" in bad.problem
        assert (last.problem, last.fields, last.line) == (None, 2, bad.line + 1)


def test_the_line_of_a_bad_quote_is_that_of_the_quote():
    """Not that of the row."""
    (bad, *_) = walk(b'"x\ny","bad\n', 1, b",")
    assert bad.line == 1
    assert bad.problem.startswith("the quote that opens in line 2 is not closed")


@given(TEXT)
def test_rows_cover_the_text_and_the_lines_add_up(text):
    """Nothing is between rows but blank lines, and each line is the count of line ends before."""
    data = text.encode()
    end = 0
    for row in walk(data, 1, b","):
        assert not data[end : row.start].strip(b"\r\n")
        assert row.line == 1 + lines_in(data[: row.start])
        end = row.end
    assert not data[end:].strip(b"\r\n")
    assert lines_in(data) == len(text.splitlines()) - bool(text and text[-1] not in "\r\n")


@given(st.lists(st.lists(st.text(alphabet='a,"\n\r ', max_size=6), min_size=1, max_size=4), max_size=8))
def test_rows_of_pythons_writer_have_the_fields_that_were_written(rows):
    """Python's csv module is the oracle."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    assert [fields for _, _, fields in rows_of(text.getvalue())] == [len(row) for row in rows]


@examples(300)
@given(TEXT, st.integers(1, 40), st.integers(1, 40))
def test_blocks_are_whole_rows_whatever_their_size(text, block_bytes, piece_bytes):
    """The rows of all blocks are those of the whole text, odd quotes or not, with their lines."""
    data = text.encode()
    pieces = (Piece(data[n : n + piece_bytes], "utf-8") for n in range(0, len(data), piece_bytes))
    blocks = list(row_blocks(pieces, b",", "x", block_bytes))
    ended = data if data.endswith((b"\n", b"\r")) or not data else data + b"\n"
    assert b"".join(block.data for block in blocks) == ended
    expected = [(row.line, row.fields, row.problem) for row in walk(ended, 1, b",")]
    found = [row for block in blocks for row in walk(block.data, block.line, b",")]
    assert [(row.line, row.fields, row.problem) for row in found] == expected
