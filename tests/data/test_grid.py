"""Prices on the grid of ticks."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podium.core.errors import ConfigurationError, DataError
from podium.core.times import Timeframe
from podium.data.bars import BarSeries, BarSource
from podium.data.grid import bar_on_grid, from_ticks, infer_tick, off_grid, to_ticks

TICKS = ["0.01", "0.1", "1E-8", "0.25", "0.05", "0.3", "5", "0.000001", "1E-10", "12.5", "0.0000125", "1E-18", "1"]
ticks = st.sampled_from(TICKS).map(Decimal)


def series(*prices: float) -> BarSeries:
    column = np.array(prices, dtype=np.float64)
    return BarSeries(
        symbol="X",
        timeframe=Timeframe.parse("1h"),
        close_time=np.arange(1, len(column) + 1, dtype=np.int64) * 3_600_000_000_000,
        open=column,
        high=column,
        low=column,
        close=column,
        volume=np.ones(len(column)),
        source=BarSource(),
    )


@given(st.lists(st.integers(0, 2**52), min_size=1, max_size=20), ticks)
@example([2**52, 3], Decimal("1E-18"))
def test_from_ticks_gives_the_double_nearest_to_the_exact_price(counts: list[int], tick: Decimal) -> None:
    """The way back is canonical: Python's exact fractions agree to the last bit. (design 4)"""
    prices = from_ticks(np.array(counts, dtype=np.int64), tick)
    assert prices.tolist() == [float(count * Fraction(tick)) for count in counts]


@given(st.lists(st.integers(0, 2**50), min_size=1, max_size=20), ticks)
def test_there_and_back_is_the_same_and_on_the_grid(counts: list[int], tick: Decimal) -> None:
    """A canonical price is never flagged and gives its own ticks. (design 4)"""
    found, off = to_ticks(from_ticks(np.array(counts, dtype=np.int64), tick), tick)
    assert found.tolist() == counts
    assert not off


@given(st.integers(1, 10**9), st.sampled_from(["0.01", "0.25", "1E-8", "5"]).map(Decimal), st.floats(-9e-7, 9e-7))
def test_float_noise_is_put_on_the_grid(count: int, tick: Decimal, noise: float) -> None:
    """Within a millionth of a tick a price is on the grid. (design 4)"""
    price = (count + noise) * float(tick)
    found, off = to_ticks(np.array([price]), tick)
    assert found[0] == count
    assert not off


@given(st.integers(1, 10**8), st.sampled_from(["0.01", "0.25", "1E-8"]).map(Decimal), st.floats(0.001, 0.499))
def test_a_price_off_the_grid_is_rounded_to_the_nearest_tick_and_flagged(
    count: int, tick: Decimal, part: float
) -> None:
    """Further than float noise is the flaw off_tick. (design 4)"""
    prices = np.array([(count + part) * float(tick), (count - part) * float(tick)])
    found, off = to_ticks(prices, tick)
    assert found.tolist() == [count, count]
    assert off
    assert off_grid(prices, tick).tolist() == [True, True]


@pytest.mark.parametrize(
    ("price", "tick", "expected"),
    [
        (8.115, "0.01", 812),  # the double lies below, the decimal exactly between 811 and 812
        (8.125, "0.01", 812),
        (8.135, "0.01", 814),
        (0.15, "0.1", 2),
        (0.25, "0.1", 2),
        (0.35, "0.1", 4),
        (2.5, "1", 2),
        (3.5, "1", 4),
        (-2.5, "1", -2),
        (-0.15, "0.1", -2),
        (37.5, "25", 2),
        (5.2900000000000005e-05, "0.00000001", 5290),
    ],
)
def test_half_a_tick_goes_to_the_even_tick(price: float, tick: str, expected: int) -> None:
    """Half to even on the price as written, not on the last bits of its double. (design 4)"""
    assert to_ticks(np.array([price]), Decimal(tick))[0][0] == expected


def test_shape_is_kept() -> None:
    """Any shape goes in and comes out."""
    found, _ = to_ticks(np.array([[1.0, 2.0], [3.0, 4.0]]), Decimal("0.5"))
    assert found.tolist() == [[2, 4], [6, 8]]
    assert from_ticks(found, Decimal("0.5")).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert to_ticks(np.empty(0), Decimal(1))[0].shape == (0,)
    assert from_ticks(np.empty(0, dtype=np.int64), Decimal(1)).shape == (0,)


@pytest.mark.parametrize(
    ("price", "hint"), [(1e12, "give the symbol a coarser tick"), (float("nan"), "leave the bar out")]
)
def test_a_price_beyond_the_grid_tells_what_helps(price: float, hint: str) -> None:
    """What is finite needs another tick; no tick serves what is no number. (D-06)"""
    with pytest.raises(DataError) as caught:
        to_ticks(np.array([price]), Decimal("0.0001"))
    (problem,) = caught.value.problems
    assert (problem.expected, problem.hint) == ("a price below 900719925474.0992", hint)


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 1e16])
def test_a_price_that_has_no_exact_ticks_is_refused(price: float) -> None:
    """NaN, infinity and too large prices are named with their row. (B-16)"""
    with pytest.raises(DataError, match="row 1: the price"):
        to_ticks(np.array([1.0, price]), Decimal("0.01"))


def test_long_columns_have_no_seam() -> None:
    """Where a column is cut for the processor's cache, nothing changes. (B-16)"""
    counts = np.arange(1, 40_001, dtype=np.int64)
    prices = from_ticks(counts, Decimal("0.01"))
    assert prices.tolist() == [count / 100 for count in range(1, 40_001)]
    assert to_ticks(prices, Decimal("0.01"))[0].tolist() == counts.tolist()
    for row in (0, 16_383, 16_384, 39_999):
        off = prices.copy()
        off[row] += 0.005
        assert to_ticks(off, Decimal("0.01"))[1]
        assert np.flatnonzero(off_grid(off, Decimal("0.01"))).tolist() == [row]
        off[row] = np.nan
        with pytest.raises(DataError, match=f"row {row}: the price nan"):
            to_ticks(off, Decimal("0.01"))


@pytest.mark.parametrize("tick", ["0", "-1", "NaN", "Infinity"])
def test_a_tick_that_is_no_step_is_refused(tick: str) -> None:
    """A tick is a finite number above zero. (B-16)"""
    with pytest.raises(ConfigurationError, match="tick is"):
        to_ticks(np.array([1.0]), Decimal(tick))


@pytest.mark.parametrize(
    ("prices", "tick"),
    [
        ((100.0, 101.0), "0.01"),
        ((100.5,), "0.01"),
        ((1.2345, 1.0), "0.0001"),
        ((5.2900000000000005e-05, 0.00001), "1E-7"),
        ((1 / 3,), "1E-10"),
        ((float("nan"), 1.125), "0.001"),
    ],
)
def test_tick_is_inferred_as_the_coarsest_power_of_ten(prices: tuple[float, ...], tick: str) -> None:
    """All prices lie on it; never coarser than a hundredth, never finer than 1e-10."""
    assert infer_tick(series(*prices)) == Decimal(tick)


@pytest.mark.parametrize("tick", ["0.01", "0.25", "0.00000001", "0.0003", "50"])
def test_a_single_bar_is_put_on_the_grid_as_columns_are(tick):
    """The numbers of a live bar are those of a backtest, bit for bit. (A-28)"""
    random = np.random.default_rng(7)
    counts = np.concatenate((random.integers(1, 10**6, 200), random.integers(1, 2**50, 50)))
    on_grid = from_ticks(counts, Decimal(tick))
    prices = np.concatenate((on_grid, np.nextafter(on_grid, 0), on_grid * (1 + 1e-7), on_grid[:50] + float(tick) / 2))
    ticks, _ = to_ticks(prices, Decimal(tick))
    assert bar_on_grid(prices.tolist(), Decimal(tick)) == (ticks.tolist(), from_ticks(ticks, Decimal(tick)).tolist())
    each = [bar_on_grid([price], Decimal(tick)) for price in prices.tolist()]
    assert [count for (count,), _ in each] == ticks.tolist()


@pytest.mark.parametrize("price", [np.nan, np.inf, 1e30])
def test_a_single_price_that_cannot_be_on_the_grid_is_refused(price):
    """What is no number, or too large, is an error."""
    with pytest.raises(DataError):
        bar_on_grid([1.0, price], Decimal("0.01"))
