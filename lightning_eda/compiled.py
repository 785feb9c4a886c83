"""Kernels compiled by numba at first use, and run on threads: numba releases the interpreter lock.

A kernel is a plain Python function at the top of a module, so it can be read and tested without numba.
Kernels use loops and no slices: the first slice assignment alone takes numba over a second to compile.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock
from typing import Any, TypeVar

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
T = TypeVar("T")
R = TypeVar("R")

_LOCK = Lock()
_FASTMATH = {"reassoc", "contract", "nsz"}  # the rest would allow wrong results with infinity


def compiled(kernel: Kernel, *helpers: Callable[..., Any]) -> Kernel:
    """The kernel as machine code; its first call with new argument types takes about a second.

    The code is kept on disk beside the package, or in the user's cache folder where that is not writable, so
    only the first process ever pays for the compilation. Where neither is writable each process compiles.

    Args:
        kernel: A function that numba can compile.
        helpers: The functions of the same module that it calls, also through each other.
    """
    with _LOCK:
        machine_code: Kernel = _compile(kernel, helpers)
    return machine_code


@cache
def _compile(kernel: Callable[..., Any], helpers: tuple[Callable[..., Any], ...]) -> Any:  # noqa: ANN401
    import numba
    from numba.extending import register_jitable

    for helper in helpers:
        _register(register_jitable, helper)
    try:
        return numba.njit(kernel, cache=True, nogil=True, fastmath=_FASTMATH, error_model="numpy")
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        return numba.njit(kernel, nogil=True, fastmath=_FASTMATH, error_model="numpy")


@cache
def _register(register: Callable[[Callable[..., Any]], Any], helper: Callable[..., Any]) -> None:
    register(helper)


def usable_cpus() -> int:
    """The number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # absent on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_threads(task: Callable[[T], R], items: Iterable[T], workers: int | None = None) -> list[R]:
    """The results of `task` over the items, in their order, whatever the number of workers.

    Args:
        task: Called once per item, on any thread.
        items: What to work on.
        workers: Threads; None takes every usable processor.
    """
    count = usable_cpus() if workers is None else workers
    if count <= 1:
        return [task(item) for item in items]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(task, items))
