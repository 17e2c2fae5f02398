"""Compute what is neither a call nor a plain number: the bars' own series, operators, and values some bars ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

import podium.rules.arithmetic_kernel as arithmetic
import podium.rules.conditions_kernel as conditions
from podium.rules.functions import Array
from podium.rules.nodes import Kind
from podium.rules.window_kernel import delay

__all__ = ["PastEvaluation", "compute_operation", "compute_series"]

_ARITHMETIC: Final[Mapping[str, Callable[[Array, Array, Array], None]]] = {
    "+": arithmetic.add, "-": arithmetic.subtract, "*": arithmetic.multiply, "/": arithmetic.divide,
    "//": arithmetic.floor_divide, "%": arithmetic.modulo, "**": arithmetic.power,
}  # fmt: skip
_LOGIC: Final[Mapping[str, Callable[[Array, Array, Array], None]]] = {
    "and": conditions.both, "or": conditions.either, "<": conditions.less, "<=": conditions.less_or_equal,
    "==": conditions.equal, "!=": conditions.equal,
}  # fmt: skip


def compute_series(name: str, columns: tuple[Array, ...]) -> Array:
    """Give a series of the bars.

    Args:
        name: one of ``SERIES_NAMES``.
        columns: open, high, low, close and volume.

    Returns:
        The column itself, or the mean that the name says: hl2 = (high + low) / 2, hlc3 = (high + low + close) / 3,
        ohlc4 = (open + high + low + close) / 4, added in that order.
    """
    first, high, low, last, volume = columns
    match name:
        case "hl2":
            mean: Array = (high + low) / 2.0
        case "hlc3":
            mean = (high + low + last) / 3.0
        case "ohlc4":
            mean = (first + high + low + last) / 4.0
        case _:
            return {"open": first, "high": high, "low": low, "close": last, "volume": volume}[name]
    arithmetic.unknown_unless_finite(mean)
    return mean


def compute_operation(name: str, inputs: tuple[Array, ...]) -> Array:
    """Apply an operator to whole series.

    Args:
        name: the operator of an ``Operation``.
        inputs: its operands, shape ``(bars,)``; shape ``(1,)`` is the same on every bar.

    Returns:
        A new array, shape ``(bars,)``.
    """
    lengths = [len(values) for values in inputs]
    bars = max(lengths) if all(lengths) else 0
    if name in _ARITHMETIC or name == "negative":
        numbers = np.empty(bars, dtype=np.float64)
        if name == "negative":
            arithmetic.negate(inputs[0], numbers)
        else:
            _ARITHMETIC[name](inputs[0], inputs[1], numbers)
        return numbers
    out = np.empty(bars, dtype=np.uint8)
    if name == "not":
        conditions.invert(inputs[0], out)
        return out
    left, right = (inputs[1], inputs[0]) if name in {">", ">="} else (inputs[0], inputs[1])
    operator = _LOGIC[{">": "<", ">=": "<="}.get(name, name)]
    operator(left, right, out)
    for other in inputs[2:]:
        operator(out, other, out)
    if name == "!=":
        conditions.invert(out, out)
    return out


class PastEvaluation:
    """Give values some bars later; what lies before the first bar is unknown.

    Args:
        bars: how many bars later, ≥ 1.
        kind: of the values.
    """

    def __init__(self, bars: int, kind: Kind) -> None:
        is_number = kind is Kind.NUMBER
        self._ring: Array = np.full(bars, np.nan) if is_number else np.full(bars, 2, dtype=np.uint8)
        self._row = 0

    def advance(self, inputs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Take the next bars.

        Args:
            inputs: the values.

        Returns:
            The values as they were.
        """
        out = np.empty_like(inputs[0])
        self._row = delay(inputs[0], self._ring, self._row, out)
        return (out,)
