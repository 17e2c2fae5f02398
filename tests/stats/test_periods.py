"""Returns by month, over a window, and in bins."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podium.stats.daily import Calendar, DailyEquity
from podium.stats.periods import distribution, monthly_returns, rolling_sharpe, yearly_returns
from podium.stats.returns import sharpe_ratio


def daily(values, start=100.0, first=date(2023, 12, 30)):
    begin = (first - date(1970, 1, 1)).days
    return DailyEquity(
        days=np.arange(begin, begin + len(values), dtype=np.int64),
        values=np.array(values, dtype=np.float64),
        start=start,
        calendar=Calendar.ALWAYS,
    )


def test_months_by_hand():
    """Two days of December and one of January: 100 → 110 → 99. (B-47)"""
    months = monthly_returns(daily([105, 110, 99]))
    assert [(one.year, one.month, one.total_return) for one in months] == [
        (2023, 12, pytest.approx(0.1)),
        (2024, 1, pytest.approx(-0.1)),
    ]
    assert [(one.year, one.month) for one in yearly_returns(daily([105, 110, 99]))] == [(2023, 0), (2024, 0)]


@given(st.lists(st.floats(1, 1_000), min_size=1, max_size=900))
def test_months_and_years_multiply_to_the_total(values):
    """No day is counted twice or left out. (B-47)"""
    series = daily(values)
    for parts in (monthly_returns(series), yearly_returns(series)):
        assert math.prod(1 + part.total_return for part in parts) == pytest.approx(values[-1] / 100)
    assert len(monthly_returns(series)) >= len(yearly_returns(series))


def test_a_month_after_everything_was_lost_has_no_return():
    """There is nothing to divide by. (B-47)"""
    assert [month.total_return for month in monthly_returns(daily([0, 0, 0]))] == [-1.0, None]
    assert monthly_returns(daily([])) == []


def test_a_rolling_sharpe_is_the_sharpe_of_each_window():
    """The same definition as the figure of the whole run. (B-47)"""
    returns = np.array([0.01, -0.02, 0.03, 0.005, -0.01])
    rolled = rolling_sharpe(returns, 3, 365)
    assert rolled.tolist() == pytest.approx([sharpe_ratio(returns[row : row + 3], 365) for row in range(3)])


def test_a_window_that_does_not_vary_or_does_not_fit():
    """A strategy that did nothing has no ratio there; too few days give nothing. (B-47)"""
    assert np.isnan(rolling_sharpe(np.zeros(3), 2, 365)).all()
    assert len(rolling_sharpe(np.zeros(3), 4, 365)) == 0


def test_bins_by_hand():
    """-1 % and +1 % to +3 %: nine bins of equal width, none across 0. (B-47)"""
    found = distribution(np.array([-0.01, 0.01, 0.02, 0.03]))
    assert 0.0 in found.edges.tolist()
    assert np.ptp(np.diff(found.edges)) < 1e-12
    assert found.counts[found.edges[:-1] < 0].sum() == 1


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=300))
# Losses only, far from 0: the bins end at the smallest loss. Subnormal numbers: no width divides them.
@example([-0.5, -0.25, -0.25, -0.25, -0.25])
@example([0.0, 5e-324])
@example([0.0, -5e-324])
@example([-5e-324, 0.5])
@example([0.25, np.nextafter(0.25, 1)])
def test_every_return_is_in_one_bin(values):
    """The counts sum to the returns, losses are left of 0, and there are not too many bins. (B-47)"""
    returns = np.array(values)
    found = distribution(returns)
    if found is None:
        assert np.ptp(returns) <= max(1e-10 * np.abs(returns).max(), 1e-300)
        return
    assert found.counts.sum() == len(values)
    assert found.counts[found.edges[1:] <= 0].sum() == np.count_nonzero(returns < 0)
    assert len(found.edges) == len(found.counts) + 1 <= 65
    assert found.edges[0] <= returns.min() + 1e-12
    assert found.edges[-1] >= returns.max() - 1e-12
