"""`load_data`: a frame of pandas in place of a CSV."""

import io
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightning_eda.tables.dataset.object_names import ObjectName
from lightning_eda.tables.load import load_data
from lightning_eda_tests.tables.world import DAY, PATH, TABLE, World, ids

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

CSV = "id,name,at\n1,a,2024-01-01 00:00:00\n2,ü,\n"


@pytest.fixture
def session(monkeypatch, world: World) -> Any:
    """A session whose clients go to the local server."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", world.bucket.endpoint_url)
    return boto3.session.Session("test", "test", region_name="us-east-1")


def load_frame(world: World, session: Any, frame: pd.DataFrame, **changes: Any) -> str | dict[str, str]:
    usual: dict[str, Any] = {
        "df": frame,
        "pathoutput": f"s3://{world.bucket.name}/{PATH}",
        "table": TABLE,
        "database": world.database,
        "data_ref": DAY,
        "partitions_cols": "day",
        "bucket_dstn": world.bucket.name,
        "s3_client": world.bucket.client,
        "boto3_session": session,
    }
    return load_data(**{**usual, **changes})


def test_a_frame_is_loaded_as_a_csv_is(world: World, session):
    """Its index is left out, its columns get safe names, its times are microseconds UTC."""
    frame = pd.DataFrame(
        {
            "Energy (J)": [1.5, None],
            "at": pd.to_datetime(["2024-01-01T00:00:00.123456789", None]),
            "kind": pd.Categorical(["a", "b"]),
            "n": pd.array([1, None], dtype="Int64"),
            "nothing": [None, None],
        },
        index=[7, 8],
    )
    assert load_frame(world, session, frame) == "Success"
    assert world.columns() == {
        "energy_j": "double",
        "at": "timestamp",
        "kind": "string",
        "n": "bigint",
        "nothing": "string",
    }
    (first, second) = world.glue_rows()
    assert (first["energy_j"], first["kind"], first["n"]) == (1.5, "a", 1)
    assert first["at"].isoformat() == "2024-01-01T00:00:00.123456+00:00"
    assert set(second.values()) == {None, "b"}
    assert load_frame(world, session, frame.iloc[:1]) == "Success"
    assert len(world.rows()) == 1


def test_a_frames_own_partition_column_is_used(world: World, session):
    """Each value is a partition."""
    frame = pd.DataFrame({"id": [1, 2, 3], "day": [7, 8, 8]})
    assert load_frame(world, session, frame, partitions_cols=["day"]) == "Success"
    assert sorted(world.partitions()) == ["7", "8"]
    assert load_frame(world, session, frame.iloc[:0]) == "Success"
    assert ids(world.rows()) == [1, 2, 3]


def test_an_empty_frame_empties_the_partition(world: World, session):
    """No rows is a result; also where a machine whose clock is far ahead loaded it before."""
    frame = pd.DataFrame({"id": [1]})
    load_frame(world, session, frame)
    ahead = ObjectName("20990101T000000000000Z-00000000", "0" * 16, 1, 1)
    world.bucket.put(f"{PATH}day={DAY}/{ahead}", world.read(world.keys()[0]))
    assert load_frame(world, session, frame.iloc[:0]) == "Success"
    assert world.rows() == []
    assert len(world.keys()) == 1


@pytest.mark.parametrize(
    ("frame", "changes", "message"),
    [
        (pd.DataFrame({"id": ["x"]}), {}, "id does not fit: it is bigint in the table"),
        (pd.DataFrame({"other": [1]}), {}, "id is missing"),
        (pd.DataFrame({"id": [2**70]}), {}, "id does not fit: it is bigint in the table"),
        (
            pd.DataFrame({"id": [1, 2], "on": [date(2024, 1, 1), datetime(2024, 1, 1, 5)]}),
            {},
            "days and times are mixed: times of day would be lost",
        ),
        (pd.DataFrame({"id": [1], "list": [[1]]}), {}, "list does not fit: it is no type of Glue"),
        (pd.DataFrame({"id": [1], "a b": [1], "a-b": [1]}), {}, "2 columns would be named 'a_b'"),
        (pd.DataFrame({"id": [1]}), {"database": "absent"}, "there is no Glue database 'absent'"),
        (pd.DataFrame({"id": [1]}), {"pathoutput": "s3://other/x"}, "make the two agree"),
        (pd.DataFrame({"id": [1]}), {"partitions_cols": []}, "CSV_PARTITIONS_COLS"),
    ],
)
def test_a_frame_that_cannot_be_loaded_answers_with_the_reason(
    world: World, session, frame, changes, message
):
    """The old rows stay."""
    load_frame(world, session, pd.DataFrame({"id": [1]}))
    answer = load_frame(world, session, frame, **changes)
    assert isinstance(answer, dict)
    assert message in answer["errorMessage"]
    assert ids(world.rows()) == [1]


def test_numbers_that_glue_has_no_type_for_get_the_next_wider_one(world: World, session):
    """Their largest values are kept."""
    largest = {"UInt8": 2**8 - 1, "UInt16": 2**16 - 1, "UInt32": 2**32 - 1, "UInt64": 2**63 - 1}
    frame = pd.DataFrame({name: pd.array([value], dtype=name) for name, value in largest.items()})
    assert load_frame(world, session, frame.assign(half=np.array([0.5], "float16"))) == "Success"
    assert list(world.columns().values()) == ["smallint", "int", "bigint", "bigint", "float"]
    assert list(world.rows()[0].values()) == [*largest.values(), 0.5]


def test_arrow_tables_from_pandas_keep_their_numbers(world: World, session):
    """Integers that pandas made floats, for want of NULL, fit an integer column again."""
    load_frame(world, session, pd.DataFrame({"id": [1]}))
    assert load_frame(world, session, pd.DataFrame({"id": [1.0, None]})) == "Success"
    assert world.columns() == {"id": "bigint"}
    assert pa.types.is_int64(pq.read_schema(io.BytesIO(world.read(world.keys()[0]))).field("id").type)
