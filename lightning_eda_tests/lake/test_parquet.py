"""A process that ends right after it read the lake ends well: no thread is left that holds what was read."""

import subprocess
import sys

CODE = """
import io, os, sys
import pyarrow as pa, pyarrow.parquet as pq
from lightning_eda.lake.parquet import read_parquet

out = io.BytesIO()
pq.write_table(pa.table({"x": [1, 2], "y": ["a", "b"]}), out)
threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
assert read_parquet(out.getvalue(), ["y"]).to_pydict() == {"y": ["a", "b"]}
assert read_parquet(out.getvalue()).column_names == ["x", "y"]
print(threads() - before)
pq.read_table(io.BytesIO(out.getvalue()))
print(threads() - before > 0)
"""


def test_reading_starts_no_thread() -> None:
    """The control is pyarrow's own way; whether such a thread meets the end of the process is chance."""
    done = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "True"]
