"""What each strategy adds to the portfolio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from podium.stats import contribution
from podium.stats.contribution import (
    DeepestFall,
    deepest_fall,
    drawdown_contributions,
    last_peaks,
    marginal_effect,
    portfolio_figures,
    risk_contributions,
)
from podium.stats.daily import Calendar, DailyEquity

MONEY = st.lists(st.integers(-20, 20), min_size=3, max_size=12)


def daily(values, start):
    return DailyEquity(
        days=np.arange(len(values), dtype=np.int64),
        values=np.array(values, dtype=np.float64),
        start=float(start),
        calendar=Calendar.ALWAYS,
    )


def test_risk_by_hand():
    """A portfolio of 100 earns 1, -1, 1 from one strategy and nothing from the other: shares 1 and 0. (B-36)"""
    portfolio = daily([101, 100, 101], 100)
    first, second = np.array([1.0, -1.0, 1.0]), np.zeros(3)
    assert risk_contributions([first, second], portfolio) == pytest.approx([1, 0])


def test_a_hedge_lowers_the_risk():
    """Results 2, -2, 2 beside -1, 1, -1: the first carries twice the risk of the whole, the hedge takes one off. (B-36)"""
    first = np.array([2.0, -2.0, 2.0])
    shares = risk_contributions([first, -first / 2], daily([101, 100, 101], 100))
    assert shares == pytest.approx([2, -1])


@given(st.lists(MONEY, min_size=1, max_size=4), st.integers(1_000, 10_000))
def test_shares_of_risk_sum_to_one(several, start):
    """Whatever the strategies did and however their weights drifted, all risk is shared out. (B-36)"""
    length = min(map(len, several))
    results = [np.array(result[:length], dtype=np.float64) for result in several]
    total = sum(results)
    assume(np.std(total) > 0.5)
    shares = risk_contributions(results, daily(start + np.cumsum(total), start))
    assert math.fsum(shares) == pytest.approx(1)


def test_without_risk_there_is_nothing_to_share():
    """A portfolio that did not move, or that lost everything, has no shares. (B-36)"""
    assert risk_contributions([np.zeros(3)], daily([100, 100, 100], 100)) is None
    assert risk_contributions([np.array([-100.0, 0.0])], daily([0, 0], 100)) is None


def test_the_deepest_fall_is_relative_to_its_peak():
    """From 100 to 60 (40 %) is deeper than from 300 to 200 (33 %), though it is less money. (B-36)"""
    assert deepest_fall(np.array([100, 60, 300, 200]), 80) == DeepestFall(peak_row=0, trough_row=1)


def test_a_fall_can_begin_at_the_start():
    """The peak may be the capital itself, before the first point; of equal peaks the last one counts. (B-36)"""
    assert deepest_fall(np.array([90, 80, 95]), 100) == DeepestFall(peak_row=-1, trough_row=1)
    assert deepest_fall(np.array([100, 100, 95]), 100) == DeepestFall(peak_row=1, trough_row=2)


@pytest.mark.parametrize(("equity", "start"), [([], 100), ([100, 110], 100), ([5, 4], 0)])
def test_without_a_fall_there_is_none(equity, start):
    """Nothing recorded, nothing lost, or nothing to lose. (B-36)"""
    assert deepest_fall(np.array(equity, dtype=np.int64), start) is None


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 30), st.integers(1, 9))
def test_long_curves_are_read_in_pieces(values, start, size):
    """Where a piece ends changes neither the deepest fall nor the last peaks. (B-36)"""
    equity = np.array(values, dtype=np.int64)
    rows = np.arange(0, len(values), 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contribution, "_PIECE_POINTS", size)
        fall, peaks = deepest_fall(equity, start), last_peaks(equity, start, rows)
    highest = [max([start, *values[: row + 1]]) for row in range(len(values))]
    assert peaks.tolist() == [
        max((place for place in range(row + 1) if values[place] == highest[row]), default=-1) for row in rows
    ]
    shares = [value / high for value, high in zip(values, highest, strict=True)]
    if min(shares, default=1) == 1:
        assert fall is None
    else:
        assert fall.trough_row == shares.index(min(shares))
        assert fall.peak_row == last_peaks(equity, start, np.array([fall.trough_row]))[0]


def test_a_drawdown_by_hand():
    """From 220 to 190: the first lost 40, the second earned 10. (B-36)"""
    first, second = np.array([110, 130, 90, 120]), np.array([95, 90, 100, 105])
    fall = deepest_fall(first + second, 200)
    assert fall == DeepestFall(peak_row=1, trough_row=2)
    assert drawdown_contributions([first, second], [100, 100], fall) == [-40, 10]


@given(st.lists(MONEY, min_size=1, max_size=4), st.integers(0, 50))
def test_parts_of_a_drawdown_sum_to_it_exactly(several, cash):
    """To the last unit, with amounts near what the ledger holds, cash lying beside. (B-36)"""
    length, scale = min(map(len, several)), 10**16 + 1
    starts = [100 * scale for _ in several]
    equities = [
        start + np.cumsum(np.array(result[:length]) * scale) for start, result in zip(starts, several, strict=True)
    ]
    whole, start = sum(equities) + cash, sum(starts) + cash
    fall = deepest_fall(whole, start)
    if fall is None:
        assert min(np.diff([start, *whole.tolist()])) >= 0
        return
    peak = start if fall.peak_row < 0 else int(whole[fall.peak_row])
    assert sum(drawdown_contributions(equities, starts, fall)) == int(whole[fall.trough_row]) - peak < 0


def test_the_effect_of_a_strategy_by_hand():
    """100 became 110 with a strategy that lost 10 of its 50; without it they would be 120, never below. (B-36)"""
    units = np.array([95, 110]) * 100
    strategy = np.array([35, 40]) * 100
    portfolio = daily([95, 110], 100)
    effect = marginal_effect(
        portfolio=portfolio,
        portfolio_equity=units,
        strategy=daily([35, 40], 50),
        strategy_equity=strategy,
        unit=0.01,
        whole=portfolio_figures(portfolio, units, 10_000),
    )
    assert (effect.whole.total_return, effect.without.total_return) == pytest.approx((0.1, 0.2))
    assert (effect.whole.max_drawdown, effect.without.max_drawdown) == pytest.approx((0.05, 0))
    assert effect.difference("total_return") == pytest.approx(-0.1)
    # Without it: 100, 110, 120.
    assert effect.without.volatility == pytest.approx(np.std([0.1, 1 / 11], ddof=1) * math.sqrt(365))


def test_the_effect_on_a_figure_without_meaning():
    """Where the portfolio without a strategy did nothing, its ratio is unknown and so is the difference. (B-36)"""
    portfolio = daily([101, 99], 100)
    units = np.array([101, 99])
    effect = marginal_effect(
        portfolio=portfolio, portfolio_equity=units, strategy=portfolio, strategy_equity=units, unit=1.0,
        whole=portfolio_figures(portfolio, units, 100),
    )  # fmt: skip
    assert effect.without.sharpe_ratio is None
    assert effect.difference("sharpe_ratio") is None
    assert effect.difference("total_return") == pytest.approx(-0.01)
