"""Long series made short, with their extremes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.report.curves import drawn_candles, drawn_rows

PATHS = st.lists(st.integers(1, 10**6), min_size=1, max_size=400)


@given(PATHS, st.integers(4, 60))
def test_a_drawn_curve_keeps_its_extremes(values, most):
    """Highest, lowest, first and last point survive, in few points and in their order (B-05)."""
    units = np.array(values, dtype=np.int64)
    rows = drawn_rows(units, most)
    drawn = units[rows]
    assert len(rows) <= most + 4
    assert (drawn[0], drawn[-1]) == (values[0], values[-1])
    assert (drawn.min(), drawn.max()) == (min(values), max(values))
    assert np.all(np.diff(rows) > 0)


def test_a_short_curve_is_drawn_whole():
    """Nothing is left out where there is room; without points there are none."""
    assert drawn_rows(np.arange(4, dtype=np.int64), 4).tolist() == [0, 1, 2, 3]
    assert len(drawn_rows(np.zeros(0, dtype=np.int64))) == 0


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
