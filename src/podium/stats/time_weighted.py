"""Returns free of capital moved to or from a strategy: what it did with what it had."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["carried", "time_weighted"]


def carried(index: float, equity_before: int, equity: int) -> float:
    """Carry a return index forward over a stretch in which no capital moves.

    Args:
        index: at the start of the stretch.
        equity_before: the strategy's equity there, behind what was moved.
        equity: at its end, before anything is moved.

    Returns:
        The index at the end; without capital to earn on it stays.
    """
    return index * (equity / equity_before) if equity_before > 0 else index


def time_weighted(
    equity: NDArray[np.int64], start: int, rows: NDArray[np.int64], units: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Link the returns between movements of capital (time-weighted, GIPS): as if nothing had been moved.

    Args:
        equity: a point per time step, behind what was moved at it, in units, shape ``(steps,)``.
        start: the equity before the first point.
        rows: the points at which capital was moved, growing, shape ``(movements,)``.
        units: how much came (negative: went), shape ``(movements,)``.

    Returns:
        Units, beginning at ``start``; ``equity`` itself where nothing was moved.
    """
    if len(rows) == 0:
        return equity
    found = np.empty(len(equity), np.float64)
    index, base, since = float(start), start, 0
    points, first = np.unique(rows, return_index=True)
    came = np.add.reduceat(units, first)
    for row, moved in [*zip(points.tolist(), came.tolist(), strict=True), (len(equity), 0)]:
        found[since:row] = index * (equity[since:row] / base) if base > 0 else index
        if row < len(equity):
            after = int(equity[row])
            index = carried(index, base, after - moved)
            found[row], base, since = index, after, row + 1
    return np.rint(found).astype(np.int64)
