"""How alike strategies are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.stats.correlation import StrategyPair, correlation, correlation_matrix, judged_pairs

RETURNS = st.lists(st.floats(-0.2, 0.2).map(lambda value: round(value, 6)), min_size=5, max_size=5)


def test_correlation_by_hand():
    """Distances (-1, 0, 1) and (-1, 1, 0) per cent: covariance 0.5, both deviations 1, so 0.5. (B-36)"""
    assert correlation(np.array([0.01, 0.02, 0.03]), np.array([-0.01, 0.01, 0.0])) == pytest.approx(0.5, abs=1e-12)


def test_a_strategy_and_its_mirror():
    """Twice the same bet is 1, the opposite bet -1, whatever the size. (B-36)"""
    returns = np.array([0.01, -0.02, 0.005])
    assert correlation(returns, returns * 3) == pytest.approx(1)
    assert correlation(returns, -returns) == pytest.approx(-1)


def test_what_does_not_vary_has_no_correlation():
    """A strategy that never traded is not 0 but unknown, as is a single day. (B-36)"""
    returns = np.array([0.01, -0.02, 0.005])
    assert correlation(returns, np.zeros(3)) is None
    assert correlation(returns[:1], returns[:1]) is None
    assert correlation_matrix([returns, np.zeros(3), None]) == [[1.0, None, None], [None] * 3, [None] * 3]


@given(st.lists(RETURNS, min_size=1, max_size=4))
def test_a_matrix_agrees_with_numpy(several):
    """Symmetric, 1 on the diagonal, within -1 and 1, equal to numpy's where that is defined. (B-36)"""
    matrix = correlation_matrix([np.array(returns) for returns in several])
    for row, first in enumerate(several):
        for column, second in enumerate(several):
            value = matrix[row][column]
            assert value == matrix[column][row]
            if min(np.std(first), np.std(second)) > 1e-4:
                assert -1 <= value <= 1
                assert value == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-6)


def test_pairs_above_and_below_the_thresholds_are_told():
    """Above 0.8 is a warning, below 0.3 is told, between nothing is said; the thresholds themselves belong to it. (B-36)"""
    matrix = [[1, 0.81, 0.8], [0.81, 1, 0.29], [0.8, 0.29, 1]]
    pairs = judged_pairs(["a", "b", "c"], matrix, 5)
    assert pairs == [
        StrategyPair(first="a", second="b", correlation=0.81),
        StrategyPair(first="b", second="c", correlation=0.29),
    ]
    assert [(pair.is_high, pair.is_low) for pair in pairs] == [(True, False), (False, True)]
    assert judged_pairs(["a", "b"], [[None, None], [None, 1.0]], 5) == []
    assert judged_pairs(["a", "b", "c"], matrix, 4) == []
