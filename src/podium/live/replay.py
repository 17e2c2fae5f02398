"""Stored bars, played again as if they were just closing."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

import numpy as np

from podium.core.clock import Clock
from podium.core.times import NANOSECONDS_PER_SECOND
from podium.data.bars import Bar, BarSeries

__all__ = ["ReplayFeed"]


class _DataClock:
    """Tell the time of the data."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self.time = 0

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self._machine.monotonic()


class ReplayFeed:
    """Play stored bars again, in lockstep: the next time comes when all who listen have asked for more.

    While somebody who listens is restarted the replay stands still, so that nothing is missed; who has left for good is
    not waited for.

    Args:
        series: bars by symbol, in the order of the portfolio.
        machine: measures how long things take; what time it is, is told by the data.
        speed: how many times faster than the market, > 0; by default as fast as the system can.
        after: play only bars that close after this time, nanoseconds since 1970 UTC.
    """

    def __init__(
        self, series: Mapping[str, BarSeries], machine: Clock, *, speed: float = math.inf, after: int | None = None
    ) -> None:
        self._series, self._speed = series, speed
        self._clock = _DataClock(machine)
        self._clock.time = after or 0
        self._row = {symbol: _first_row(each, after) for symbol, each in series.items()}
        remaining = [each.close_time[self._row[symbol] :] for symbol, each in series.items()]
        self._times = np.unique(np.concatenate(remaining)) if remaining else np.zeros(0, np.int64)
        self._position = -1
        self._moved_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._listening = set(series)
        self._asking: dict[str, asyncio.Future[None]] = {}
        self._due: frozenset[str] = frozenset()

    @property
    def clock(self) -> Clock:
        """Give the clock of the data: it tells the close of the bars that are being played."""
        return self._clock

    def due(self, time: int) -> Collection[str]:
        """Tell which symbols have a bar at the time that is being played.

        Args:
            time: nanoseconds since 1970 UTC.
        """
        return self._due if time == self._clock.time else frozenset()

    def is_open(self, _symbol: str) -> bool:
        """Tell whether a market trades: stored bars do not say when they were closed.

        Args:
            _symbol: which one.
        """
        return True

    async def fetch(self, symbol: str, count: int) -> Sequence[Bar]:
        """Bring the newest bars that were played.

        Args:
            symbol: of which market.
            count: how many.
        """
        return self._bars(symbol, max(self._row[symbol] - count, 0), self._row[symbol])

    async def fetch_between(self, symbol: str, after: int, before: int) -> Sequence[Bar]:
        """Bring the stored bars between two.

        Args:
            symbol: of which market.
            after: the close of the earlier one, nanoseconds since 1970 UTC.
            before: the close of the later one, nanoseconds since 1970 UTC.
        """
        first, stop = np.searchsorted(self._series[symbol].close_time, [after + 1, before], side="left")
        return self._bars(symbol, int(first), int(stop))

    def _bars(self, symbol: str, first: int, stop: int) -> Sequence[Bar]:
        return [self._series[symbol].bar(row) for row in range(first, stop)]

    async def stream(self, symbol: str) -> AsyncIterator[Bar]:
        """Bring the bars of a symbol, each at its time; who listens again goes on where the last one stopped.

        Args:
            symbol: of which market.
        """
        series = self._series[symbol]
        while self._row[symbol] < len(series):
            if self._next_close(symbol) > self._clock.time:
                await self._turn(symbol)
            self._row[symbol] += 1
            yield series.bar(self._row[symbol] - 1)
        self.leave(symbol)

    def leave(self, symbol: str) -> None:
        """Wait for a symbol no more.

        Args:
            symbol: the symbol that nobody will listen to.
        """
        self._listening.discard(symbol)
        self._move_when_all_ask()

    async def _turn(self, symbol: str) -> None:
        self._asking[symbol] = turn = asyncio.get_running_loop().create_future()
        self._move_when_all_ask()
        try:
            await turn
        finally:
            if self._asking.get(symbol) is turn:
                del self._asking[symbol]

    def _next_close(self, symbol: str) -> int:
        return int(self._series[symbol].close_time[self._row[symbol]])

    def _move_when_all_ask(self) -> None:
        if self._timer is not None or not self._asking or len(self._asking) < len(self._listening):
            return
        # Never at once: who asked last would be served before those that come before it in the portfolio.
        self._timer = asyncio.get_running_loop().call_later(max(self._pause(), 0.0), self._move)

    def _pause(self) -> float:
        """Tell how long the market would have taken until the next time, in seconds at this speed."""
        if self._position < 0 or math.isinf(self._speed):
            return 0.0
        market = int(self._times[self._position + 1]) - self._clock.time
        return market / NANOSECONDS_PER_SECOND / self._speed - (self._clock.monotonic() - self._moved_at)

    def _move(self) -> None:
        self._timer = None
        self._position += 1
        self._clock.time = time = int(self._times[self._position])
        self._moved_at = self._clock.monotonic()
        # In the order of the portfolio, whoever asked first.
        turns = [symbol for symbol in self._series if symbol in self._asking and self._next_close(symbol) <= time]
        self._due = frozenset(turns)
        for symbol in turns:
            turn = self._asking.pop(symbol)
            if not turn.done():
                turn.set_result(None)
        # A time of symbols alone that have left passes at once.
        self._move_when_all_ask()


def _first_row(series: BarSeries, after: int | None) -> int:
    return 0 if after is None else int(np.searchsorted(series.close_time, after, side="right"))
