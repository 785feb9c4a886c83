"""A process that loads and can be killed: `python -m lightning_eda_tests.tables.load.child` forks one a line.

With an argument, large files go up in the smallest parts, so that a file need not be large to have some.

The parent process imports everything once; for each line of JSON it forks a child that makes the load, and
prints the child's process id, then how it ended.
"""

import json
import os
import sys
from pathlib import Path

import awswrangler  # noqa: F401 - so that the children need not
import boto3
import pyarrow.dataset  # noqa: F401

from lightning_eda.storage.s3 import multipart as s3_multipart
from lightning_eda.tables.dataset import sink as parquet_sink
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.tables.world import World


def world_of(task: dict[str, str]) -> World:
    """The world of a task; its clients have no connection yet, so children may use them."""
    client = boto3.session.Session("test", "test", region_name="us-east-1").client(
        "s3", endpoint_url=task["endpoint_url"]
    )
    bucket = S3Bucket(task["bucket"], task["endpoint_url"], client)
    facts = {name: task[name] for name in ("database", "table_format")}
    return World(bucket, Path(task["scratch"]), is_new=False, loads=100, **facts)


def main() -> None:
    """Forks a child for each line."""
    if sys.argv[1:]:
        use_small_parts()
    worlds: dict[str, World] = {}
    for line in sys.stdin:
        world = worlds.setdefault(line, worlds.get(line) or world_of(json.loads(line)))
        pid = os.fork()
        if not pid:
            world.load()
            os._exit(0)
        tell(pid)
        tell(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def use_small_parts() -> None:
    """Parts of 5 MB, the least that S3 takes, and row groups of 1 MB."""
    s3_multipart.ONE_REQUEST_BYTES, s3_multipart.PART_BYTES = 6 * 2**20, 5 * 2**20
    parquet_sink.BLOCK_BYTES = 2**20


def tell(number: int) -> None:
    """A line for the test."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
