"""A synthetic exchange whose bars close by a clock. No real market ever had these prices."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from decimal import Decimal

import numpy as np

from podium.core.clock import Clock
from podium.core.times import NANOSECONDS_PER_SECOND, Timeframe, from_nanoseconds
from podium.data.bars import Bar
from podium.data.grid import from_ticks

__all__ = ["SyntheticFeed"]

_MASK = 2**64 - 1


class SyntheticFeed:
    """Make bars of waves with noise, a function of symbol and time alone.

    Any bar can be made again at any time, so that holes can be filled and two runs see the same market.

    Args:
        ticks: the symbols in the order of the portfolio, each with the step of its prices.
        timeframe: the length of a bar.
        clock: the clock of the exchange.
        delay: how long after its close a bar arrives, seconds ≥ 0.
        seed: equal seeds give equal markets.
    """

    def __init__(
        self, ticks: Mapping[str, Decimal], timeframe: Timeframe, clock: Clock, *, delay: float = 0.0, seed: int = 1
    ) -> None:
        self._ticks, self._timeframe, self._clock = ticks, timeframe, clock
        self._delay = round(delay * NANOSECONDS_PER_SECOND)
        self._keys = {symbol: seed * 1_000_003 + position for position, symbol in enumerate(ticks)}

    @property
    def clock(self) -> Clock:
        """Give the clock of the exchange."""
        return self._clock

    def due(self, _time: int) -> Collection[str]:
        """Tell which symbols have a bar: all, always.

        Args:
            _time: nanoseconds since 1970 UTC.
        """
        return self._ticks

    def is_open(self, _symbol: str) -> bool:
        """Tell whether a market trades: it always does.

        Args:
            _symbol: which one.
        """
        return True

    async def fetch(self, symbol: str, count: int) -> Sequence[Bar]:
        """Bring the newest bars, the last one still forming.

        Args:
            symbol: of which market.
            count: how many.
        """
        last = self._arrived() + 1
        return [self._bar(symbol, number) for number in range(last - count + 1, last + 1)]

    async def fetch_between(self, symbol: str, after: int, before: int) -> Sequence[Bar]:
        """Bring the closed bars between two.

        Args:
            symbol: of which market.
            after: the close of the earlier one, nanoseconds since 1970 UTC.
            before: the close of the later one, nanoseconds since 1970 UTC.
        """
        length = self._timeframe.nanoseconds
        last = min(-(-before // length) - 1, self._arrived())
        return [self._bar(symbol, number) for number in range(after // length + 1, last + 1)]

    async def stream(self, symbol: str) -> AsyncIterator[Bar]:
        """Bring each bar when it has closed.

        Args:
            symbol: of which market.
        """
        number = self._arrived()
        while True:
            number += 1
            arrives = number * self._timeframe.nanoseconds + self._delay
            while (left := arrives - self._clock.now()) > 0:  # noqa: ASYNC110 - clocks are set, and tell nobody
                await asyncio.sleep(left / NANOSECONDS_PER_SECOND)
            yield self._bar(symbol, number)

    def leave(self, symbol: str) -> None:
        """Note that nobody listens to a symbol any more, which is the same to an exchange.

        Args:
            symbol: the symbol.
        """

    def _arrived(self) -> int:
        """Give the number of the last bar that has arrived: a bar closes at its number times the time frame."""
        return (self._clock.now() - self._delay) // self._timeframe.nanoseconds

    def _bar(self, symbol: str, number: int) -> Bar:
        key, tick = self._keys[symbol], self._ticks[symbol]
        opened, close = _level(key, number - 1), _level(key, number)
        high = max(opened, close) * (1 + 0.002 * _noise(key + 1, number))
        low = min(opened, close) * (1 - 0.002 * _noise(key + 2, number))
        prices = from_ticks(np.rint(np.array([opened, high, low, close]) / float(tick)).astype(np.int64), tick)
        names = ("open", "high", "low", "close")
        return Bar(
            symbol=symbol,
            close_time=from_nanoseconds(number * self._timeframe.nanoseconds),
            volume=float(round(1_000 * (0.5 + _noise(key + 3, number)))),
            **dict(zip(names, map(float, prices), strict=True)),
        )


def _level(key: int, number: int) -> float:
    waves = 0.03 * math.sin(math.tau * (number + key) / 240) + 0.01 * math.sin(math.tau * (number + 7 * key) / 37)
    return (100 + 50 * (key % 7)) * math.exp(waves + 0.004 * (_noise(key, number) - 0.5))


def _noise(key: int, number: int) -> float:
    """Scatter two numbers over [0, 1).

    Source: the finalizer of SplitMix64 (Steele, Lea, Flood 2014), with its constants.
    """
    mixed = (key * 0x9E3779B97F4A7C15 + number * 0xD1342543DE82EF95) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return (mixed ^ (mixed >> 31)) / 2**64
