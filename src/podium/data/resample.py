"""Bars of a longer time frame, made of base bars and known no earlier than the base bars prove them.

A bucket holds the bars that close in ``(k·length, (k + 1)·length]``, aligned to 1970-01-01 00:00 UTC, and whole weeks
to Monday 00:00 UTC. It is complete at the base bar that closes exactly at its end; where that bar is missing, at the
first base bar that closes later. A bucket at the end of the data that nothing proves complete is left out. The first
bucket holds what there is of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import DataError, Problem
from podium.core.times import NANOSECONDS_PER_DAY, Timeframe, from_nanoseconds, to_nanoseconds
from podium.data.bars import Bar, BarSeries

__all__ = ["Resampler", "resample"]

_WEEK = 7 * NANOSECONDS_PER_DAY
#: 1970-01-01 was a Thursday; the first Monday came four days later.
_FIRST_MONDAY = 4 * NANOSECONDS_PER_DAY


def resample(series: BarSeries, timeframe: Timeframe) -> tuple[BarSeries, NDArray[np.int64]]:
    """Make bars of a longer time frame.

    Args:
        series: base bars, strictly growing in time.
        timeframe: a multiple of the series' own; the same one gives the series back.

    Returns:
        The completed bars (close times are the ends of the buckets), and for each the row of ``series`` at which it is
        known. Volumes are summed one by one in the order of time, as ``Resampler`` does, so that both agree to the bit.

    Raises:
        DataError: when the time frame is no multiple, or the bars are not in order.
    """
    _refuse_broken_multiple(series.timeframe, timeframe)
    rows = len(series)
    if timeframe == series.timeframe or not rows:
        return replace(series, timeframe=timeframe), np.arange(rows, dtype=np.int64)
    if np.any(np.diff(series.close_time) <= 0):
        raise DataError(
            Problem(message=f"{series.symbol}: the bars are not in order of time", expected="each bar once")
        )
    ends = _bucket_end(series.close_time, timeframe)
    starts = np.flatnonzero(np.diff(ends, prepend=ends[0] - 1))
    after = np.append(starts[1:], rows)
    exact = series.close_time[after - 1] == ends[starts]
    known = np.where(exact, after - 1, after)
    proven = known < rows
    result = BarSeries(
        symbol=series.symbol,
        timeframe=timeframe,
        close_time=ends[starts],
        open=series.open[starts],
        high=np.maximum.reduceat(series.high, starts),
        low=np.minimum.reduceat(series.low, starts),
        close=series.close[after - 1],
        volume=_sums(series.volume, starts, after),
        source=series.source,
    )
    return result.select(proven), known[proven].astype(np.int64)


class Resampler:
    """Carry the same bars forward, one base bar at a time.

    Args:
        base: the time frame of the bars that come.
        timeframe: a multiple of it.

    Raises:
        DataError: when it is no multiple.
    """

    def __init__(self, base: Timeframe, timeframe: Timeframe) -> None:
        _refuse_broken_multiple(base, timeframe)
        self._base, self._timeframe = base, timeframe
        self._bucket: _Bucket | None = None

    def update(self, bar: Bar) -> tuple[Bar, ...]:
        """Take the next base bar.

        Args:
            bar: a bar that closes later than those before.

        Returns:
            The bars it completes, oldest first: mostly none or one; two when the bar that should have completed the
                first
            is missing and this one completes a bucket of its own.
        """
        if self._base == self._timeframe:
            return (bar,)
        close_time = to_nanoseconds(bar.close_time)
        end = int(_bucket_end(np.array([close_time]), self._timeframe)[0])
        completed: list[Bar] = []
        if self._bucket is not None and self._bucket.end < end:
            completed.append(self._bucket.bar())
            self._bucket = None
        if self._bucket is None:
            self._bucket = _Bucket(end, bar.symbol, bar.open, bar.high, bar.low, bar.close, 0.0)
        self._bucket.add(bar)
        if close_time == end:
            completed.append(self._bucket.bar())
            self._bucket = None
        return tuple(completed)


@dataclass(slots=True)
class _Bucket:
    end: int
    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float

    def add(self, bar: Bar) -> None:
        self.high = max(self.high, bar.high)
        self.low = min(self.low, bar.low)
        self.close = bar.close
        self.volume += bar.volume

    def bar(self) -> Bar:
        return Bar(
            symbol=self.symbol,
            close_time=from_nanoseconds(self.end),
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            volume=self.volume,
        )


def _bucket_end(close_time: NDArray[np.int64], timeframe: Timeframe) -> NDArray[np.int64]:
    length = timeframe.nanoseconds
    anchor = _FIRST_MONDAY if length % _WEEK == 0 else 0
    return close_time + (anchor - close_time) % length


def _sums(values: NDArray[np.float64], starts: NDArray[np.intp], after: NDArray[np.intp]) -> NDArray[np.float64]:
    # One pass per position within a bucket, longest buckets first, so that every bucket is summed strictly in order.
    lengths = after - starts
    order = np.argsort(-lengths, kind="stable")
    first, longest_first = starts[order], lengths[order]
    totals = np.zeros(len(starts))
    for position in range(int(longest_first[0])):
        count = int(np.searchsorted(-longest_first, -position, side="left"))
        totals[:count] += values[first[:count] + position]
    unordered = np.empty_like(totals)
    unordered[order] = totals
    return unordered


def _refuse_broken_multiple(base: Timeframe, timeframe: Timeframe) -> None:
    if timeframe.nanoseconds < base.nanoseconds or timeframe.nanoseconds % base.nanoseconds:
        message = f"bars of {timeframe} cannot be made of bars of {base}"
        raise DataError(Problem(message=message, expected=f"a multiple of {base}"))
