import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.tables.values.convert import MisfitError, convert
from lightning_eda.tables.values.inference import Kind, examine, type_of
from lightning_eda.tables.values.types import TIMESTAMP
from lightning_eda_tests.support.examples import examples
from lightning_eda_tests.tables.values import oracle

VALUES = [
    None, "", "NULL", " ", "NaN", "0", "7", "-12", " 5 ", "007", "-0", "+49 89 1", "+5", "00", "0x1F",
    "1_000", "9007199254740991", "9007199254740992", "9007199254740993", "-9223372036854775808",
    "9223372036854775808",
    "1.5", ".5", "5.", "-.5", "0.5", "00.5", "1e-05", "1E+5", "12E4", "1.5E4", "1e999", "1.0e400", "1e300",
    "inf", "-Infinity", "1,5", "-", ".", "e", "true", "False", "TRUE", "t", "yes", "2024-01-01", "2024-02-30",
    "0000-01-01", "20240101", "2024-01-01 05", "2024-01-01T05:06", "2024-01-01 05:06:07.123",
    "2024-01-01 05:06:07.123456789", "2024-01-01 05:06:07Z", "2024-01-01T05:06:07+01:30",
    "2024-01-01 05:06-0130", "2024-01-01 24:00", "0001-01-01 00:00+01:00", "9999-12-31 23:59:59.999999",
    "05:06", "x", "Zürich", "\uff11",
]  # fmt: skip
COLUMNS = st.one_of(
    st.lists(st.sampled_from(VALUES), max_size=6),
    st.lists(st.one_of(st.none(), st.integers(-(2**65), 2**65).map(str)), max_size=6),
    st.lists(st.floats(allow_nan=False).map(repr), max_size=6),
    st.lists(st.one_of(st.datetimes().map(str), st.dates().map(str)), max_size=6),
    st.lists(st.text(alphabet="0123456789.-+eE TZ:", max_size=8), max_size=4),
)


def checked(column: list[str | None]) -> tuple[pa.Array, Kind]:
    return examine(pa.array(column, pa.string()))


@pytest.mark.parametrize("value", VALUES)
def test_one_value_has_the_type_it_should_have(value):
    """The list above is that of the traps; the oracle is plain Python."""
    array, _ = checked([value])
    assert (str(array.type), array.to_pylist()) == (oracle.type_of([value]), oracle.values_of([value]))


@examples(400)
@given(COLUMNS)
def test_a_column_has_the_type_it_should_have(column):
    """Whatever the mixture of values."""
    array, _ = checked(column)
    assert str(array.type) == oracle.type_of(column)
    assert array.to_pylist() == oracle.values_of(column)


@examples(400)
@given(st.lists(COLUMNS, min_size=1, max_size=4))
def test_the_parts_of_a_column_add_up_to_the_whole(parts):
    """Each part is looked at with what is known of those before, or with nothing: the type is the same."""
    known = apart = Kind.NONE
    for part in parts:
        array, found = examine(pa.array(part, pa.string()), known)
        known |= found
        apart |= checked(part)[1]
        assert array.type == type_of(known)
    assert (
        str(type_of(known))
        == str(type_of(apart))
        == oracle.type_of([value for part in parts for value in part])
    )


def test_a_slice_is_looked_at_by_itself():
    """Not the values around it."""
    whole = pa.array(["x", "1", "2", "007"])
    array, _ = examine(whole.slice(1, 2))
    assert array.to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("column", "data_type", "expected"),
    [
        (["007", " 5", "NULL", ""], pa.int64(), [7, 5, None, None]),
        (["1", "0", "TRUE"], pa.bool_(), [True, False, True]),
        (["1.5", "-2"], pa.float32(), [1.5, -2.0]),
        (["007", "", "NULL"], pa.string(), ["007", "", "NULL"]),
    ],
)
def test_a_given_type_takes_what_it_can_hold(column, data_type, expected):
    """More than is found out by itself: a declared integer may be written 007."""
    assert convert(pa.array(column), data_type).to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "data_type", "index"),
    [
        (["1", "2", "x", "y"], pa.int64(), 2),
        (["1", "0x1F"], pa.int64(), 1),
        (["1", "300"], pa.int8(), 1),
        (["1", "NULL", "1.5"], pa.int64(), 2),
        (["1.25", "1.555"], pa.decimal128(5, 2), 1),
        (["1", "1e39"], pa.float32(), 1),
        (["2024-02-29", "2023-02-29"], pa.date32(), 1),
        (["2024-01-01", "2024-01-01 25:00"], TIMESTAMP, 1),
        (["true", "maybe"], pa.bool_(), 1),
    ],
)
def test_the_first_value_that_does_not_fit_is_named(column, data_type, index):
    """By its place, from which the line follows."""
    with pytest.raises(MisfitError) as error:
        convert(pa.array(column), data_type)
    assert (error.value.index, error.value.value) == (index, column[index])
