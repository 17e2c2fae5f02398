"""Long series made short enough to draw, without losing what the eye looks for.

A curve keeps the lowest and the highest point of every stretch; a series of bars becomes fewer, longer bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from podium.core.times import to_nanoseconds
from podium.data.bars import BarSeries

__all__ = ["Candles", "DrawnCurve", "EquityColumns", "drawn_candles", "drawn_curve"]


@runtime_checkable
class EquityColumns(Protocol):
    """Name what an equity curve offers that keeps its points as columns."""

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
class DrawnCurve:
    """Hold an equity curve and its drawdown, each with its own few points.

    Args:
        times: nanoseconds since 1970 UTC, shape ``(points,)``.
        equity: money, shape ``(points,)``.
        drawdown_times: nanoseconds since 1970 UTC, shape ``(drawdown points,)``.
        drawdown: positive fractions, shape ``(drawdown points,)``.
    """

    times: NDArray[np.int64]
    equity: NDArray[np.float64]
    drawdown_times: NDArray[np.int64]
    drawdown: NDArray[np.float64]


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


def drawn_curve(
    points: EquityColumns | Sequence[tuple[datetime, Decimal]], *, start: Decimal, most: int = 2_000
) -> DrawnCurve:
    """Thin an equity curve.

    Every stretch keeps its lowest and its highest equity and its deepest drawdown, the whole its first and last point.
    The drawdowns are those of all points, not of those that are kept.

    Args:
        points: the curve as columns, or as pairs of time and money.
        start: the equity before the first point, in money.
        most: how many points to keep of each, at least 4.

    Returns:
        The points to draw.
    """
    times, money, scale = _columns(points)
    steps = len(times)
    borders = np.linspace(0, steps, max(min(steps, (most - 2) // 2), 1) + 1).astype(np.int64)
    kept, deep, depths = [], [], []
    peak = float(start) * scale
    for first, after in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
        if first == after:
            continue
        piece = np.asarray(money[first:after], dtype=np.float64)
        kept += [first + int(np.argmin(piece)), first + int(np.argmax(piece))]
        peaks = np.maximum(np.maximum.accumulate(piece), peak)
        peak = float(peaks[-1])
        fall = 1.0 - piece / peaks if peak > 0 else np.zeros(len(piece))
        for row in sorted({int(np.argmax(fall)), int(np.argmin(fall))}):
            deep.append(first + row)
            depths.append(float(fall[row]))
    rows = np.unique(np.array([*kept, *([0, steps - 1] if steps else [])], dtype=np.int64))
    return DrawnCurve(
        times=times[rows],
        equity=np.asarray(money[rows], dtype=np.float64) / scale,
        drawdown_times=times[np.array(deep, dtype=np.int64)],
        drawdown=np.array(depths, dtype=np.float64),
    )


def _columns(
    points: EquityColumns | Sequence[tuple[datetime, Decimal]],
) -> tuple[NDArray[np.int64], NDArray[np.int64] | NDArray[np.float64], float]:
    if isinstance(points, EquityColumns):
        return points.times_nanoseconds, points.units, 10.0**points.digits
    times = np.array([to_nanoseconds(time) for time, _ in points], dtype=np.int64)
    return times, np.array([float(money) for _, money in points], dtype=np.float64), 1.0


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
