"""Daily equity: the one series from which every ratio is computed.

A strategy's ratios must not change because other symbols bring other points in time, so an equity curve of any density
is first reduced to one value a day: the last point of each UTC day. A point at exactly 00:00 UTC is the *end* of the
day before it, so a daily bar belongs to the day it describes. The value before the first day is the starting capital:
the first day has a return too, and the returns of all days multiply to the total return.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant
from podium.core.times import NANOSECONDS_PER_DAY

__all__ = ["Calendar", "DailyEquity", "daily_equity"]


class Calendar(StrEnum):
    """Say which days count, and so how many there are in a year."""

    ALWAYS = "24/7"
    """Every UTC day, 365 a year; a day without a point keeps the value of the day before."""
    SESSIONS = "sessions"
    """Only days that have a point, 252 a year: for symbols of one exchange."""

    @property
    def periods_per_year(self) -> int:
        """Give the number of days by which figures are annualised."""
        return 365 if self is Calendar.ALWAYS else 252


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyEquity:
    """Hold one value for each day.

    Args:
        days: days since 1970-01-01 UTC, shape ``(days,)``, strictly growing.
        values: the last value of each day, shape ``(days,)``, in money.
        start: the value before the first day, in money.
        calendar: which days there are.
    """

    days: NDArray[np.int64]
    values: NDArray[np.float64]
    start: float
    calendar: Calendar

    def __len__(self) -> int:
        return len(self.days)

    def with_start(self) -> NDArray[np.float64]:
        """Give the start and then the value of each day, shape ``(days + 1,)``."""
        return np.concatenate(([self.start], self.values))

    def days_with_start(self) -> NDArray[np.int64]:
        """Give the day before the first, at whose end the start was held, and then each day, shape ``(days + 1,)``."""
        return np.concatenate((self.days[:1] - 1, self.days))

    def returns(self) -> NDArray[np.float64] | None:
        """Give the simple return of each day.

        Returns:
            Shape ``(days,)``; ``None`` when a return has no meaning because the value was zero or below before its
            last day.
        """
        values = self.with_start()
        before = values[:-1]
        if not np.all(before > 0):
            return None
        return np.asarray(np.diff(values) / before, dtype=np.float64)

    @property
    def calendar_days(self) -> int:
        """Count the days from the first to the last, both included, whether or not they have a point."""
        return int(self.days[-1] - self.days[0]) + 1 if len(self) else 0


def daily_equity(
    times_nanoseconds: NDArray[np.int64],
    equity: NDArray[np.int64] | NDArray[np.float64],
    *,
    start: Decimal | float,
    calendar: Calendar,
    digits: int = 0,
) -> DailyEquity:
    """Reduce an equity curve (or closes) to one value a day.

    Args:
        times_nanoseconds: when each point was recorded, nanoseconds since 1970 UTC, shape ``(points,)``, growing.
        equity: the points, shape ``(points,)``: money, or whole units of ``10**-digits``.
        start: the value before the first point, in money.
        calendar: which days count.
        digits: what a unit of ``equity`` is; 0 when it is money.

    Returns:
        The daily values. The work grows with the days, not with the points.
    """
    invariant(len(times_nanoseconds) == len(equity), "each point of equity has a time")
    if len(times_nanoseconds) == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return DailyEquity(days=nothing, values=nothing.astype(np.float64), start=float(start), calendar=calendar)
    first, last = ((int(times_nanoseconds[row]) - 1) // NANOSECONDS_PER_DAY for row in (0, -1))
    days = np.arange(first, last + 1, dtype=np.int64)
    rows = np.searchsorted(times_nanoseconds, (days + 1) * NANOSECONDS_PER_DAY, side="right") - 1
    if calendar is Calendar.SESSIONS:
        has_point = np.diff(rows, prepend=-1) > 0
        days, rows = days[has_point], rows[has_point]
    values = np.asarray(equity[rows], dtype=np.float64) / 10.0**digits
    return DailyEquity(days=days, values=values, start=float(start), calendar=calendar)
