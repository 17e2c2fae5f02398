"""Figures of trades, by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.stats import trades
from podium.stats.trades import TradeColumns

PNL = [Decimal(30), Decimal(-10), Decimal(0), Decimal(-5)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Fields:
    entry_time: datetime
    exit_time: datetime
    entry_price: Decimal
    exit_price: Decimal
    quantity: Decimal
    pnl: Decimal


def test_trade_figures_by_hand():
    """One of four wins; 30 won, 15 lost; a result of zero is neither but counts (B-09, B-47)."""
    assert trades.win_rate(PNL) == 0.25
    assert trades.profit_factor(PNL) == 2.0
    assert trades.average_win(PNL) == 30.0
    assert trades.average_loss(PNL) == -7.5
    assert trades.expectancy(PNL) == 3.75


def test_profit_factor_without_losses_is_none():
    """Without losses there is nothing to divide by (B-47)."""
    assert trades.profit_factor([1.0, 2.0, 0.0]) is None
    assert trades.profit_factor([-1.0]) == 0.0


def test_no_trades_give_no_figures():
    """Without trades every figure is None (B-47)."""
    figures = (trades.win_rate, trades.profit_factor, trades.average_win, trades.average_loss, trades.expectancy)
    assert [figure([]) for figure in figures] == [None] * 5
    assert [figure(np.zeros(0)) for figure in figures] == [None] * 5


def columns(*intervals):
    begins, ends = (np.array(side, dtype=np.int64) for side in zip(*intervals, strict=True))
    return begins, ends


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        ([(0, 100)], 1.0),
        ([(10, 20), (30, 50)], 0.3),
        ([(10, 20), (15, 25)], 0.15),
        ([(10, 90), (20, 30), (40, 50)], 0.8),
        ([(30, 50), (10, 20)], 0.3),
        ([(10, 10)], 0.0),
        ([(-50, 10), (90, 500)], 0.2),
    ],
)
def test_exposure_counts_each_moment_once(intervals, expected):
    """Overlapping, nested, unordered and clipped positions (B-47)."""
    assert trades.exposure(*columns(*intervals), first_time=0, last_time=100) == pytest.approx(expected)


def test_exposure_without_time_or_positions():
    """No time: no figure. No positions: none of the time (B-47)."""
    nothing = np.zeros(0, np.int64)
    assert trades.exposure(nothing, nothing, first_time=5, last_time=5) is None
    assert trades.exposure(nothing, nothing, first_time=0, last_time=5) == 0.0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted), min_size=1, max_size=12))
def test_exposure_equals_counting_moments(intervals):
    """The union of intervals is what counting every moment gives (B-47)."""
    covered = {moment for begin, end in intervals for moment in range(begin, end)}
    assert trades.exposure(*columns(*intervals), first_time=0, last_time=40) == len(covered) / 40


def test_turnover_by_hand():
    """400 bought and sold on a mean equity of 100 in half a year: two turns, so four a year (B-47)."""
    assert trades.turnover(400.0, 100.0, 0.5) == 4.0
    assert trades.turnover(400.0, 0.0, 0.5) is None
    assert trades.turnover(400.0, None, 0.5) is None
    assert trades.turnover(400.0, 100.0, 0.0) is None


def test_columns_of_trades():
    """Trades as objects give times in nanoseconds and the value of both sides."""
    trade = Fields(EPOCH, EPOCH + timedelta(hours=1), Decimal("10.5"), Decimal(11), Decimal(2), Decimal("0.9"))
    taken = TradeColumns.of([trade])
    assert len(taken) == 1
    assert taken.entry_times.tolist() == [0]
    assert taken.exit_times.tolist() == [3_600_000_000_000]
    assert taken.traded_value.tolist() == [43.0]
    assert taken.pnl.tolist() == [0.9]
