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
        "flash_id", "grosse", "zurich", "energy_j", "_id", "c_2024", "unnamed", "a_b", "uvre", "u540d",
        "angstrom",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("姓名", "u59d3_u540d"),
        ("数量 (kg)", "u6570_u91cf_kg"),
        ("価格1", "u4fa1_u683c_1"),
        ("Имя", "u0438_u043c_u044f"),
        ("ガス", "u30ac_u30b9"),
        ("한국", "ud55c_uad6d"),
        ("Όνομα", "u03cc_u03bd_u03bf_u03bc_u03b1"),
        ("Temp (µm)", "temp_m"),
        ("#", "u0023"),
        ("%", "u0025"),
        ("_", "u005f"),
        ("２０２４", "c_2024"),  # noqa: RUF001
        ("№ 5", "no_5"),
    ],
)
def test_case_2_a_name_without_ascii_letters_is_the_same_in_any_place(name, safe):
    """By its code points, whatever stands beside it."""
    assert safe_names([name]) == [safe]
    assert safe_names(["a", "城市", name, ""])[2] == safe


def test_case_2_columns_without_a_name_are_told_apart_by_their_order_alone():
    """Named ones may come and go between them."""
    assert safe_names(["", "a", " ", "b"]) == ["unnamed", "a", "unnamed_2", "b"]
    assert safe_names(["a", "b", "", "c", ""]) == ["a", "b", "unnamed", "c", "unnamed_2"]


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
    assert safe_names(["a" * 255]) == ["a" * 255]


@given(st.text(max_size=30))
def test_safe_names_are_safe_and_stay(name):
    """Glue's characters only, no digit first, and doing it again changes nothing; awswrangler neither."""
    (safe,) = safe_names([name])
    assert re.fullmatch(r"[a-z_][a-z0-9_]*", safe)
    assert safe_names([safe]) == [safe]


def test_awswrangler_leaves_safe_names_alone():
    """Its own clean-up would otherwise give the catalogue other names than the files."""
    import awswrangler.catalog as catalog

    for safe in safe_names(["Flash ID", "Größe", "_id", "2024", "", "camelCase", "姓名", "%", "数量 (kg)"]):
        assert catalog.sanitize_column_name(safe) == safe
