"""A proxy that adds a delay to each request, in a process of its own: `delayed(endpoint_url, seconds)`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning_eda_tests.servers.s3 import Faults, FaultyProxy

ROOT = Path(__file__).parents[2]


@contextmanager
def delayed(endpoint_url: str, seconds: float) -> Iterator[str]:
    """The address of a proxy in front of a server; it takes no processor time from this process.

    Args:
        endpoint_url: The server.
        seconds: Added to each request.
    """
    command = [sys.executable, "-m", __name__, endpoint_url, str(seconds)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdin is not None and process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def main(endpoint_url: str, seconds: str) -> None:
    """Serve until the standard input is closed."""
    with FaultyProxy(endpoint_url, Faults(latency_s=float(seconds))) as proxy:
        print(proxy.endpoint_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
