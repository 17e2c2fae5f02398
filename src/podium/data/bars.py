"""Bars: what a market did in each stretch of time, known only once the stretch has closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import Location
from podium.core.times import Timeframe, from_nanoseconds, to_nanoseconds

__all__ = ["Bar", "BarSeries", "BarSource"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Hold one closed bar.

    Args:
        symbol: the market.
        close_time: when the bar closed and became known, aware UTC.
        open, high, low, close: prices in quote currency.
        volume: traded quantity, ≥ 0.
    """

    symbol: str
    close_time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSource:
    """Say where bars came from and how their times were read, for messages; it is no part of the bars themselves.

    Args:
        file: the file, ``None`` for bars given in Python.
        first_line: the line of row 0 in a text file, ``None`` elsewhere.
        label: which end of the bar the source's times name, ``open`` or ``close``.
        timeframe_inferred: whether the time frame is the commonest spacing, not stated by anybody.
        naive_times: whether the times came without a zone and were taken as UTC.
    """

    file: str | None = None
    first_line: int | None = None
    label: str = "open"
    timeframe_inferred: bool = False
    naive_times: bool = False

    def location(self, row: int | None = None) -> Location | None:
        """Point at the file, and at the line of a row where there are lines.

        Args:
            row: 0 is the first.

        Returns:
            The place, ``None`` for bars given in Python.
        """
        if self.file is None:
            return None
        line = None if row is None or self.first_line is None else self.first_line + row
        return Location(file=self.file, line=line)


_UNSAID = BarSource()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarSeries:
    """Hold all bars of one symbol, oldest first, as columns.

    Args:
        symbol: the market.
        timeframe: the length of a bar.
        close_time: nanoseconds since 1970 UTC, shape ``(bars,)``, ``int64``, strictly growing once checked.
        open, high, low, close: prices, shape ``(bars,)``, ``float64``.
        volume: quantities, shape ``(bars,)``, ``float64``.
        source: where the bars came from.
    """

    symbol: str
    timeframe: Timeframe
    close_time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    source: BarSource = _UNSAID

    @classmethod
    def of(cls, symbol: str, timeframe: Timeframe, bars: Sequence[Bar]) -> BarSeries:
        """Make a series of single bars.

        Args:
            symbol: the market.
            timeframe: the length of a bar.
            bars: the bars, kept in their order.

        Returns:
            The series.
        """
        prices = {
            name: np.array([getattr(bar, name) for bar in bars], dtype=np.float64)
            for name in ("open", "high", "low", "close", "volume")
        }
        times = np.array([to_nanoseconds(bar.close_time) for bar in bars], dtype=np.int64)
        return cls(symbol=symbol, timeframe=timeframe, close_time=times, source=BarSource(), **prices)

    def __len__(self) -> int:
        return len(self.close_time)

    def __iter__(self) -> Iterator[Bar]:
        return (self.bar(row) for row in range(len(self)))

    def bar(self, row: int) -> Bar:
        """Give one bar as an object.

        Args:
            row: 0 is the oldest.

        Returns:
            The bar.
        """
        return Bar(
            symbol=self.symbol,
            close_time=from_nanoseconds(int(self.close_time[row])),
            open=float(self.open[row]),
            high=float(self.high[row]),
            low=float(self.low[row]),
            close=float(self.close[row]),
            volume=float(self.volume[row]),
        )

    def select(self, rows: slice | NDArray[np.bool_] | NDArray[np.intp]) -> BarSeries:
        """Give some of the bars, in the same order.

        Args:
            rows: a slice, a mask of shape ``(bars,)`` or row numbers.

        Returns:
            A new series.
        """
        return BarSeries(
            symbol=self.symbol,
            timeframe=self.timeframe,
            close_time=self.close_time[rows],
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            volume=self.volume[rows],
            source=self.source,
        )
