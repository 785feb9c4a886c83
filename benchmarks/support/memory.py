"""The most memory that this process has had."""

from pathlib import Path


def peak_mb() -> float:
    """MB (Linux); `getrusage` would begin at what the parent had when it started this process."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def peak_gb() -> float:
    """The same in GB."""
    return peak_mb() / 1000
