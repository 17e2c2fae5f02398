"""The grid of prices: whole ticks inside, floats where indicators need them.

A price read from a file is a double, so it is rarely *exactly* a multiple of its tick: 0.1 is not, and 5.29e-05 often
comes as 5.2900000000000005e-05. Such float noise is put on the grid; what lies further away is no price of this grid
and is flagged. The way back is canonical: the double nearest to the exact multiple, so that equal ticks are equal
floats everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import ConfigurationError, DataError, Problem
from podium.data.bars import BarSeries
from podium.data.stretches import stretches

__all__ = ["bar_on_grid", "from_ticks", "infer_tick", "off_grid", "to_lots", "to_ticks"]

#: A price this near to the grid, in ticks, is float noise.
_NOISE_TICKS = 1e-6
#: Where a double's own spacing is wider than that, a few roundings of the double are noise, too.
_NOISE_RATIO = 4 * float(np.finfo(np.float64).eps)
#: Whole numbers up to here are exact as doubles.
_EXACT_LIMIT = 1 << 53
#: So that the sum of a hundred thousand volumes fits 64 bits.
_MOST_LOTS = 1 << 45
_COARSEST_EXPONENT, _FINEST_EXPONENT = 2, 10


def to_ticks(prices: NDArray[np.float64], tick: Decimal) -> tuple[NDArray[np.int64], bool]:
    """Put prices on the grid.

    Args:
        prices: any shape, finite.
        tick: the step of the grid, > 0.

    Returns:
        Whole ticks of the same shape, and whether any price was further from the grid than float noise. Such prices are
        rounded to the nearest tick, half to even.

    Raises:
        DataError: when a price is not finite, or so large that its ticks are no longer exact.
    """
    flat = prices.ravel()
    ticks = np.empty(len(flat), dtype=np.int64)
    is_off = False
    for rows in stretches(len(flat)):
        scaled = _in_ticks(flat[rows], tick)
        if not _all_below(scaled, _EXACT_LIMIT):
            raise _unusable(flat, tick)
        nearest = np.rint(scaled)
        distance = np.abs(scaled - nearest)
        off = distance > _noise(scaled)
        if off.any():
            is_off = True
            nearest = np.where(off, _round_half_even(scaled, nearest, distance), nearest)
        ticks[rows] = nearest
    return ticks.reshape(prices.shape), is_off


def bar_on_grid(prices: Sequence[float], tick: Decimal) -> tuple[list[int], list[float]]:
    """Put the prices of a single bar on the grid: the same numbers as columns give, without arrays.

    Args:
        prices: any number of them.
        tick: the step of the grid, > 0.

    Returns:
        Whole ticks, and the doubles nearest to the exact prices.

    Raises:
        DataError: as ``to_ticks``.
    """
    numerator, denominator = _ratio(tick)
    scaled = [price * float(denominator) / float(numerator) for price in prices]
    if all(abs(each) < _EXACT_LIMIT and abs(each - round(each)) <= _NOISE_TICKS for each in scaled):
        ticks = [round(each) for each in scaled]
    else:
        # What is off the grid, or cannot be on it, is judged in one place.
        ticks = to_ticks(np.array(prices, np.float64), tick)[0].tolist()
    # Whole numbers of Python divide exactly: the quotient is the nearest double.
    return ticks, [count * numerator / denominator for count in ticks]


def to_lots(volumes: NDArray[np.float64], lot: Decimal) -> NDArray[np.int64]:
    """Count the whole lots in volumes, rounded down; float noise below a lot is put on it.

    Args:
        volumes: finite, ≥ 0.
        lot: the step of quantities, > 0.

    Returns:
        Lots of the same shape; more than 2⁴⁵ are not told apart.
    """
    numerator, denominator = _ratio(lot)
    scaled = np.minimum(volumes * (denominator / numerator), float(_MOST_LOTS))
    return np.floor(scaled + _noise(scaled)).astype(np.int64)


def from_ticks(ticks: NDArray[np.int64], tick: Decimal) -> NDArray[np.float64]:
    """Turn ticks into the doubles nearest to the exact prices.

    Args:
        ticks: whole ticks, any shape.
        tick: the step of the grid, > 0.

    Returns:
        Prices of the same shape. The quotient of two whole numbers below 2⁵³ is correctly rounded by the processor;
        larger ones go through Python's integers, which divide exactly as well.
    """
    numerator, denominator = _ratio(tick)
    largest = max(abs(int(ticks.max())), abs(int(ticks.min()))) if ticks.size else 0
    if largest * numerator < _EXACT_LIMIT and denominator < _EXACT_LIMIT:
        flat = ticks.ravel()
        prices = np.empty(len(flat), dtype=np.float64)
        for rows in stretches(len(flat)):
            np.divide(flat[rows] * np.int64(numerator), float(denominator), out=prices[rows])
        return prices.reshape(ticks.shape)
    exact = [int(count) * numerator / denominator for count in ticks.ravel()]
    return np.array(exact, dtype=np.float64).reshape(ticks.shape)


def off_grid(prices: NDArray[np.float64], tick: Decimal) -> NDArray[np.bool_]:
    """Tell which prices are further from the grid than float noise.

    Args:
        prices: any shape; what is not finite is not judged.
        tick: the step of the grid, > 0.

    Returns:
        A mask of the same shape.
    """
    flat = prices.ravel()
    flagged = np.empty(len(flat), dtype=np.bool_)
    with np.errstate(invalid="ignore"):
        for rows in stretches(len(flat)):
            scaled = _in_ticks(flat[rows], tick)
            flagged[rows] = np.abs(scaled - np.rint(scaled)) > _noise(scaled)
    return flagged.reshape(prices.shape)


def infer_tick(series: BarSeries) -> Decimal:
    """Find the coarsest power of ten on which all prices lie.

    Args:
        series: bars of one symbol.

    Returns:
        0.01 or a finer power of ten, down to 1e-10 (also when the prices lie on none). It is never coarser than 0.01,
        so that levels and costs have room where prices happen to be whole; a tick may be finer than the market's.
    """
    columns = (series.close, series.open, series.high, series.low)
    for exponent in range(_COARSEST_EXPONENT, _FINEST_EXPONENT):
        tick = Decimal(1).scaleb(-exponent)
        if not any(off_grid(column, tick).any() for column in columns):
            return tick
    return Decimal(1).scaleb(-_FINEST_EXPONENT)


@lru_cache(maxsize=4096)
def _ratio(tick: Decimal) -> tuple[int, int]:
    if not tick.is_finite() or tick <= 0:
        raise ConfigurationError(Problem(message=f"tick is {tick}", expected="a finite number above 0"))
    return tick.as_integer_ratio()


def _in_ticks(prices: NDArray[np.float64], tick: Decimal) -> NDArray[np.float64]:
    numerator, denominator = _ratio(tick)
    return prices * float(denominator) / float(numerator)


def _noise(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(_NOISE_TICKS, np.abs(scaled) * _NOISE_RATIO)


def _round_half_even(
    scaled: NDArray[np.float64], nearest: NDArray[np.float64], distance: NDArray[np.float64]
) -> NDArray[np.float64]:
    # A price such as 8.115 is not exactly half way between two doubles; within float noise it is meant to be.
    tie = np.abs(distance - 0.5) <= _noise(scaled)
    even = 2.0 * np.ceil(np.floor(scaled) / 2.0)
    return np.where(tie, even, nearest)


def _all_below(scaled: NDArray[np.float64], limit: int) -> bool:
    return scaled.size == 0 or bool(np.max(np.abs(scaled)) < limit)  # false for NaN, too


def _unusable(prices: NDArray[np.float64], tick: Decimal) -> DataError:
    row = int(np.flatnonzero(~(np.abs(_in_ticks(prices, tick)) < _EXACT_LIMIT))[0])
    price = float(prices[row])
    return DataError(
        Problem(
            message=f"row {row}: the price {price} is no whole number of ticks of {tick:f} that fits the ledger",
            expected=f"a price below {_EXACT_LIMIT * tick:f}",
            hint="give the symbol a coarser tick" if math.isfinite(price) else "leave the bar out",
        )
    )
