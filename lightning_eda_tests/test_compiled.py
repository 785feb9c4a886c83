import os
import subprocess
import sys

import numpy as np
import pytest

from lightning_eda.compiled import compiled, run_threads, usable_cpus

pytestmark = pytest.mark.filterwarnings("error")


def test_a_kernel_without_a_place_for_its_cache_still_compiles() -> None:
    """Code that is in no file cannot be cached by numba; it is compiled in this process then."""
    names: dict[str, object] = {}
    exec("def doubled(values):\n    for i in range(len(values)):\n        values[i] *= 2\n", names)
    values = np.arange(4.0)
    compiled(names["doubled"])(values)  # type: ignore[type-var, operator]
    np.testing.assert_array_equal(values, [0, 2, 4, 6])


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_results_keep_the_order_of_the_items(workers: int | None) -> None:
    """Whatever the number of threads."""
    assert run_threads(lambda item: item**2, range(50), workers) == [item**2 for item in range(50)]


def test_an_error_on_a_thread_reaches_the_caller() -> None:
    """The first error is raised, not lost."""
    with pytest.raises(ZeroDivisionError):
        run_threads(lambda item: 1 // item, [1, 0], 2)


def test_usable_cpus_are_those_of_this_process() -> None:
    """At least one, and no more than the machine has."""
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)


def test_importing_the_package_loads_no_heavy_library() -> None:
    """numba, scipy and scikit-learn load when they are used."""
    modules = "cells, kmeans, search, sweep, silhouette, elbow"
    code = (
        f"import sys, lightning_eda.compiled; from lightning_eda.clustering.kmeans import {modules}; "
        "from lightning_eda.clustering import points; from lightning_eda.grids import density; "
        "print(sorted({'numba', 'scipy', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
