"""Whether the database already holds exactly some rows, so that writing them again can be left out."""

import duckdb
import pyarrow as pa


def holds_rows(stored: duckdb.DuckDBPyRelation, rows: pa.Table) -> bool:
    """Whether a query gives exactly these rows, bit for bit and in this order.

    Read back in pieces and compared: no hash to trust, and it ends at the first difference. DuckDB returns
    rows in the order of insertion; another order only means that they are written again.

    Args:
        stored: The query, with the columns of `rows`.
        rows: The rows in their order.
    """
    offset = 0
    with stored.to_arrow_reader() as batches:
        for batch in batches:
            piece = rows.slice(offset, batch.num_rows)
            if not _bits(pa.Table.from_batches([batch]).cast(rows.schema)).equals(_bits(piece)):
                return False
            offset += batch.num_rows
    return bool(offset == rows.num_rows)


def _bits(rows: pa.Table) -> pa.Table:
    """The rows with doubles as integers of the same bits, so that -0.0 is not 0.0 and NaN equals itself."""
    columns = [
        pa.chunked_array([chunk.view(pa.int64()) for chunk in column.chunks], pa.int64())
        if column.type == pa.float64()
        else column
        for column in rows.columns
    ]
    return pa.table(columns, names=rows.column_names)
