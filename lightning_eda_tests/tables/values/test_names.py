import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import CsvError
from lightning_eda.tables.values.names import safe_names


def test_names_become_lower_case_ascii():
    """Accents are folded, other characters become one underscore, digits do not lead."""
    names = [
        "Flash ID",
        "Größe",
        "ZÜRICH",
        "Energy (J)",
        "_id",
        "2024",
        "",
        "a--b",
        "œuvre",
        "名",
        "Ångström",
    ]
    assert safe_names(names) == [
        "flash_id", "grosse", "zurich", "energy_j", "_id", "c_2024", "column_7", "a_b", "uvre", "column_10",
        "angstrom",
    ]  # fmt: skip


def test_two_names_that_become_one_are_an_error_with_both():
    """Nothing is renamed behind the user's back."""
    with pytest.raises(
        CsvError, match=r"s3://b/x\.csv: 2 columns would be named 'id': 'ID', 'id'.*CSV_SCHEMA"
    ):
        safe_names(["ID", "x", "id"], "s3://b/x.csv")


def test_a_name_too_long_for_glue_is_an_error():
    """It is not cut."""
    with pytest.raises(CsvError, match="300 characters, Glue takes 255"):
        safe_names(["a" * 300])


@given(st.text(max_size=30))
def test_safe_names_are_safe_and_stay(name):
    """Glue's characters only, no digit first, and doing it again changes nothing; awswrangler neither."""
    (safe,) = safe_names([name])
    assert re.fullmatch(r"[a-z_][a-z0-9_]*", safe)
    assert safe_names([safe]) == [safe]


def test_awswrangler_leaves_safe_names_alone():
    """Its own clean-up would otherwise give the catalogue other names than the files."""
    import awswrangler.catalog as catalog

    for safe in safe_names(["Flash ID", "Größe", "_id", "2024", "", "camelCase"]):
        assert catalog.sanitize_column_name(safe) == safe
