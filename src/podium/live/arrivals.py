"""What each bar of a symbol is when it arrives: new, or something that must not be worked on.

A revised closed bar is reported and the first one is kept. Bars are never repaired.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import StrEnum
from math import isfinite

import numpy as np

from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import Bar, BarSeries
from podium.data.price_flaws import find_price_flaws

__all__ = ["Arrival", "Arrivals", "flaw_of"]

#: So many of the last bars are remembered, to tell a repetition from one that never came.
_REMEMBERED = 64


class Arrival(StrEnum):
    """Name what a bar is."""

    NEW = "new"
    """the next bar"""
    DUPLICATE = "duplicate"
    """a bar that came before, with the same values"""
    REVISED = "revised"
    """a bar that came before, with other values: the first one is kept"""
    OUT_OF_ORDER = "out_of_order"
    """a bar that never came, older than the last one: nothing can be computed on it any more"""
    FORMING = "forming"
    """a bar that has not closed"""
    FLAWED = "flawed"
    """a bar with a value that no bar can have"""


class Arrivals:
    """Tell what the bars of one symbol are.

    Args:
        timeframe: the length of a bar.
        last_time: the close of the last bar of an earlier run, nanoseconds since 1970 UTC.
    """

    def __init__(self, timeframe: Timeframe, last_time: int | None = None) -> None:
        self._timeframe, self._last_time = timeframe, last_time
        self._recent: OrderedDict[int, Bar] = OrderedDict()

    @property
    def last_time(self) -> int | None:
        """Tell the close of the last bar that was accepted, nanoseconds since 1970 UTC."""
        return self._last_time

    def look(self, bar: Bar, now: int) -> Arrival:
        """Tell what a bar is.

        Args:
            bar: the bar that came.
            now: the run's clock, nanoseconds since 1970 UTC.

        Returns:
            What it is; nothing is remembered of it until it is accepted.
        """
        time = to_nanoseconds(bar.close_time)
        if time > now:
            return Arrival.FORMING
        if (known := self._recent.get(time)) is not None:
            return Arrival.DUPLICATE if known == bar else Arrival.REVISED
        if self._last_time is not None and time <= self._last_time:
            # The last bar of an earlier run is known by its time alone.
            return Arrival.DUPLICATE if time == self._last_time else Arrival.OUT_OF_ORDER
        return Arrival.NEW if _is_sound(bar) else Arrival.FLAWED

    def has_hole_before(self, bar: Bar) -> bool:
        """Tell whether bars may be missing between the last accepted bar and a new one.

        Args:
            bar: a new bar.
        """
        return self._last_time is not None and (
            to_nanoseconds(bar.close_time) - self._last_time > self._timeframe.nanoseconds
        )

    def accept(self, bar: Bar) -> None:
        """Remember a new bar as the last one.

        Args:
            bar: a new bar.
        """
        self._last_time = to_nanoseconds(bar.close_time)
        self._recent[self._last_time] = bar
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)


def flaw_of(bar: Bar, timeframe: Timeframe) -> str | None:
    """Say what is wrong with the values of a bar.

    Args:
        bar: the bar.
        timeframe: its length.

    Returns:
        The flaw as data checks tell it, ``None`` for a sound bar.
    """
    if _is_sound(bar):
        return None
    with np.errstate(all="ignore"):
        found = find_price_flaws(BarSeries.of(bar.symbol, timeframe, [bar]), None)
    told = [f"{flaw.kind}: {flaw.detail}" for rows, flaws in found.values() if len(rows) for flaw in flaws]
    return "; ".join(told)


def _is_sound(bar: Bar) -> bool:
    """Tell in one go whether the data checks could find a value that no bar can have; nearly every bar is sound."""
    if not isfinite(bar.open + bar.high + bar.low + bar.close + bar.volume):
        return False
    return 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high and bar.volume >= 0
