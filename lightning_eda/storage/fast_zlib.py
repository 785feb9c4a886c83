"""The fastest library that unpacks deflate data as zlib does."""

import zlib
from functools import lru_cache
from importlib import import_module
from types import ModuleType


@lru_cache(maxsize=1)
def fastest_zlib() -> ModuleType:
    """Intel's ISA-L where the package `isal` is installed, which takes 0.4 of the time of zlib; else zlib."""
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return zlib
