"""Curves in one line."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.stats.sparkline import ASCII_MARKS, BLOCK_MARKS, sample_curve, sparkline


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([0, 1, 2, 3, 4, 5, 6], 7, "▁▂▃▄▅▆▇"),
        ([6, 5, 4, 3, 2, 1, 0], 7, "▇▆▅▄▃▂▁"),
        ([0, 1], 8, "▁▁▁▁▇▇▇▇"),
        ([5, 5, 5], 8, "▁▁▁▁▁▁▁▁"),
        ([1], 4, "▁▁▁▁"),
        ([], 8, ""),
        ([0, math.nan, 1], 3, "▁ ▇"),
        ([math.nan, math.nan], 3, "   "),
        ([100, 99, 101, 100], 4, "▄▁▇▄"),
        ([-3, -2, -1], 3, "▁▄▇"),
    ],
)
def test_marks_follow_the_curve(values, width, expected):
    """Exactly these marks for these curves (B-51)."""
    assert sparkline(values, width) == expected


def test_terminals_without_blocks_get_plain_signs():
    """The same picture in ASCII."""
    assert sparkline(range(7), 7, ASCII_MARKS) == "_.-=+*#"


@given(st.lists(st.floats(), max_size=40), st.integers(2, 40))
def test_a_sparkline_never_fails(values, width):
    """Any numbers give as many marks as asked for, or nothing when there are none (B-51)."""
    text = sparkline(values, width)
    assert len(text) == (width if values else 0)
    assert set(text) <= set(BLOCK_MARKS + " ")


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=200), st.integers(2, 64))
def test_a_sample_keeps_the_ends(values, points):
    """The first and the last point are always in the sample, which keeps the order (B-51)."""
    sample = sample_curve(np.array(values), points)
    assert len(sample) == min(points, len(values))
    assert (sample[0], sample[-1]) == (values[0], values[-1])
    remaining = iter(values)
    assert all(any(value == other for other in remaining) for value in sample)
