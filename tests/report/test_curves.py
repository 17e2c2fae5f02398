"""Long series made short, with their extremes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.report.curves import drawn_candles, drawn_curve
from podium.stats.drawdown import max_drawdown


@dataclass(frozen=True)
class Columns:
    times_nanoseconds: np.ndarray
    units: np.ndarray
    digits: int = 0


def columns(values):
    return Columns(np.arange(len(values), dtype=np.int64), np.array(values, dtype=np.int64))


paths = st.lists(st.integers(1, 10**6), min_size=1, max_size=400)


@given(paths, st.integers(4, 60))
def test_a_drawn_curve_keeps_its_extremes(values, most):
    """Highest, lowest, first, last and the deepest drawdown survive, in few points (B-05)."""
    drawn = drawn_curve(columns(values), start=Decimal(100), most=most)
    assert len(drawn.times) <= most
    assert len(drawn.drawdown) <= most
    assert (drawn.equity[0], drawn.equity[-1]) == (values[0], values[-1])
    assert (drawn.equity.min(), drawn.equity.max()) == (min(values), max(values))
    assert drawn.drawdown.max() == max_drawdown(np.array(values), start=100.0)
    assert np.all(np.diff(drawn.times) > 0)
    assert np.all(np.diff(drawn.drawdown_times) > 0)


@given(paths)
def test_every_drawn_point_is_a_point_of_the_curve(values):
    """Nothing is averaged or invented (B-05)."""
    drawn = drawn_curve(columns(values), start=Decimal(100), most=20)
    assert drawn.equity.tolist() == [values[row] for row in drawn.times.tolist()]


def test_a_curve_as_pairs_is_the_same_curve():
    """A list of (time, Decimal) draws like columns (B-05)."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    pairs = [(start + timedelta(hours=hour), Decimal(100 + hour)) for hour in range(5)]
    drawn = drawn_curve(pairs, start=Decimal(100))
    assert drawn.equity.tolist() == [100, 101, 102, 103, 104]
    assert int(drawn.times[1] - drawn.times[0]) == 3_600_000_000_000


def test_an_empty_curve_draws_nothing():
    """No steps, no points."""
    assert len(drawn_curve(columns([]), start=Decimal(100)).equity) == 0


@pytest.mark.parametrize(
    ("count", "most", "expected", "each"), [(100, 2000, 100, 1), (100, 30, 25, 4), (7, 3, 3, 3), (1, 1, 1, 1)]
)
def test_candles_are_joined_until_they_are_few(made, count, most, expected, each):
    """Equally many bars to a candle; open of the first, close of the last, extremes of all."""
    series = made.bars(count=count)
    candles = drawn_candles(series, most=most)
    assert (len(candles.times), candles.bars_each) == (expected, each)
    assert candles.open[0] == series.open[0]
    assert candles.close[0] == series.close[each - 1]
    assert candles.high[0] == series.high[:each].max()
    assert candles.low[-1] == series.low[(expected - 1) * each :].min()
    assert candles.times[-1] == series.close_time[-1]


def test_no_bars_no_candles(made):
    """An empty series is drawn empty."""
    assert len(drawn_candles(made.bars().select(slice(0, 0))).times) == 0
