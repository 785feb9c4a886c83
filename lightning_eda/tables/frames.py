"""A pandas DataFrame into a dataset, with the same replacement as a CSV: the loading lambda's function."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lightning_eda.errors import LightningEdaError, SchemaChangedError
from lightning_eda.settings import read_settings
from lightning_eda.storage.s3.store import S3Store
from lightning_eda.storage.scratch import private_folder, scratch_folder
from lightning_eda.tables.dataset.location import dataset_location
from lightning_eda.tables.dataset.object_names import new_run
from lightning_eda.tables.dataset.replace import Run
from lightning_eda.tables.dataset.sink import ParquetSink
from lightning_eda.tables.destination import Destination
from lightning_eda.tables.formats import open_destination
from lightning_eda.tables.glue.table import TableTypes
from lightning_eda.tables.options import TableOptions, parse_table_format
from lightning_eda.tables.values.convert import TooLongError, convert, require_lengths
from lightning_eda.tables.values.names import safe_names
from lightning_eda.tables.values.spelling import are_days, spelled
from lightning_eda.tables.values.types import TIMESTAMP, glue_type

if TYPE_CHECKING:
    import boto3
    import pandas as pd
    from mypy_boto3_s3 import S3Client

SUCCESS = "Success"
BATCH_ROWS = 100_000


def load_data(  # noqa: PLR0913 - callers have it so: the arguments are its contract
    df: "pd.DataFrame",
    pathoutput: str,
    table: str,
    database: str,
    data_ref: str,
    partitions_cols: str | Sequence[str],
    bucket_dstn: str,
    s3_client: "S3Client",
    boto3_session: "boto3.Session | None",
    table_format: str | None = None,
) -> str | dict[str, str]:
    """Makes the rows of a DataFrame the partitions they name, without any moment without rows.

    Args:
        df: The rows; its index is left out. Columns are renamed as `names.safe_names` says.
        pathoutput: Place of the dataset: s3://bucket/prefix, or a prefix inside `bucket_dstn`.
        table: Glue table; "" for no catalogue.
        database: Glue database; "" for no catalogue.
        data_ref: Value of the partition column, where the DataFrame does not have it.
        partitions_cols: The partition column, or several.
        bucket_dstn: Bucket of the dataset.
        s3_client: A boto3 client of S3.
        boto3_session: Makes the client of Glue; None for the usual one.
        table_format: "parquet" or "delta"; None follows CSV_TABLE_FORMAT.

    Returns:
        "Success", or `{"errorMessage": reason}`: the old rows are there then, unless the reason says that
        the new ones are.
    """
    from botocore.exceptions import BotoCoreError

    try:
        names = [partitions_cols] if isinstance(partitions_cols, str) else list(partitions_cols)
        bucket = dataset_location(pathoutput, bucket_dstn).bucket
        store = S3Store(bucket, signed=True, setting="CSV_BUCKET_DSTN", client=s3_client)
        glue = _session(boto3_session).client("glue") if table else None
        kind = parse_table_format(table_format or read_settings().csv.table_format)
        options = TableOptions(pathoutput, bucket_dstn, database, table, tuple(names), table_format=kind)
        dataset, types = open_destination(store, options, glue).held_to_table()
        rows = frame_table(df, types, dataset.columns)
        if types is None:
            dataset.require_shared_column(rows.schema, (), "the DataFrame")
        _replace(dataset, rows, dataset.day_value(data_ref, rows.schema))
    except (LightningEdaError, BotoCoreError) as error:
        return {"errorMessage": str(error)}
    return SUCCESS


def frame_table(
    df: "pd.DataFrame", types: TableTypes | None, partition_columns: Mapping[str, pa.DataType]
) -> pa.Table:
    """A DataFrame as an Arrow table of types that Glue has.

    Args:
        df: The rows.
        types: Those of the table, which the DataFrame's columns are made to fit; None when there is none.
        partition_columns: The partition columns and their types; days as text are written 2024-01-01.

    Returns:
        The table's columns first, then the new ones.

    Raises:
        CsvError: Two names become the same.
        SchemaChangedError: A column is missing, or its values fit neither the table nor a type of Glue.
    """
    known = {column.name: column.type for column in types.columns} if types else {}
    known |= partition_columns
    arrays, refused = {}, []  # all columns that do not fit are named in one error
    for place, name in enumerate(safe_names([str(name) for name in df.columns], "the DataFrame")):
        try:
            values = _days_as_text(_plain_array(df.iloc[:, place]), name in partition_columns)
            arrays[name] = _fitted(values, known.get(name))
            if types and name in types.lengths:
                require_lengths(arrays[name], types.lengths[name])
        except TooLongError as error:
            refused.append(f"{name} has more than {types and types.lengths[name]} characters ({error})")
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            wanted = f"{glue_type(known[name])} in the table" if name in known else "no type of Glue's"
            refused.append(f"{name} does not fit: it is {wanted} ({error})")
    refused += [
        f"{name} is missing" for name in known if name not in arrays and name not in partition_columns
    ]
    if refused:
        raise SchemaChangedError(f"the DataFrame's columns do not fit: {'; '.join(refused)}")
    order = [name for name in known if name in arrays] + [name for name in arrays if name not in known]
    return pa.table({name: arrays[name] for name in order})


def _plain_array(values: "pd.Series[Any]") -> pa.Array:
    """The values of a column, with Glue's microseconds."""
    array = pa.Array.from_pandas(values)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_date32(array.type) and any(map(_has_time, values.dropna())):
        raise ValueError("days and times are mixed: times of day would be lost")
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    if pa.types.is_large_string(array.type) or array.type == pa.string_view():
        array = array.cast(pa.string())
    return array


def _has_time(value: object) -> bool:
    return isinstance(value, datetime) and value.time() != time()


def _days_as_text(values: pa.Array, is_partition: bool) -> pa.Array:
    """The values of a partition column of times as they are spelled in the path: midnights are days."""
    if not is_partition or not pa.types.is_timestamp(values.type):
        return values
    return spelled(values.cast(pa.date32()) if are_days(values) else values)


def _fitted(values: pa.Array, wanted: pa.DataType | None) -> pa.Array:
    """Values as the type of the table, or else as the nearest that Glue has."""
    wanted = wanted or _nearest(values.type)
    glue_type(wanted)  # refuses what is none of Glue's
    if pa.types.is_timestamp(values.type) and pa.types.is_date32(wanted) and not are_days(values):
        raise ValueError("times of day would be lost")
    if pa.types.is_string(values.type):
        return convert(values, wanted)
    return values.cast(wanted)


def _nearest(kind: pa.DataType) -> pa.DataType:
    """The type for a column that the table does not have."""
    if pa.types.is_timestamp(kind):
        return TIMESTAMP
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_date64(kind):
        return pa.date32()
    wider = {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.uint64(): pa.int64(),
        pa.float16(): pa.float32(),
    }
    return wider.get(kind, kind)


def _replace(dataset: Destination, rows: pa.Table, data_ref: str) -> None:
    version = secrets.token_hex(8)
    present = (info.key for info in dataset.list_objects())
    run = new_run(datetime.now(UTC), secrets.token_hex(4), present)
    with private_folder() as scratch, scratch_folder(scratch) as folder:
        sink = ParquetSink(folder, rows.schema, list(dataset.columns), data_ref, {})
        for batch in rows.to_batches(BATCH_ROWS):
            sink.write(batch)
        sink.close()
        dataset.replace(Run(run, version, {}), sink)


def _session(session: "boto3.Session | None") -> "boto3.Session":
    import boto3

    return session or boto3.session.Session()
