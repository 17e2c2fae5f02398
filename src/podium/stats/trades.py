"""Figures of trades: how often they won, how much, and how long money was at work.

A trade runs from flat to flat. A winner has a net result above 0, a loser one below; a result of exactly 0 is neither,
and counts as a trade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from podium.core.times import to_nanoseconds

__all__ = [
    "ClosedTrade",
    "TradeColumns",
    "average_loss",
    "average_win",
    "expectancy",
    "exposure",
    "profit_factor",
    "turnover",
    "win_rate",
]


class ClosedTrade(Protocol):
    """Name what the figures need of a trade."""

    @property
    def entry_time(self) -> datetime:
        """Give when the position was opened."""
        ...

    @property
    def exit_time(self) -> datetime:
        """Give when it was flat again."""
        ...

    @property
    def entry_price(self) -> Decimal:
        """Give the average price of the entry."""
        ...

    @property
    def exit_price(self) -> Decimal:
        """Give the average price of the exit."""
        ...

    @property
    def quantity(self) -> Decimal:
        """Give the whole quantity, above 0."""
        ...

    @property
    def pnl(self) -> Decimal:
        """Give the result net of all costs, in money."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeColumns:
    """Hold trades as columns.

    Args:
        pnl: net results in money, shape ``(trades,)``.
        entry_times: nanoseconds since 1970 UTC, shape ``(trades,)``.
        exit_times: nanoseconds since 1970 UTC, shape ``(trades,)``.
        traded_value: the value of a trade's entry and exit together, in money, shape ``(trades,)``.
    """

    pnl: NDArray[np.float64]
    entry_times: NDArray[np.int64]
    exit_times: NDArray[np.int64]
    traded_value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pnl)

    @classmethod
    def of(cls, trades: Sequence[ClosedTrade]) -> TradeColumns:
        """Take the columns from trades whose instruments have a multiplier of 1.

        Args:
            trades: any order.

        Returns:
            The columns, in the same order.
        """
        return cls(
            pnl=np.array([float(trade.pnl) for trade in trades], dtype=np.float64),
            entry_times=np.array([to_nanoseconds(trade.entry_time) for trade in trades], dtype=np.int64),
            exit_times=np.array([to_nanoseconds(trade.exit_time) for trade in trades], dtype=np.int64),
            traded_value=np.array(
                [float(trade.quantity * (trade.entry_price + trade.exit_price)) for trade in trades], dtype=np.float64
            ),
        )


def _numbers(values: Sequence[Decimal] | Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray([float(value) for value in values] if isinstance(values, list | tuple) else values, np.float64)


def _average(values: NDArray[np.float64]) -> float | None:
    numbers: list[float] = values.tolist()
    return math.fsum(numbers) / len(numbers) if numbers else None


def win_rate(pnl: Sequence[Decimal] | Sequence[float] | NDArray[np.float64]) -> float | None:
    """Compute winners / trades.

    Args:
        pnl: net results, in money.

    Returns:
        A fraction; ``None`` without trades.
    """
    results = _numbers(pnl)
    return int(np.count_nonzero(results > 0)) / len(results) if len(results) else None


def profit_factor(pnl: Sequence[Decimal] | Sequence[float] | NDArray[np.float64]) -> float | None:
    """Compute the sum of the wins / the sum of the losses.

    Args:
        pnl: net results, in money.

    Returns:
        A ratio, 0 when all lost; ``None`` without losses.
    """
    results = _numbers(pnl)
    losses: list[float] = results[results < 0].tolist()
    wins: list[float] = results[results > 0].tolist()
    return math.fsum(wins) / -math.fsum(losses) if losses else None


def average_win(pnl: Sequence[Decimal] | Sequence[float] | NDArray[np.float64]) -> float | None:
    """Compute the mean result of the winners.

    Args:
        pnl: net results, in money.

    Returns:
        Money, above 0; ``None`` without winners.
    """
    results = _numbers(pnl)
    return _average(results[results > 0])


def average_loss(pnl: Sequence[Decimal] | Sequence[float] | NDArray[np.float64]) -> float | None:
    """Compute the mean result of the losers.

    Args:
        pnl: net results, in money.

    Returns:
        Money, below 0; ``None`` without losers.
    """
    results = _numbers(pnl)
    return _average(results[results < 0])


def expectancy(pnl: Sequence[Decimal] | Sequence[float] | NDArray[np.float64]) -> float | None:
    """Compute the mean result of a trade.

    Args:
        pnl: net results, in money.

    Returns:
        Money; ``None`` without trades.
    """
    return _average(_numbers(pnl))


def exposure(
    entry_times: NDArray[np.int64], exit_times: NDArray[np.int64], *, first_time: int, last_time: int
) -> float | None:
    """Compute the share of the time in which any position was open.

    Positions that overlap count once. A position still open ends at ``last_time``.

    Args:
        entry_times: when positions opened, nanoseconds since 1970 UTC, shape ``(positions,)``, any order.
        exit_times: when they closed, shape ``(positions,)``.
        first_time: where the run begins.
        last_time: where it ends.

    Returns:
        A fraction from 0 to 1; ``None`` when no time passed.
    """
    if last_time <= first_time:
        return None
    if len(entry_times) == 0:
        return 0.0
    order = np.argsort(entry_times, kind="stable")
    begins = np.clip(entry_times[order], first_time, last_time)
    ends = np.maximum.accumulate(np.clip(exit_times[order], first_time, last_time))
    # What an earlier position already covers is not counted again.
    begins = np.maximum(begins, np.concatenate(([first_time], ends[:-1])))
    return int(np.sum(np.maximum(ends - begins, 0))) / (last_time - first_time)


def turnover(traded_value: float, mean_equity: float | None, years: float) -> float | None:
    """Compute how often a year the equity was turned over: traded value / 2 / mean equity / years.

    One side is counted (buying and selling everything once is one turn), as funds report it.

    Args:
        traded_value: the value of all fills, entries and exits, in money.
        mean_equity: the mean of the daily equity, in money.
        years: the length of the run.

    Returns:
        Turns a year; ``None`` without time or with a mean equity that is not positive.
    """
    if mean_equity is None or mean_equity <= 0 or years <= 0:
        return None
    return traded_value / 2 / mean_equity / years
