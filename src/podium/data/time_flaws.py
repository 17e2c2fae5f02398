"""Flaws of times: order, holes, odd sessions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.times import NANOSECONDS_PER_DAY, iso
from podium.data.bars import BarSeries
from podium.data.flaws import Flaw, FlawKind, list_flaws
from podium.data.gaps import find_holes

__all__ = ["find_time_flaws"]

_WEEK = 7 * NANOSECONDS_PER_DAY
#: A market's own clock has few faces: one, or two where summer time moves it.
_USUAL_SHARE = 0.25
#: A day of the week is a trading day when it has at least this share of what the busiest day has.
_TRADING_DAY_SHARE = 0.2
#: So many Sundays with a Friday behind them make a habit.
_SUNDAYS_THAT_TELL = 4
_SATURDAY, _SUNDAY = 5, 6
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Found = dict[FlawKind, tuple[NDArray[np.intp], list[Flaw]]]


def find_time_flaws(series: BarSeries) -> tuple[Found, list[str]]:
    """Find all flaws of times.

    Args:
        series: bars as they came.

    Returns:
        Flawed rows and entries by kind, and notes about what is usual in this market.
    """
    found: Found = {}
    order = None
    if not np.all(series.close_time[1:] > series.close_time[:-1]):
        found |= _order_flaws(series)
        _, order = np.unique(series.close_time, return_index=True)
    gaps, notes = _gap_flaws(series, order)
    found[FlawKind.GAP] = gaps
    found[FlawKind.ODD_SESSION] = _odd_sessions(series)
    if series.source.naive_times:
        rows = np.arange(len(series))
        text = "the times have no zone and were taken as UTC"
        entry = list_flaws(series, FlawKind.NAIVE_TIME, rows[:1], lambda _: text, counts=np.array([len(series)]))
        found[FlawKind.NAIVE_TIME] = (rows, entry)
    return found, notes


def _order_flaws(series: BarSeries) -> Found:
    times = series.close_time
    _, first = np.unique(times, return_index=True)
    repeated = np.ones(len(times), dtype=np.bool_)
    repeated[first] = False
    latest = np.concatenate([times[:1], np.maximum.accumulate(times)[:-1]])
    backward = np.flatnonzero((times < latest) & ~repeated)
    duplicate = np.flatnonzero(repeated)

    def told_backward(position: int) -> str:
        return f"closes before {iso(int(latest[backward[position]]))}, which came earlier"

    told = list_flaws(series, FlawKind.DUPLICATE, duplicate, lambda _: "this close time was there before")
    return {
        FlawKind.DUPLICATE: (duplicate, told),
        FlawKind.BACKWARD_TIME: (
            backward,
            list_flaws(series, FlawKind.BACKWARD_TIME, backward, told_backward),
        ),
    }


def _gap_flaws(
    series: BarSeries, order: NDArray[np.intp] | None
) -> tuple[tuple[NDArray[np.intp], list[Flaw]], list[str]]:
    times = series.close_time if order is None else series.close_time[order]
    holes = find_holes(times, series.timeframe)
    real = np.flatnonzero(holes.missing > 0)
    rows = holes.before[real] + 1
    if order is not None:
        rows = order[rows]

    def told(position: int) -> str:
        hole = real[position]
        last = iso(int(times[holes.before[hole]]))
        return f"{_bars(int(holes.missing[hole]))} missing after {last} ({_duration(int(holes.length[hole]))})"

    flaws = list_flaws(series, FlawKind.GAP, rows, told, severity=holes.missing[real].astype(np.float64))
    notes = []
    if len(real):
        longest = _duration(int(holes.length[real].max()))
        notes.append(f"{_bars(int(holes.missing[real].sum()))} missing in all, the longest hole lasts {longest}")
    usual = len(holes.missing) - len(real)
    if usual:
        typical = _duration(int(np.median(holes.length[holes.missing == 0])))
        notes.append(f"the market closes regularly: {usual} usual closings of typically {typical}")
    return (rows, flaws), notes


def _odd_sessions(series: BarSeries) -> tuple[NDArray[np.intp], list[Flaw]]:
    clock, days = _off_clock(series), _odd_days(series)
    weekday = (series.close_time - series.timeframe.nanoseconds) // NANOSECONDS_PER_DAY + 3
    rows = np.flatnonzero(clock | days)

    def told(position: int) -> str:
        row = rows[position]
        if days[row]:
            return f"a daily bar of a {_WEEKDAYS[int(weekday[row]) % 7]}, on which this market is hardly ever open"
        return f"the time is off this series' clock of {series.timeframe}"

    return rows, list_flaws(series, FlawKind.ODD_SESSION, rows, told)


def _off_clock(series: BarSeries) -> NDArray[np.bool_]:
    length = series.timeframe.nanoseconds
    phase = series.close_time % length
    if length > _WEEK or np.all(phase == phase[0]):
        return np.zeros(len(series), dtype=np.bool_)
    _, inverse, counts = np.unique(phase, return_inverse=True, return_counts=True)
    usual = counts >= _USUAL_SHARE * len(series)
    odd: NDArray[np.bool_] = ~usual[inverse]
    return odd


def _odd_days(series: BarSeries) -> NDArray[np.bool_]:
    if series.timeframe.nanoseconds != NANOSECONDS_PER_DAY:
        return np.zeros(len(series), dtype=np.bool_)
    # 1970-01-01 was a Thursday. East of Greenwich a Monday opens on the Sunday of UTC: only the market's own habit
    # tells which days are its own, and that needs weeks of bars.
    day = (series.close_time - series.timeframe.nanoseconds) // NANOSECONDS_PER_DAY
    weekday = (day + 3) % 7
    counts = np.bincount(weekday, minlength=7)
    odd: NDArray[np.bool_] = (counts < _TRADING_DAY_SHARE * counts.max())[weekday]
    if counts[_SATURDAY] < _TRADING_DAY_SHARE * counts.max():
        # A Sunday before five days of trading is a session of a few hours that belongs to the Monday.
        sundays = day[weekday == _SUNDAY]
        if len(sundays) >= _SUNDAYS_THAT_TELL and 2 * np.isin(sundays + 5, day).sum() > len(sundays):
            odd |= weekday == _SUNDAY
    return odd


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count:,} bars"


def _duration(nanoseconds: int) -> str:
    minutes = nanoseconds / 60e9
    if minutes < 60:
        return f"{minutes:g} min"
    return f"{minutes / 60:.3g} h" if minutes < 48 * 60 else f"{minutes / 1440:,.1f} days"
