"""Long series made short enough to draw, without losing what the eye looks for.

All curves of a portfolio are drawn at the same few moments, so that they can stand on each other and still sum to the
whole; a series of bars becomes fewer, longer bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from podium.data.bars import BarSeries

__all__ = ["Candles", "EquityColumns", "drawn_candles", "drawn_rows"]


class EquityColumns(Protocol):
    """Name what an equity curve offers: its points as columns."""

    @property
    def times_nanoseconds(self) -> NDArray[np.int64]:
        """Give the times, nanoseconds since 1970 UTC, shape ``(points,)``."""
        ...

    @property
    def units(self) -> NDArray[np.int64]:
        """Give the equity in whole units, shape ``(points,)``."""
        ...

    @property
    def digits(self) -> int:
        """Give d, a unit being 10⁻ᵈ of the currency."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """Hold bars to draw, each standing at its close.

    Args:
        times: close times, nanoseconds since 1970 UTC, shape ``(candles,)``.
        open, high, low, close: prices, shape ``(candles,)``.
        bars_each: how many bars a candle holds; the last may hold fewer.
    """

    times: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    bars_each: int


def drawn_rows(units: NDArray[np.int64] | NDArray[np.float64], most: int = 1_200) -> NDArray[np.int64]:
    """Choose the points of a curve that are drawn.

    Args:
        units: the portfolio's equity in units or money, shape ``(points,)``.
        most: how many points, at least 4.

    Returns:
        Growing rows: of every stretch the lowest and the highest point and its last one, of the whole also the first.
        All of them when there are few.
    """
    points = len(units)
    if points <= most:
        return np.arange(points, dtype=np.int64)
    size = -(-points // (most // 3))
    whole = points // size
    stretches = units[: whole * size].reshape(whole, size)
    first = np.arange(whole, dtype=np.int64) * size
    rest = units[whole * size :]
    tail = [whole * size + int(np.argmin(rest)), whole * size + int(np.argmax(rest))] if len(rest) else []
    return np.unique(
        np.concatenate(
            (
                first + np.argmin(stretches, axis=1),
                first + np.argmax(stretches, axis=1),
                first + size - 1,
                np.array([0, *tail, points - 1], dtype=np.int64),
            )
        )
    )


def drawn_candles(series: BarSeries, *, most: int = 2_000) -> Candles:
    """Join neighbouring bars until few enough are left.

    Args:
        series: the bars, oldest first.
        most: how many candles, at least 1.

    Returns:
        Candles with the first open, the highest high, the lowest low and the last close of equally many bars each.
    """
    bars_each = max(-(-len(series) // most), 1)
    first = np.arange(0, len(series), bars_each)
    last = np.minimum(first + bars_each, len(series)) - 1
    if len(first) == 0:
        nothing = np.zeros(0)
        return Candles(
            times=nothing.astype(np.int64), open=nothing, high=nothing, low=nothing, close=nothing, bars_each=1
        )
    return Candles(
        times=series.close_time[last],
        open=series.open[first],
        high=np.maximum.reduceat(series.high, first),
        low=np.minimum.reduceat(series.low, first),
        close=series.close[last],
        bars_each=bars_each,
    )
