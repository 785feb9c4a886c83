"""A process that loads and can be killed: `python -m lightning_eda_tests.tables.load_child` forks one a line.

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

from lightning_eda_tests.servers import S3Bucket
from lightning_eda_tests.tables.world import World


def load(task: dict[str, str]) -> None:
    """One load, in the child."""
    client = boto3.session.Session("test", "test", region_name="us-east-1").client(
        "s3", endpoint_url=task["endpoint_url"]
    )
    bucket = S3Bucket(task["bucket"], task["endpoint_url"], client)
    World(bucket, Path(task["scratch"]), database=task["database"], is_new=False, loads=100).load()


def main() -> None:
    """Forks a child for each line."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            load(json.loads(line))
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
