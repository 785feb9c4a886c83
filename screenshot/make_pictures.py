"""Makes the pictures of this folder from a real run of the demo.

python screenshot/make_pictures.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from lightning_eda.figures import thumbnail

HERE = Path(__file__).parent
MAX_BYTES = 400_000


def main() -> None:
    """Runs `lightning-eda demo` in an empty folder and keeps its map and its curves."""
    with tempfile.TemporaryDirectory(prefix="lightning-eda-") as folder:
        subprocess.run([sys.executable, "-m", "lightning_eda.cli", "demo"], cwd=folder, check=True)
        (figures,) = (Path(folder) / "data" / "figures").iterdir()
        for source, target in (("map.png", "cluster_map.png"), ("curves.png", "curves.png")):
            picture = thumbnail((figures / source).read_bytes(), MAX_BYTES, width=1300)
            (HERE / "maps" / target).write_bytes(picture)


if __name__ == "__main__":
    main()
