"""Sparklines: a curve in one line of text.

The picture shows the shape only: the lowest value of the curve is the lowest mark and the highest is the highest, so
two sparklines cannot be compared in height.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["ASCII_MARKS", "BLOCK_MARKS", "sample_curve", "sparkline"]

#: From low to high. A full block is left out: it would touch the line above.
BLOCK_MARKS = "▁▂▃▄▅▆▇"
#: For terminals that cannot show blocks.
ASCII_MARKS = "_.-=+*#"


def sample_curve(values: NDArray[np.int64] | NDArray[np.float64], points: int) -> tuple[float, ...]:
    """Take some points of a curve, evenly by position, the first and the last always among them.

    Args:
        values: the curve, shape ``(steps,)``.
        points: how many to take at most, at least 2.

    Returns:
        At most ``points`` values, in order; all of them when there are no more.
    """
    steps = len(values)
    if steps <= points:
        return tuple(float(value) for value in values)
    return tuple(float(values[row]) for row in _even_rows(steps, points))


def sparkline(values: Sequence[float], width: int = 8, marks: str = BLOCK_MARKS) -> str:
    """Draw a curve as marks of growing height.

    Args:
        values: the curve; a value that is not finite leaves a blank.
        width: how many characters, at least 2; as many values are shown, taken evenly.
        marks: the characters, from low to high.

    Returns:
        ``width`` characters; all lowest when nothing varies; an empty text without values.
    """
    if not values:
        return ""
    shown = [float(values[row]) for row in _even_rows(len(values), width)]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return " " * width
    low, height = min(finite), max(finite) - min(finite)
    return "".join(_mark(value, low, height, marks) for value in shown)


def _even_rows(count: int, points: int) -> list[int]:
    # Whole numbers, so that no rounding of floats decides which point is taken.
    return [(2 * number * (count - 1) + points - 1) // (2 * (points - 1)) for number in range(points)]


def _mark(value: float, low: float, height: float, marks: str) -> str:
    if not math.isfinite(value):
        return " "
    if height <= 0 or not math.isfinite(height):
        return marks[0]
    return marks[min(int((value - low) / height * len(marks)), len(marks) - 1)]
