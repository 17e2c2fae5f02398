"""Move capital between strategies as a run goes on: it looks at equity so far, and at nothing behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from podium.core.events import Reason
from podium.engine.engine import Engine
from podium.portfolio.rebalancing import PARKED, RebalancingOptions, is_adrift, moves_to
from podium.stats.daily import Calendar
from podium.stats.time_weighted import carried

__all__ = ["DayEnds", "Rebalancer", "TimelineDayEnds", "days_known"]


def days_known(days: NDArray[np.int64], step: int, calendar: Calendar) -> int:
    """Count the daily returns that are known before a step.

    Args:
        days: of each step of a run, since 1970-01-01 UTC.
        step: before which capital may move.
        calendar: which days count.

    Returns:
        How many.
    """
    if calendar is Calendar.ALWAYS:
        return int(days[step] - days[0])
    return len(np.unique(days[days < days[step]]))


class DayEnds(Protocol):
    """Be where the equity at the end of a day is read."""

    def equities(self, day: int) -> Sequence[int] | None:
        """Give the equity of each strategy at the last step of a day.

        Args:
            day: days since 1970-01-01 UTC.

        Returns:
            Units, in the file's order; ``None`` where the day has no step.
        """
        ...


class TimelineDayEnds:
    """Read the ends of days of an engine that knows its whole timeline.

    Args:
        engine: the engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._days = engine, engine.timeline.days

    def equities(self, day: int) -> Sequence[int] | None:
        """Give the equity of each strategy at the last step of a day that is over.

        Args:
            day: days since 1970-01-01 UTC.

        Returns:
            Units, in the file's order; ``None`` where the day has no step.
        """
        row = int(np.searchsorted(self._days, day, side="right")) - 1
        if self._days[row] != day:
            return None
        found: list[int] = self._engine.equity[row].tolist()
        return found


class Rebalancer:
    """Look at the strategies' shares whenever a period has ended.

    Args:
        engine: at its start.
        options: the rule.
        threshold: the drift of a share on which it acts.
        weights: of the strategies.
        calendar: which days count.
        first_day: of the run, since 1970-01-01 UTC.
        day_ends: equity at the ends of days.
    """

    def __init__(
        self,
        engine: Engine,
        options: RebalancingOptions,
        *,
        threshold: Decimal,
        weights: Sequence[Decimal],
        calendar: Calendar,
        first_day: int,
        day_ends: DayEnds,
    ) -> None:
        self._engine, self._options, self._threshold, self._weights = engine, options, threshold, tuple(weights)
        self._calendar, self._day_ends = calendar, day_ends
        # Of each strategy its return index at the end of each day, the start first, and where it stands since capital
        # was last moved.
        self._points = [[1.0] for _ in weights]
        self._peaks = [1.0 for _ in weights]
        self._known: tuple[int, list[int] | None] | None = None
        self._base = [(1.0, int(account["deposited"])) for account in engine.tables.accounts]
        self._next_day = first_day

    def begin(self, day: int) -> None:
        """Say on which day the run begins, where it was not known before.

        Args:
            day: since 1970-01-01 UTC.
        """
        self._next_day = day

    def act(self, day: int) -> None:
        """Move what the rule wants moved, between two steps.

        Args:
            day: of the step that comes, since 1970-01-01 UTC; all before it are over.
        """
        self._follow(day)
        accounts = self._engine.tables.accounts
        equities = [int(account["equity"]) for account in accounts]
        parked = -int(accounts["transferred"].sum())
        indexes = [self._index(strategy, equity) for strategy, equity in enumerate(equities)]
        shares = self._shares(indexes)
        if shares is None:
            return
        is_due = self._options.when == "schedule"
        if not is_due and not is_adrift(equities, parked, shares, self._threshold):
            return
        free = [int(account["cash"]) - int(account["reserved"]) for account in accounts]
        for giver, receiver, units in moves_to(equities, free, parked, shares):
            self._engine.move_capital(giver, receiver, units, Reason.SCHEDULE if is_due else Reason.DRIFT)
            for party in {giver, receiver} - {PARKED}:
                self._base[party] = (indexes[party], int(accounts[party]["equity"]))

    def state(self) -> dict[str, Any]:  # Any: plain values
        """Give what it remembers, as plain values."""
        return {
            "points": self._points,
            "peaks": self._peaks,
            "known": self._known,
            "base": self._base,
            "next_day": self._next_day,
        }

    def restore(self, state: Mapping[str, Any]) -> None:  # Any: plain values
        """Remember what another one did.

        Args:
            state: what ``state`` gave.
        """
        self._points, self._peaks, self._known = state["points"], state["peaks"], state["known"]
        self._base, self._next_day = state["base"], state["next_day"]

    def _index(self, strategy: int, equity: int) -> float:
        index, base = self._base[strategy]
        return carried(index, base, equity)

    def _follow(self, day: int) -> None:
        """Note the index at the end of each day that is over, at its last step."""
        while self._next_day < day:
            ends = self._day_ends.equities(self._next_day)
            if ends is not None or self._calendar is Calendar.ALWAYS:
                for strategy, points in enumerate(self._points):
                    points.append(points[-1] if ends is None else self._index(strategy, ends[strategy]))
                    self._peaks[strategy] = max(self._peaks[strategy], points[-1])
            self._next_day += 1

    def _shares(self, indexes: Sequence[float]) -> list[int] | None:
        days = len(self._points[0])
        # What looks back at whole days says the same all day long.
        if self._options.looks_back and self._known is not None and self._known[0] == days:
            return self._known[1]
        falls = [1 - now / max(peak, now) for now, peak in zip(indexes, self._peaks, strict=True)]
        shares = self._options.shares(
            self._weights,
            returns=self._returns(),
            drawdowns=falls,
            periods_per_year=self._calendar.periods_per_year,
        )
        self._known = (days, shares)
        return shares

    def _returns(self) -> list[list[float]] | None:
        """Give the daily returns looked back at, if there are so many and all have a meaning."""
        count = self._options.lookback_days
        recent = [points[-count - 1 :] for points in self._points]
        if not self._options.looks_back or any(len(row) <= count or min(row) <= 0 for row in recent):
            return None
        return [[after / before - 1 for before, after in pairwise(row)] for row in recent]
