import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.tables.values.decoding import UndecodableError, decode

ENCODINGS = ["utf-8", "windows-1252", "latin-1", "cp850", "koi8-r"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=12), st.sampled_from(ENCODINGS))
def test_columns_are_decoded_as_python_decodes_values(values, encoding):
    """Whatever the lengths of the characters, with missing and empty values between."""
    raw = [None if value is None else value.encode(encoding, "ignore") for value in values]
    expected = [None if value is None else value.decode(encoding) for value in raw]
    found = decode(pa.array(raw, pa.binary()), encoding)
    found.validate(full=True)
    assert found.to_pylist() == expected


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_the_first_value_that_is_not_in_the_encoding_is_named(encoding):
    """Valid bytes that only meet across two values do not make a character."""
    with pytest.raises(UndecodableError) as error:
        decode(pa.array([b"ab", None, b"x\x81", b"\x81"]), encoding)
    assert (error.value.index, error.value.value) == (2, b"x\x81")
    with pytest.raises(UndecodableError):
        decode(pa.array([b"\xc3", b"\xbc"]), "utf-8")
