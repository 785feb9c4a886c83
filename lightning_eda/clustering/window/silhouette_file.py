"""How the silhouettes of each cluster spread, for every k, on disk: the map draws those of its k."""

import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from lightning_eda.clustering.kmeans.cluster_silhouettes import ClusterSilhouettes
from lightning_eda.clustering.points import Integers
from lightning_eda.errors import PointsError
from lightning_eda.storage.atomic import write_atomic


def write_silhouettes(path: Path, silhouettes: ClusterSilhouettes, k: Integers, fit: str) -> None:
    """Writes them, whole or not at all.

    Args:
        path: The file.
        silhouettes: Of the labellings of every k.
        k: The k of each labelling.
        fit: Which fit they are of.

    Raises:
        StorageError: The file cannot be written.
    """
    buffer = io.BytesIO()
    columns = {**vars(silhouettes), "labelling": k[silhouettes.labelling]}
    np.savez_compressed(buffer, fit=np.array(fit), **columns)
    write_atomic(path, buffer.getvalue())


def read_silhouettes(path: Path, k: int, fit: str) -> ClusterSilhouettes | None:
    """Those of one k; None where there are none of this fit.

    Raises:
        PointsError: The file is damaged.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            if str(arrays["fit"]) != fit:
                return None
            names = ClusterSilhouettes.__dataclass_fields__
            found = ClusterSilhouettes(**{name: arrays[name] for name in names}).of(k)
    except FileNotFoundError:
        return None
    except (OSError, BadZipFile, ValueError, KeyError, EOFError) as error:
        raise PointsError(
            f"{path} is damaged ({error}): run silhouette_evaluator for this window again"
        ) from error
    return found if len(found.cluster) else None
