"""Drawdowns: how far a value fell below its highest point so far, as a positive fraction of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DrawdownDays", "drawdown_days", "drawdowns", "max_drawdown", "ulcer_index"]

#: Long curves are read in pieces of this many points, so that the memory needed does not grow with them.
_PIECE_POINTS = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawdownDays:
    """Tell how long money was under water, in days.

    Args:
        deepest: from the peak before the deepest drawdown to the recovery, or to the end when there was none.
        longest: the same for the longest of all drawdowns.
    """

    deepest: int
    longest: int


def drawdowns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute 1 − value / highest value so far.

    Args:
        values: money, shape ``(points,)``, the first one positive.

    Returns:
        Positive fractions, shape ``(points,)``, 0 at a new high; above 1 where the value is negative.
    """
    return np.asarray(1.0 - values / np.maximum.accumulate(values), dtype=np.float64)


def max_drawdown(values: NDArray[np.int64] | NDArray[np.float64], start: float | None = None) -> float | None:
    """Find the deepest drawdown, looking at every point.

    Args:
        values: money or units, shape ``(points,)``; any density.
        start: a value before the first point, in the same unit.

    Returns:
        A positive fraction, 0 when the value never fell; ``None`` without values or when the first one is not positive.
    """
    if len(values) == 0:
        return None
    peak = float(values[0]) if start is None else start
    if peak <= 0:
        return None
    deepest = 0.0
    for row in range(0, len(values), _PIECE_POINTS):
        piece = np.asarray(values[row : row + _PIECE_POINTS], dtype=np.float64)
        peaks = np.maximum(np.maximum.accumulate(piece), peak)
        deepest = max(deepest, float(np.max(1.0 - piece / peaks)))
        peak = float(peaks[-1])
    return deepest


def drawdown_days(days: NDArray[np.int64], values: NDArray[np.float64]) -> DrawdownDays | None:
    """Measure the deepest and the longest drawdown of a daily series.

    Args:
        days: day numbers, shape ``(days,)``, growing.
        values: the value of each day, shape ``(days,)``, the first one positive.

    Returns:
        Calendar days, 0 when the value never fell; ``None`` without values or when the first one is not positive.
    """
    if len(values) == 0 or values[0] <= 0:
        return None
    depth = drawdowns(values)
    under = np.concatenate(([False], depth > 0, [False]))
    edges = np.flatnonzero(np.diff(under.astype(np.int8)))
    first, after = edges[::2], edges[1::2]
    if len(first) == 0:
        return DrawdownDays(deepest=0, longest=0)
    lengths = days[np.minimum(after, len(days) - 1)] - days[first - 1]
    holds_deepest = int(np.searchsorted(first, int(np.argmax(depth)), side="right")) - 1
    return DrawdownDays(deepest=int(lengths[holds_deepest]), longest=int(np.max(lengths)))


def ulcer_index(values: NDArray[np.float64]) -> float | None:
    """Compute the ulcer index: √(Σ drawdown² / (n − 1)) over n daily values, the value before the first not counted.

    Source: P. G. Martin and B. McCann, "The Investor's Guide to Fidelity Funds", 1989, with n − 1 below.

    Args:
        values: daily money, shape ``(days + 1,)``: the start, then each day.

    Returns:
        A fraction; ``None`` with fewer than two days or when the start is not positive.
    """
    if len(values) < 3 or values[0] <= 0:
        return None
    squares: list[float] = (drawdowns(values) ** 2).tolist()
    return math.sqrt(math.fsum(squares) / (len(values) - 2))
