"""The item of a flash in a list of distances leads back to its row."""

from datetime import datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.clustering.storms.cells import flash_items
from lightning_eda_tests.clustering.storms.flash_keys import FlashKey, parse_flash_item

keys = st.builds(
    FlashKey,
    st.sampled_from(["G16", "G17", "G18", "G19"]),
    st.integers(0, 36_000_000 * 20).map(
        lambda tenths: datetime(2018, 2, 13) + timedelta(seconds=tenths / 10)
    ),
    st.integers(0, 65_535),
)


def items_of(flashes: list[FlashKey]) -> list[str]:
    schema = pa.schema(
        {"satellite": pa.string(), "granule_start": pa.timestamp("us"), "flash_id": pa.uint16()}
    )
    return flash_items(pa.Table.from_pylist([key._asdict() for key in flashes], schema)).to_pylist()


def test_an_item_is_satellite_start_and_id():
    """The start as NOAA writes it, to the tenth of a second."""
    key = FlashKey("G18", datetime(2024, 10, 1, 0, 10, 20, 200_000), 12_345)
    assert items_of([key]) == ["G18_20241001T001020.2_12345"]
    assert items_of([]) == []


@given(st.lists(keys, max_size=8))
def test_an_item_leads_back(flashes):
    """Every key, so no two flashes share an item."""
    assert [parse_flash_item(item) for item in items_of(flashes)] == flashes
