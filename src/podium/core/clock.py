"""The only place that looks at a clock. Everything else is given the time."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Tell the time."""

    def now(self) -> int:
        """Tell the time in nanoseconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Tell seconds that only ever grow, for durations."""
        ...


class SystemClock:
    """Tell the machine's time."""

    def now(self) -> int:
        """Tell the time in nanoseconds since 1970 UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Tell seconds that only ever grow, for durations."""
        return time.monotonic()
