"""Reading many granules in one process takes no more memory than reading a few."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lightning_eda.simulator import simulate_hour

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")

ROOT = Path(__file__).parents[3]
READS = 5000
CHILD = """
import resource, sys
from pathlib import Path
from lightning_eda.errors import GranuleError
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.series import TIERS

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

paths = [Path(path) for path in sys.argv[2:]]
refused = 0
for number in range(int(sys.argv[1])):
    path = paths[number % len(paths)]
    image = path.read_bytes()
    if number % 10 == 9:  # one in ten is damaged
        place = 7919 * number % len(image)
        image = image[:place] + bytes(64) + image[place + 64:]
    try:
        read_granule(image, TIERS if number % 5 == 0 else ("flash",), path.name)
    except GranuleError:
        refused += 1
    if number == 500:
        before = resident_mb()
print(resident_mb() - before, refused)
"""


@pytest.mark.slow
def test_memory_is_flat(tmp_path):
    """5,000 granules of 60 kinds of content, one in ten damaged, add less than 50 MB after the first 500."""
    paths = simulate_hour(tmp_path, "G18", datetime(2024, 7, 1, 20, tzinfo=UTC), seed=9, granules=60)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(READS), *map(str, paths)],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    grown_mb, refused = child.stdout.split()
    assert float(grown_mb) < 50
    assert 0 < int(refused) < READS / 10
