"""All metrics of one curve, put together."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.errors import InvariantBroken
from podium.stats.daily import Calendar, daily_equity
from podium.stats.metrics import StrategyMetrics, compute_metrics
from podium.stats.trades import TradeColumns

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def computed(values, *, times=None, digits=0, capital=100, **others) -> StrategyMetrics:
    equity = np.array(values, dtype=np.int64)
    times = np.arange(1, len(equity) + 1, dtype=np.int64) * DAY if times is None else np.array(times, dtype=np.int64)
    return compute_metrics(
        times_nanoseconds=times, equity=equity, digits=digits, starting_capital=Decimal(capital), **others
    )


def closed(*rows):
    pnl, begins, ends, value = zip(*rows, strict=True)
    return TradeColumns(
        pnl=np.array(pnl, dtype=np.float64),
        entry_times=np.array(begins, dtype=np.int64),
        exit_times=np.array(ends, dtype=np.int64),
        traded_value=np.array(value, dtype=np.float64),
    )


def test_a_small_run_by_hand():
    """100 → 110 → 99 → 121 over three days, one winner, one loser (B-09, B-47)."""
    trades = closed((22, DAY, 2 * DAY, 300.0), (-1, 2 * DAY, 3 * DAY, 200.0))
    metrics = computed([110, 99, 121], closed=trades)
    assert metrics.total_return == pytest.approx(0.21)
    assert metrics.max_drawdown == pytest.approx(0.1)
    assert metrics.max_drawdown_days == metrics.longest_drawdown_days == 2
    assert metrics.win_rate == 0.5
    assert (metrics.total_trades, metrics.winning_trades, metrics.losing_trades) == (2, 1, 1)
    assert metrics.profit_factor == 22.0
    assert metrics.expectancy == 10.5
    assert metrics.exposure == 1.0
    assert metrics.turnover == pytest.approx(500 / 2 / 110 / (3 / 365))
    series = [0.1, -0.1, 22 / 99]
    assert metrics.sharpe_ratio == pytest.approx(np.mean(series) / np.std(series, ddof=1) * np.sqrt(365))
    assert (metrics.best_day, metrics.worst_day) == (pytest.approx(22 / 99), pytest.approx(-0.1))
    assert (metrics.days, metrics.periods_per_year) == (3, 365)
    assert (metrics.first_day, metrics.last_day) == ("1970-01-01", "1970-01-03")
    assert metrics.cagr == pytest.approx(1.21 ** (365.25 / 3) - 1)
    assert metrics.annualised_return == pytest.approx(1.21 ** (365 / 3) - 1)
    assert metrics.calmar_ratio == pytest.approx(metrics.annualised_return / 0.1)


def test_every_metric_of_the_requirement_is_there():
    """The names that a user may rely on (B-47)."""
    names = {field.name for field in dataclasses.fields(StrategyMetrics)}
    assert names >= {
        "total_return", "annualised_return", "cagr", "volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio",
        "max_drawdown", "max_drawdown_days", "win_rate", "profit_factor", "average_win", "average_loss", "expectancy",
        "exposure", "turnover", "value_at_risk", "conditional_value_at_risk", "total_trades", "winning_trades",
        "losing_trades", "alpha", "beta", "excess_return", "periods_per_year",
    }  # fmt: skip


def test_units_and_money_give_the_same_metrics():
    """The digits of the money unit do not show in any figure (B-09)."""
    in_money = computed([110, 99, 121])
    in_units = computed([110 * 10**8, 99 * 10**8, 121 * 10**8], digits=8)
    assert in_units == in_money


def test_a_loss_on_the_first_day_is_a_drawdown():
    """The starting capital is the first peak (B-09)."""
    assert computed([90, 95]).max_drawdown == pytest.approx(0.1)


def test_the_depth_looks_inside_the_day():
    """A fall that recovers before the day ends is in the maximum drawdown, not in the daily ratios (B-09)."""
    metrics = computed([100, 50, 100], times=[HOUR, 2 * HOUR, 3 * HOUR])
    assert metrics.max_drawdown == 0.5
    assert metrics.max_drawdown_days == 0
    assert metrics.days == 1


def test_cash_has_no_ratios_and_says_why():
    """Nothing varies, nothing is traded: None with a reason, never a magic number (B-47)."""
    metrics = computed([100, 100, 100])
    assert metrics.total_return == metrics.max_drawdown == metrics.volatility == metrics.exposure == 0.0
    for name in ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "win_rate", "profit_factor", "alpha"):
        assert getattr(metrics, name) is None
        assert metrics.why_none(name)
    assert metrics.why_none("win_rate") == "no closed trade"
    assert metrics.why_none("total_return") is None


def test_every_none_has_a_reason():
    """No figure is missing without a word, not even without any equity (B-47)."""
    empty = computed([])
    missing = [field.name for field in dataclasses.fields(empty) if getattr(empty, field.name) is None]
    assert "sharpe_ratio" in missing
    assert "first_day" in missing
    assert all(empty.why_none(name) for name in missing)


def test_more_than_everything_lost():
    """A leveraged account below zero has a total return and a drawdown beyond 1, and no ratios (B-47)."""
    metrics = computed([50, -20, 10])
    assert metrics.total_return == pytest.approx(-0.9)
    assert metrics.max_drawdown == pytest.approx(1.2)
    assert metrics.sharpe_ratio is metrics.volatility is metrics.value_at_risk is metrics.ulcer_index is None
    assert computed([50, -20]).cagr is None


def test_sessions_count_252_days():
    """Session days leave weekends out and annualise by 252 (B-47)."""
    metrics = computed([101, 103], times=[5 * DAY, 8 * DAY], calendar=Calendar.SESSIONS)
    assert (metrics.days, metrics.periods_per_year) == (2, 252)
    assert metrics.cagr == pytest.approx(1.03 ** (365.25 / 4) - 1)


def test_open_positions_count_in_the_exposure():
    """A position kept open at the end is exposure until the end (B-47)."""
    assert computed([100] * 5, open_since_nanoseconds=[4 * DAY]).exposure == 0.25


def test_the_value_of_all_fills_makes_the_turnover():
    """When the fills' value is given, it counts instead of that of the closed trades (B-47)."""
    assert computed([100, 100], traded_value=Decimal(400)).turnover == pytest.approx(2 * 365 / 2)


def test_against_a_benchmark_by_hand():
    """Twice the benchmark's returns give beta 2 and alpha 0 (B-47)."""
    times = np.arange(1, 4, dtype=np.int64) * DAY
    market = daily_equity(times, np.array([110.0, 99.0, 103.95]), start=100.0, calendar=Calendar.ALWAYS)
    metrics = computed([12_000, 9_600, 10_560], capital=10_000, benchmark=market)
    assert metrics.beta == pytest.approx(2.0)
    assert metrics.alpha == pytest.approx(0.0, abs=1e-12)
    assert metrics.excess_return == pytest.approx(0.056 - 0.0395)


def test_a_constant_lead_over_the_benchmark_is_alpha():
    """One per cent a day more than the benchmark is 3.65 a year, at beta 1 (B-47)."""
    times = np.arange(1, 6, dtype=np.int64) * DAY
    theirs = np.array([0.02, -0.01, 0.03, -0.02, 0.01])
    market = daily_equity(times, 100 * np.cumprod(1 + theirs), start=100.0, calendar=Calendar.ALWAYS)
    ours = 1000 * np.cumprod(1 + theirs + 0.01)
    metrics = compute_metrics(times_nanoseconds=times, equity=ours, digits=0, starting_capital=1000.0, benchmark=market)
    assert metrics.beta == pytest.approx(1.0)
    assert metrics.alpha == pytest.approx(3.65)


def test_a_benchmark_that_begins_later_counts_from_its_first_day():
    """Days before the benchmark's first are left out of the comparison (B-47)."""
    market = daily_equity(
        np.array([3, 4], dtype=np.int64) * DAY, np.array([50.0, 60.0]), start=50.0, calendar=Calendar.ALWAYS
    )
    metrics = computed([200, 200, 200, 260], benchmark=market)
    assert metrics.excess_return == pytest.approx(0.3 - 0.2)
    too_late = daily_equity(np.array([9 * DAY]), np.array([50.0]), start=50.0, calendar=Calendar.ALWAYS)
    assert computed([200, 200], benchmark=too_late).beta is None


def test_a_benchmark_that_stands_still_gives_no_beta():
    """Nothing varies: no slope (B-47)."""
    market = daily_equity(np.arange(1, 4, dtype=np.int64) * DAY, np.full(3, 50.0), start=50.0, calendar=Calendar.ALWAYS)
    metrics = computed([101, 102, 103], benchmark=market)
    assert metrics.beta is metrics.alpha is None
    assert metrics.excess_return == pytest.approx(0.03)
    assert computed([0, 5, 6], benchmark=market).alpha is None


def test_metrics_are_ready_for_json():
    """Plain numbers, texts and null, no NaN, in a fixed order (B-42)."""
    metrics = computed([110, 99, 121])
    content = json.loads(json.dumps(metrics.to_dict(), allow_nan=False))
    assert list(content) == [field.name for field in dataclasses.fields(StrategyMetrics)]
    assert content["total_return"] == metrics.total_return


def test_columns_of_different_length_crash():
    """A time without a point is a defect."""
    with pytest.raises(InvariantBroken):
        computed([1, 2], times=[1])


steps = st.lists(st.tuples(st.integers(1, 4 * DAY), st.integers(50, 200)), min_size=1, max_size=40)


@given(steps, st.lists(st.integers(0, 160 * DAY), max_size=30))
def test_time_steps_of_other_symbols_change_no_figure(gaps, extra):
    """Points between the first and the last at which the equity stands still change nothing (B-30)."""
    times = np.cumsum([gap for gap, _ in gaps])
    values = [value for _, value in gaps]
    points = dict(zip(times.tolist(), values, strict=True))
    denser = dict(points)
    for time in extra:
        if times[0] < time < times[-1] and time not in points:
            denser[time] = values[int(np.searchsorted(times, time)) - 1]
    ordered = sorted(denser.items())
    again = computed([value for _, value in ordered], times=[time for time, _ in ordered])
    assert again == computed(values, times=times)


@given(steps)
def test_figures_are_finite_and_within_their_bounds(gaps):
    """No NaN, no infinity; a drawdown between 0 and 1; all days multiply to the total return (B-47)."""
    metrics = computed([value for _, value in gaps], times=np.cumsum([gap for gap, _ in gaps]))
    json.dumps(metrics.to_dict(), allow_nan=False)
    assert 0 <= metrics.max_drawdown < 1
    assert metrics.longest_drawdown_days >= metrics.max_drawdown_days >= 0
    assert metrics.total_return == pytest.approx(gaps[-1][1] / 100 - 1)
