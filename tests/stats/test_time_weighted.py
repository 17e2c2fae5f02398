"""Returns free of capital that was moved."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from podium.stats.time_weighted import time_weighted


def linked(equity, start, rows, units):
    return time_weighted(*(np.array(each, np.int64) for each in (equity,)), start, np.array(rows, np.int64), np.array(units, np.int64))  # fmt: skip


def test_by_hand():
    """1000 earn 10 %, get 900, earn 10 % again: 21 %, although 1000 became 2200 (B-34)."""
    assert linked([1100, 2000, 2200], 1000, [1], [900]).tolist() == [1100, 1100, 1210]


def test_movements_at_one_point_count_together():
    """Two at the same step are one; one at the last step changes nothing that was earned (B-34)."""
    assert linked([1100, 2000, 2200], 1000, [1, 1], [1000, -100]).tolist() == [1100, 1100, 1210]
    assert linked([1100, 1210, 5000], 1000, [2], [3790]).tolist() == [1100, 1210, 1210]


def test_without_capital_nothing_is_earned():
    """All was taken: the index stands still until capital comes back (B-34)."""
    assert linked([1100, 0, 0, 500, 550], 1000, [1, 3], [-1100, 500]).tolist() == [1100, 1100, 1100, 1100, 1210]


@given(
    st.lists(st.tuples(st.floats(-0.3, 0.3), st.integers(-900_000, 10**6)), min_size=1, max_size=40),
    st.integers(10**6, 10**9),
)
def test_it_is_the_product_of_the_returns(steps, start):
    """Whatever was moved, it grows by each step's own return (B-34)."""
    equity, moved, own = start, [], float(start)
    points, expected = [], []
    for ratio, units in steps:
        after = max(int(equity * (1 + ratio)), 2)
        own *= after / equity
        moved.append(max(units, 1 - after))
        equity = after + moved[-1]
        points.append(equity)
        expected.append(own)
    found = linked(points, start, range(len(points)), moved)
    np.testing.assert_allclose(found, expected, atol=1, rtol=1e-9)
