"""Where the benchmark runs."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

__all__ = ["describe_machine", "load_average"]


def describe_machine() -> list[str]:
    """Give lines about processor, memory, system, Python and the source that ran."""
    return [
        f"processor: {_processor()}, {os.cpu_count()} cores seen; memory: {_memory_gigabytes():.0f} GB",
        f"system: {platform.system()} {platform.release()}; CPython {sys.version.split()[0]} for every side",
        f"commit: {_commit()}",
    ]


def load_average() -> float:
    """Give how many processes wanted to run in the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _commit() -> str:
    done = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or "unknown (no git)"
