"""Products through 128 bits against Python's integers, compiled or not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from podium.engine.money_kernel import divide, muldiv, muldiv_ceiling, muldiv_floor

LIMIT = 1 << 62
numbers = st.one_of(
    st.integers(0, LIMIT), st.integers(0, 1 << 33), st.integers(0, 40), st.sampled_from([10**9, LIMIT - 1])
)
divisors = st.one_of(
    st.integers(1, LIMIT), st.integers(1, 1 << 33), st.integers(1, 40), st.sampled_from([10**9, LIMIT - 1])
)


@given(numbers, numbers, divisors)
@example(LIMIT - 1, LIMIT - 1, LIMIT - 1)
@example(2_000_000_000, 2_000_000_000, 1)
@example(2_000_000_001, 2_000_000_000, 1)
@example(10**18, 10**9, 10**9)
@example(10**14 + 999_999_999, 10**6, 10**9)
def test_divide_is_exact(left, right, divisor):
    """Quotient and remainder of a 128-bit product (design 4)."""
    assume(left * right // divisor < LIMIT)
    assert tuple(map(int, divide(left, right, divisor))) == divmod(left * right, divisor)


@given(st.booleans(), numbers, numbers, divisors)
def test_muldiv_rounds_half_to_even(negative, value, factor, divisor):
    """As Python rounds a fraction; the same for negative values (design 4)."""
    value = -value if negative else value
    assume(abs(value) * factor // divisor < LIMIT - 1)
    assert int(muldiv(value, factor, divisor)) == round(Fraction(value * factor, divisor))


@given(numbers, numbers, divisors)
def test_floor_and_ceiling_enclose_the_quotient(value, factor, divisor):
    """Down and up (design 4)."""
    assume(value * factor // divisor < LIMIT - 1)
    assert int(muldiv_floor(value, factor, divisor)) == value * factor // divisor
    assert int(muldiv_ceiling(value, factor, divisor)) == -(-value * factor // divisor)


HALVES = [
    (1, 1, 2, 0),
    (3, 1, 2, 2),
    (5, 1, 2, 2),
    (-1, 1, 2, 0),
    (-3, 1, 2, -2),
    (7, 3, 2, 10),
    (9, 3, 2, 14),
    (5, 2, 3, 3),
]


@pytest.mark.parametrize(("value", "factor", "divisor", "expected"), HALVES)
def test_halves_go_to_the_even_neighbour(value, factor, divisor, expected):
    """By hand: 10.5 → 10, 13.5 → 14, 10/3 → 3."""
    assert muldiv(value, factor, divisor) == expected


@settings(max_examples=50)
@given(st.integers(1, LIMIT - 1))
def test_a_ratio_of_one_changes_nothing(value):
    """Through the wide path, too."""
    assert int(muldiv(value, 10**9, 10**9)) == value
