"""Comparisons and three-valued logic of whole series: 0 false, 1 true, 2 unknown (Kleene).

An input of one element stands for the same value on every bar. ``out`` has one element for each bar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.kernels import compiled

__all__ = ["both", "either", "equal", "invert", "less", "less_or_equal", "pack"]

Numbers = NDArray[np.float64]
Conditions = NDArray[np.uint8]


@compiled
def less(left: Numbers, right: Numbers, out: Conditions) -> None:
    """Compute left < right; unknown when one of them is."""
    if len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            out[row] = 2 if np.isnan(left[row]) | np.isnan(number) else left[row] < number
    elif len(left) == 1:
        number = left[0]
        for row in range(len(out)):
            out[row] = 2 if np.isnan(right[row]) | np.isnan(number) else number < right[row]
    else:
        for row in range(len(out)):
            out[row] = 2 if np.isnan(left[row]) | np.isnan(right[row]) else left[row] < right[row]


@compiled
def less_or_equal(left: Numbers, right: Numbers, out: Conditions) -> None:
    """Compute left ≤ right; unknown when one of them is."""
    if len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            out[row] = 2 if np.isnan(left[row]) | np.isnan(number) else left[row] <= number
    elif len(left) == 1:
        number = left[0]
        for row in range(len(out)):
            out[row] = 2 if np.isnan(right[row]) | np.isnan(number) else number <= right[row]
    else:
        for row in range(len(out)):
            out[row] = 2 if np.isnan(left[row]) | np.isnan(right[row]) else left[row] <= right[row]


@compiled
def equal(left: Numbers, right: Numbers, out: Conditions) -> None:
    """Compute left = right; unknown when one of them is."""
    if len(right) == 1:
        number = right[0]
        for row in range(len(out)):
            out[row] = 2 if np.isnan(left[row]) | np.isnan(number) else left[row] == number
    else:
        for row in range(len(out)):
            out[row] = 2 if np.isnan(left[row]) | np.isnan(right[row]) else left[row] == right[row]


@compiled
def invert(values: Conditions, out: Conditions) -> None:
    """Compute not; unknown stays unknown."""
    for row in range(len(out)):
        out[row] = 2 if values[row] == 2 else 1 - values[row]


@compiled
def both(left: Conditions, right: Conditions, out: Conditions) -> None:
    """Compute and: false when one is false, unknown when that is not decided."""
    for row in range(len(out)):
        is_false = (left[row] == 0) | (right[row] == 0)
        out[row] = 0 if is_false else max(left[row], right[row])


@compiled
def either(left: Conditions, right: Conditions, out: Conditions) -> None:
    """Compute or: true when one is true, unknown when that is not decided."""
    for row in range(len(out)):
        is_true = (left[row] == 1) | (right[row] == 1)
        out[row] = 1 if is_true else max(left[row], right[row])


@compiled
def pack(values: Conditions, mask: int, out: Conditions) -> None:
    """Set the bits of ``mask`` in ``out`` where a condition is true (unknown does not act)."""
    for row in range(len(out)):
        out[row] |= np.uint8(mask) * np.uint8(values[row] == 1)
