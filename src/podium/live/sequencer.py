"""The order in which bars of all symbols become time steps.

A step is released when every symbol that is due has delivered its bar, or when ``bar_wait`` is over. A bar that comes
later is a step of its own at its arrival. Symbols are isolated before and behind the sequencer, never inside it.

It owns the order and nothing else: no clock (it is told the time), no engine, no events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Release", "Sequencer", "is_stale"]

#: What symbols deliver; the sequencer does not look into it.
Bar = TypeVar("Bar")
_BEFORE_ALL = -(2**63)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Generic[Bar]):
    """Hold the bars of one time step, ready to be advanced over.

    Args:
        time: the time of the step, nanoseconds since 1970 UTC, never before the step released last.
        bars: what was delivered, by symbol, in the order of the portfolio; at least one.
        is_late: whether its bar came after the step that it belongs to was released.
    """

    time: int
    bars: Mapping[str, Bar]
    is_late: bool = False


@dataclass(slots=True, kw_only=True)
class _Waiting(Generic[Bar]):
    """Hold the bars of a step that is not released.

    Args:
        since: when its first bar came, seconds that only grow.
        missing: the symbols whose bars are due and have not come.
        bars: those that came.
    """

    since: float
    missing: set[str]
    bars: dict[str, Bar] = field(default_factory=dict)


class Sequencer(Generic[Bar]):
    """Release time steps in their order.

    Args:
        symbols: all symbols, in the order of the portfolio.
        due: gives the symbols whose market has a bar that closes at a time, nanoseconds since 1970 UTC.
        bar_wait: how long a step waits for symbols that are due, seconds ≥ 0, counted from its first bar.
        last_time: the time of the step released last by an earlier run, nanoseconds since 1970 UTC.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        due: Callable[[int], Collection[str]],
        bar_wait: float,
        last_time: int = _BEFORE_ALL,
    ) -> None:
        self._position = {symbol: position for position, symbol in enumerate(symbols)}
        self._due, self._bar_wait, self._last_time = due, bar_wait, last_time
        self._present = set(symbols)
        self._waiting: dict[int, _Waiting[Bar]] = {}
        self._late: deque[tuple[str, Bar]] = deque()

    @property
    def last_time(self) -> int:
        """Tell the time of the step released last, nanoseconds since 1970 UTC; less than any before the first."""
        return self._last_time

    def deliver(self, symbol: str, time: int, bar: Bar, at: float) -> bool:
        """Take a bar that its symbol has finished with.

        Args:
            symbol: the symbol; it delivers each of its bars once, in order.
            time: the close of the bar, nanoseconds since 1970 UTC.
            bar: what is released.
            at: now, seconds that only grow.

        Returns:
            Whether it is in time; a late bar is released as a step of its own.
        """
        if time <= self._last_time:
            self._late.append((symbol, bar))
            return False
        if (waiting := self._waiting.get(time)) is None:
            waiting = _Waiting(since=at, missing=self._present & set(self._due(time)))
            self._waiting[time] = waiting
        waiting.bars[symbol] = bar
        waiting.missing.discard(symbol)
        return True

    def take(self, at: float) -> Release[Bar] | None:
        """Release the next step, if one is ready.

        Args:
            at: now, seconds that only grow.

        Returns:
            The step, or ``None`` while there is nothing or something is waited for.
        """
        if self._late:
            symbol, bar = self._late.popleft()
            return Release(time=self._last_time, bars={symbol: bar}, is_late=True)
        if not self._waiting:
            return None
        time = min(self._waiting)
        if self._waiting[time].missing and at < self._waiting[time].since + self._bar_wait:
            return None
        bars = self._waiting.pop(time).bars
        self._last_time = time
        return Release(
            time=time, bars={symbol: bars[symbol] for symbol in sorted(bars, key=self._position.__getitem__)}
        )

    def deadline(self) -> float | None:
        """Tell until when the next step waits for its missing bars.

        Returns:
            Seconds that only grow, ``None`` while nothing waits.
        """
        return self._waiting[min(self._waiting)].since + self._bar_wait if self._waiting else None

    def leave(self, symbol: str) -> None:
        """Stop waiting for a symbol; a bar that it has delivered still counts.

        Args:
            symbol: the symbol that was taken out.
        """
        self._present.discard(symbol)
        for waiting in self._waiting.values():
            waiting.missing.discard(symbol)

    def join(self, symbol: str) -> None:
        """Wait for a symbol again, from the next step on whose first bar comes.

        Args:
            symbol: one of the symbols.
        """
        self._present.add(symbol)


def is_stale(close_time: int, released_at: int, stale_after: int) -> bool:
    """Tell whether a bar is too old to enter on.

    Args:
        close_time: when the bar closed, nanoseconds since 1970 UTC.
        released_at: when its step was released by the run's clock, nanoseconds since 1970 UTC.
        stale_after: how long ago it may have closed, nanoseconds.

    Returns:
        Whether entries on its symbol are refused in its step.
    """
    return released_at - close_time > stale_after
