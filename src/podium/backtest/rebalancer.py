"""Move capital between strategies as a run goes on: it looks at equity so far, and at nothing behind it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np

from podium.core.events import Reason
from podium.core.times import NANOSECONDS_PER_DAY
from podium.engine.engine import Engine
from podium.portfolio.rebalancing import PARKED, RebalancingOptions, is_adrift, moves_to, period_ends
from podium.stats.daily import Calendar
from podium.stats.time_weighted import carried

__all__ = ["Rebalancer", "run_days"]


def run_days(times: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]], calendar: Calendar) -> int:
    """Count the daily returns that a run has.

    Args:
        times: close time of its steps, nanoseconds since 1970 UTC, growing.
        calendar: which days count.

    Returns:
        How many.
    """
    days = (np.asarray(times, np.int64) - 1) // NANOSECONDS_PER_DAY
    if len(days) == 0:
        return 0
    return int(days[-1] - days[0]) + 1 if calendar is Calendar.ALWAYS else len(np.unique(days))


class Rebalancer:
    """Look at the strategies' shares whenever a period has ended.

    Args:
        engine: at its start.
        options: the rule.
        threshold: the drift of a share on which it acts.
        weights: of the strategies.
        calendar: which days count.
    """

    def __init__(
        self,
        engine: Engine,
        options: RebalancingOptions,
        *,
        threshold: Decimal,
        weights: Sequence[Decimal],
        calendar: Calendar,
    ) -> None:
        self._engine, self._options, self._threshold, self._weights = engine, options, threshold, tuple(weights)
        self._calendar = calendar
        #: Before the settlement of these steps it acts.
        self._steps = tuple(period_ends(engine.timeline.times, options.every))
        self._days = (engine.timeline.times - 1) // NANOSECONDS_PER_DAY
        # Of each strategy its return index at the end of each day, the start first, and where it stands since capital
        # was last moved.
        self._points = [[1.0] for _ in weights]
        self._peaks = [1.0 for _ in weights]
        self._known: tuple[int, list[int] | None] | None = None
        self._base = [(1.0, int(account["deposited"])) for account in engine.tables.accounts]
        self._next_day = int(self._days[0]) if len(self._days) else 0

    def steps_between(self, start: int, stop: int) -> Sequence[int]:
        """Give the steps before which it acts.

        Args:
            start: from this step on.
            stop: up to the step before this one.

        Returns:
            Steps in order.
        """
        first, last = (bisect_left(self._steps, step) for step in (start, stop))
        return self._steps[first:last]

    def act(self, step: int) -> None:
        """Move what the rule wants moved, behind the step before this one.

        Args:
            step: one of those of ``steps_between``; the engine stands before it.
        """
        self._follow(step)
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

    def _index(self, strategy: int, equity: int) -> float:
        index, base = self._base[strategy]
        return carried(index, base, equity)

    def _follow(self, step: int) -> None:
        """Note the index at the end of each day that is over, at its last step."""
        equity = self._engine.tables.equity
        while self._next_day < self._days[step]:
            row = int(np.searchsorted(self._days, self._next_day, side="right")) - 1
            has_point = self._days[row] == self._next_day
            if has_point or self._calendar is Calendar.ALWAYS:
                for strategy, points in enumerate(self._points):
                    points.append(self._index(strategy, int(equity[row, strategy])) if has_point else points[-1])
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
