"""Arithmetic of whole series. What is not finite is unknown (NaN), so a division by zero never becomes a signal.

An input of one element stands for the same number on every bar. ``out`` has one element for each bar.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from podium.core.kernels import compiled

__all__ = [
    "add",
    "divide",
    "first_known",
    "floor_divide",
    "hold_last",
    "modulo",
    "multiply",
    "negate",
    "power",
    "subtract",
    "unknown_unless_finite",
]

Numbers = NDArray[np.float64]


@compiled
def first_known(values: Numbers) -> tuple[int, bool]:
    """Tell the first finite element (the length if there is none) and whether any later one, or infinity, is a gap."""
    bars = len(values)
    first = 0
    while first < bars and not math.isfinite(values[first]):
        first += 1
    gaps = 0
    for row in range(first, bars):
        gaps += not math.isfinite(values[row])
    for row in range(first):
        gaps += math.isinf(values[row])
    return first, gaps > 0


@compiled
def hold_last(values: Numbers, first: int) -> None:
    """Fill gaps after the first known element with the last known one, in place."""
    for row in range(min(first, len(values))):
        values[row] = np.nan
    for row in range(first + 1, len(values)):
        if not math.isfinite(values[row]):
            values[row] = values[row - 1]


@compiled
def unknown_unless_finite(values: Numbers) -> None:
    """Make infinities unknown, in place, and zeros positive: the larger of 0.0 and -0.0 is now one, now the other."""
    wrong = 0
    for row in range(len(values)):
        wrong += math.isinf(values[row]) | ((values[row] == 0.0) & (math.copysign(1.0, values[row]) < 0.0))
    if wrong:
        for row in range(len(values)):
            values[row] = np.nan if math.isinf(values[row]) else values[row] + 0.0


@compiled
def negate(values: Numbers, out: Numbers) -> None:
    """Turn the sign."""
    for row in range(len(out)):
        out[row] = -values[row]


@compiled
def add(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute left + right."""
    if len(left) == 1:
        number = left[0]
        for row in range(len(out)):
            result = number + right[row]
            out[row] = result if abs(result) < np.inf else np.nan
    elif len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            result = left[row] + number
            out[row] = result if abs(result) < np.inf else np.nan
    else:
        for row in range(len(out)):
            result = left[row] + right[row]
            out[row] = result if abs(result) < np.inf else np.nan


@compiled
def subtract(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute left − right."""
    if len(left) == 1:
        number = left[0]
        for row in range(len(out)):
            result = number - right[row]
            out[row] = result if abs(result) < np.inf else np.nan
    elif len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            result = left[row] - number
            out[row] = result if abs(result) < np.inf else np.nan
    else:
        for row in range(len(out)):
            result = left[row] - right[row]
            out[row] = result if abs(result) < np.inf else np.nan


@compiled
def multiply(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute left × right."""
    if len(left) == 1:
        number = left[0]
        for row in range(len(out)):
            result = number * right[row]
            out[row] = result if abs(result) < np.inf else np.nan
    elif len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            result = left[row] * number
            out[row] = result if abs(result) < np.inf else np.nan
    else:
        for row in range(len(out)):
            result = left[row] * right[row]
            out[row] = result if abs(result) < np.inf else np.nan


@compiled
def divide(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute left ÷ right; unknown for a divisor of zero."""
    if len(left) == 1:
        number = left[0]
        for row in range(len(out)):
            result = number / right[row]
            out[row] = result if abs(result) < np.inf else np.nan
    elif len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            result = left[row] / number
            out[row] = result if abs(result) < np.inf else np.nan
    else:
        for row in range(len(out)):
            result = left[row] / right[row]
            out[row] = result if abs(result) < np.inf else np.nan


@compiled
def floor_divide(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute the quotient rounded down; unknown for a divisor of zero."""
    left_step, right_step = min(len(left) - 1, 1), min(len(right) - 1, 1)
    for row in range(len(out)):
        result = np.floor(left[row * left_step] / right[row * right_step])
        out[row] = result if abs(result) < np.inf else np.nan


@compiled
def modulo(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute the rest of the division, with the sign of the divisor; unknown for a divisor of zero."""
    left_step, right_step = min(len(left) - 1, 1), min(len(right) - 1, 1)
    for row in range(len(out)):
        divisor = right[row * right_step]
        if divisor == 0:
            out[row] = np.nan
        else:
            result = left[row * left_step] % divisor
            out[row] = result if abs(result) < np.inf else np.nan


@compiled
def power(left: Numbers, right: Numbers, out: Numbers) -> None:
    """Compute left to the power of right; unknown where that is no real number."""
    left_step, right_step = min(len(left) - 1, 1), min(len(right) - 1, 1)
    for row in range(len(out)):
        base, exponent = left[row * left_step], right[row * right_step]
        result = np.power(base, exponent)
        is_known = abs(result) < np.inf and not np.isnan(base) and not np.isnan(exponent)
        out[row] = result if is_known else np.nan
