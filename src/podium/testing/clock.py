"""A clock that stands still while the program works, and jumps to the next thing that somebody waits for.

A day of waiting passes in an instant, and equal programs take equal steps at equal times. What works outside of the
event loop (a thread that writes, say) is waited for really, with the clock standing still: ``VirtualLoop.outside``.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import math
import selectors
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from podium.core.errors import invariant
from podium.core.times import NANOSECONDS_PER_SECOND

__all__ = ["VirtualClock", "VirtualLoop", "run_virtually"]

Result = TypeVar("Result")


class VirtualClock:
    """Tell a time that only moves when it is told to.

    Args:
        start: nanoseconds since 1970 UTC.
    """

    def __init__(self, start: int = 0) -> None:
        self._start = self._now = start

    def now(self) -> int:
        """Tell the time in nanoseconds since 1970 UTC."""
        return self._now

    def monotonic(self) -> float:
        """Tell the seconds since the start."""
        return (self._now - self._start) / NANOSECONDS_PER_SECOND

    def advance(self, seconds: float) -> None:
        """Move the time on, as a program does that works for so long.

        Args:
            seconds: ≥ 0; rounded up to whole nanoseconds, so that nobody is woken too early.
        """
        self._now += math.ceil(seconds * NANOSECONDS_PER_SECOND)


class _VirtualSelector(selectors.SelectSelector):
    """Wait for files really only where nothing else can happen; otherwise let the time pass at once."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self.clock = clock
        self.outside = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if self.outside:
            return super().select(None)
        invariant(timeout is not None, "somebody waits for something that can never happen")
        self.clock.advance(timeout or 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Run coroutines by a virtual clock.

    Args:
        clock: the clock that stands still while they work.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._virtual = _VirtualSelector(clock)
        super().__init__(self._virtual)
        # A year of seconds in a float is exact to 4 ns only; a timer that near has come.
        self._clock_resolution = 1e-7

    def time(self) -> float:
        """Tell the seconds since the start of the clock."""
        return self._virtual.clock.monotonic()

    def outside(self, work: concurrent.futures.Future[Result]) -> concurrent.futures.Future[Result]:
        """Let the clock stand still until work outside of the loop is done.

        Args:
            work: what a thread does.

        Returns:
            A future to wait for instead; it is done inside the loop, so that the order of things is always the same.
        """
        inside: concurrent.futures.Future[Result] = concurrent.futures.Future()
        self._virtual.outside += 1

        def arrive() -> None:
            self._virtual.outside -= 1
            if error := work.exception():
                inside.set_exception(error)
            else:
                inside.set_result(work.result())

        def tell(_done: concurrent.futures.Future[Result]) -> None:
            # Nobody waits any more once the loop is closed.
            with suppress(RuntimeError):
                self.call_soon_threadsafe(arrive)

        work.add_done_callback(tell)
        return inside


def run_virtually(program: Coroutine[Any, Any, Result], clock: VirtualClock) -> Result:  # Any: nothing is sent to it
    """Run a program to its end by a virtual clock.

    Args:
        program: the coroutine.
        clock: its clock.

    Returns:
        What the program returns.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(program)
