"""Ratios worked out by hand, and where they have no value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.stats import drawdown, growth, returns

R = np.array([0.01, -0.02, 0.03, 0.0])
NOTHING = np.zeros(0)


def test_sharpe_by_hand():
    """Mean .005, squares about it .000025 .000625 .000625 .000025, sample variance .0013 / 3 (B-09)."""
    assert returns.sharpe_ratio(R, 365) == pytest.approx(0.005 / math.sqrt(0.0013 / 3) * math.sqrt(365), rel=1e-14)
    assert returns.volatility(R, 252) == pytest.approx(math.sqrt(0.0013 / 3 * 252), rel=1e-14)


def test_sortino_by_hand():
    """The downside is the root of .0004 / 4, over all four returns (B-47)."""
    assert returns.sortino_ratio(R, 252) == pytest.approx(0.005 / 0.01 * math.sqrt(252), rel=1e-14)


def test_omega_by_hand():
    """Gains .04, losses .02 (B-47)."""
    assert returns.omega_ratio(R) == pytest.approx(2.0, rel=1e-14)


def test_tails_by_hand():
    """The 5 % quantile of 21 even returns is the second lowest; the shortfall is the mean of the lowest two (B-47)."""
    series = np.arange(-10, 11) / 100
    assert returns.value_at_risk(series) == pytest.approx(-0.09, abs=1e-15)
    assert returns.conditional_value_at_risk(series) == pytest.approx(-0.095, abs=1e-15)
    assert returns.tail_ratio(series) == pytest.approx(1.0, rel=1e-12)


def test_symmetric_returns_are_not_skewed():
    """A symmetric series has skewness 0 and, being flat, a negative excess kurtosis of -1.2."""
    series = np.arange(-10, 11) / 100
    assert returns.skewness(series) == pytest.approx(0.0, abs=1e-12)
    assert returns.kurtosis(series) == pytest.approx(-1.2, rel=1e-12)


@pytest.mark.parametrize(
    ("figure", "series"),
    [
        (lambda r: returns.sharpe_ratio(r, 365), NOTHING),
        (lambda r: returns.sharpe_ratio(r, 365), np.array([0.1])),
        (lambda r: returns.sharpe_ratio(r, 365), np.zeros(9)),
        (lambda r: returns.sharpe_ratio(r, 365), np.full(9, 0.1)),
        (lambda r: returns.volatility(r, 365), np.array([0.1])),
        (lambda r: returns.sortino_ratio(r, 365), NOTHING),
        (lambda r: returns.sortino_ratio(r, 365), np.array([0.1, 0.0])),
        (returns.omega_ratio, np.array([0.1, 0.0])),
        (returns.value_at_risk, NOTHING),
        (returns.conditional_value_at_risk, NOTHING),
        (returns.tail_ratio, NOTHING),
        (returns.tail_ratio, np.zeros(5)),
        (returns.skewness, np.array([0.1, 0.2])),
        (returns.skewness, np.zeros(5)),
        (returns.kurtosis, np.array([0.1, 0.2, 0.3])),
        (returns.kurtosis, np.full(5, 0.1)),
        (returns.mean, NOTHING),
    ],
)
def test_a_ratio_without_meaning_is_none(figure, series):
    """No magic number stands for a ratio that does not exist (B-47)."""
    assert figure(series) is None


def test_returns_that_differ_only_by_rounding_do_not_vary():
    """An equity growing by exactly 1 % a day has no Sharpe ratio, not one of 10¹⁴ (B-09)."""
    values = 100.0 * 1.01 ** np.arange(400)
    series = np.diff(values) / values[:-1]
    assert len(set(series.tolist())) > 1
    assert returns.sharpe_ratio(series, 365) is None
    assert returns.volatility(series, 365) == 0.0


def test_growth_by_hand():
    """21 % in half a year of 365 days is 46.41 % a year; two calendar years of 21 % are 10 % a year (B-09, B-47)."""
    assert growth.total_return(100.0, 121.0) == pytest.approx(0.21, rel=1e-14)
    assert growth.annualised_return(0.21, 730, 365) == pytest.approx(0.1, rel=1e-13)
    assert growth.annualised_return(0.21, 126, 252) == pytest.approx(0.4641, rel=1e-13)
    assert growth.cagr(0.21, 730.5) == pytest.approx(0.1, rel=1e-13)
    assert growth.calmar_ratio(0.1, 0.05) == pytest.approx(2.0)


def test_growth_without_meaning_is_none():
    """No start, no time, more than everything lost, or beyond a float: no figure (B-47)."""
    assert growth.total_return(0.0, 5.0) is None
    assert growth.annualised_return(0.1, 0, 365) is None
    assert growth.annualised_return(-1.5, 10, 365) is None
    assert growth.annualised_return(1e6, 1, 365) is None
    assert growth.annualised_return(-1.0, 10, 365) == -1.0
    assert growth.calmar_ratio(0.1, 0.0) is None
    assert growth.calmar_ratio(None, 0.1) is None


def test_drawdown_by_hand():
    """From 120 to 90 is a quarter, and deeper than from 100 to 80 before it (B-09)."""
    assert drawdown.max_drawdown(np.array([100, 80, 120, 90, 110])) == 0.25
    assert drawdown.max_drawdown(np.array([90, 95]), start=100) == pytest.approx(0.1)
    assert drawdown.max_drawdown(np.array([1, 2, 3])) == 0.0
    assert drawdown.max_drawdown(np.array([1.0, -1.0])) == 2.0


def test_drawdown_without_meaning_is_none():
    """Without values or with a start that is not positive there is no drawdown."""
    assert drawdown.max_drawdown(NOTHING) is None
    assert drawdown.max_drawdown(np.array([1.0]), start=0.0) is None
    assert drawdown.drawdown_days(np.zeros(0, np.int64), NOTHING) is None
    assert drawdown.ulcer_index(np.array([100.0, 90.0])) is None


def test_drawdown_days_by_hand():
    """Deepest: day 2 to its recovery on day 5. Longest: from day 6 to the end on day 16, never recovered (B-47)."""
    days = np.array([0, 1, 2, 3, 4, 5, 6, 7, 10, 16])
    values = np.array([100.0, 95.0, 100.0, 60.0, 80.0, 100.0, 101.0, 99.0, 98.0, 100.0])
    assert drawdown.drawdown_days(days, values) == drawdown.DrawdownDays(deepest=3, longest=10)
    rising = drawdown.drawdown_days(days, np.arange(1.0, 11.0))
    assert rising == drawdown.DrawdownDays(deepest=0, longest=0)


def test_ulcer_index_by_hand():
    """Falls of 10 % and 20 % on two of three days: the root of .05 / 2."""
    assert drawdown.ulcer_index(np.array([100.0, 90.0, 80.0, 100.0])) == pytest.approx(math.sqrt(0.05 / 2))


money = st.lists(st.integers(1, 10**12), min_size=1, max_size=300)


@given(money)
def test_max_drawdown_equals_the_plain_definition(values):
    """The deepest of all falls from an earlier high, a fraction from 0 to below 1 (B-09)."""
    peak, deepest = 0, 0.0
    for value in values:
        peak = max(peak, value)
        deepest = max(deepest, 1.0 - value / peak)
    assert drawdown.max_drawdown(np.array(values)) == deepest


@given(money, st.integers(2, 1000))
def test_max_drawdown_does_not_depend_on_the_unit(values, factor):
    """Units or money, one drawdown (B-09)."""
    array = np.array(values, dtype=np.float64)
    assert drawdown.max_drawdown(array * factor) == pytest.approx(drawdown.max_drawdown(array), abs=1e-12)


def test_long_curves_are_read_in_pieces_without_a_seam(monkeypatch):
    """A fall across the border of two pieces is found like one inside (B-09)."""
    values = np.array([100, 90, 110, 100, 55, 60, 120, 90])
    whole = drawdown.max_drawdown(values)
    for size in range(1, 9):
        monkeypatch.setattr(drawdown, "_PIECE_POINTS", size)
        assert drawdown.max_drawdown(values) == whole == 0.5


small_returns = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=50).map(np.array)


@given(small_returns)
def test_ratios_keep_their_order(series):
    """The shortfall is never better than the value at risk, and mirrored returns mirror the Sharpe ratio (B-47)."""
    assert returns.conditional_value_at_risk(series) <= returns.value_at_risk(series) + 1e-12
    sharpe = returns.sharpe_ratio(series, 365)
    mirrored = returns.sharpe_ratio(-series, 365)
    assert (sharpe is None) == (mirrored is None)
    if sharpe is not None:
        assert mirrored == pytest.approx(-sharpe)
