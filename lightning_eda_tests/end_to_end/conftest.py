"""Assets run in this process, as in `orchestration`."""

from lightning_eda_tests.orchestration.conftest import run, settings

__all__ = ["run", "settings"]
