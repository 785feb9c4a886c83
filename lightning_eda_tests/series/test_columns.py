"""One declaration serves the decoder, the CSVs and the database."""

import numpy as np
import pytest

from lightning_eda.glm.granule import TIER_SCHEMAS
from lightning_eda.series import TABLE_NAMES, TABLES, TIERS
from lightning_eda.series.columns import ARROW_TYPES, SIGNED_TYPES


@pytest.mark.parametrize("kind", SIGNED_TYPES)
def test_a_decoded_number_is_signed_and_holds_what_the_database_does(kind):
    """The greatest value of the unsigned type, and -1."""
    unsigned, signed = (np.iinfo(np.dtype(types[kind])) for types in (ARROW_TYPES, SIGNED_TYPES))
    assert unsigned.min == 0
    assert signed.min < 0
    assert signed.max >= unsigned.max


def test_types_of_a_decoded_granule_are_the_contract():
    """What `read_granule` gives is what people's code is written against."""
    kinds = {field.name: str(field.type) for schema in TIER_SCHEMAS.values() for field in schema}
    assert {name for name, kind in kinds.items() if kind == "double"} == {
        f"{tier}_{what}" for tier in TIERS for what in ("lat", "lon", "area", "energy")
    } - {"event_area"}
    ids = {name: kind for name, kind in kinds.items() if name.endswith("_id")}
    assert ids == {"flash_id": "int32", "group_id": "int64", "event_id": "int64"}
    assert {kinds[name] for name in kinds if "time" in name or name == "granule_start"} == {
        "timestamp[us, tz=UTC]"
    }
    assert {kinds[name] for name in kinds if name.startswith("n_") or "flag" in name} == {"int32"}
    assert TABLE_NAMES == {"flash": "flashes", "group": "groups", "event": "events"}
    assert list(TABLES) == ["granules", *TABLE_NAMES.values()]
