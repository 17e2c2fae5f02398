"""Correlation of strategies: whether several of them are one and the same bet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant
from podium.stats.returns import standard_deviation

__all__ = ["HIGH_CORRELATION", "LOW_CORRELATION", "StrategyPair", "correlation", "correlation_matrix", "judged_pairs"]

#: Above this two strategies are mostly one bet: a warning.
HIGH_CORRELATION = 0.8
#: Below this two strategies diversify each other: worth telling.
LOW_CORRELATION = 0.3
_DAYS_MINIMUM = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPair:
    """Hold two strategies and how alike their daily returns are.

    Args:
        first: a strategy's id.
        second: another's, later in the portfolio.
        correlation: from -1 to 1.
    """

    first: str
    second: str
    correlation: float

    @property
    def is_high(self) -> bool:
        """Tell whether the two are mostly one bet."""
        return self.correlation > HIGH_CORRELATION

    @property
    def is_low(self) -> bool:
        """Tell whether the two diversify each other."""
        return self.correlation < LOW_CORRELATION

    def __str__(self) -> str:
        told = f"the correlation of their daily returns is {self.correlation:.3f}"
        if self.is_high:
            told = f"'{self.first}' and '{self.second}' move together: {told} (above {HIGH_CORRELATION})"
            return f"{told}, so they diversify little"
        return f"'{self.first}' and '{self.second}' diversify each other: {told}"


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Compute Pearson's correlation: cov(a, b) / (s(a) × s(b)), the same for sample and population.

    Source: K. Pearson, "Notes on Regression and Inheritance in the Case of Two Parents", 1895.

    Args:
        first: simple returns, shape ``(periods,)``.
        second: returns of the same periods.

    Returns:
        From -1 to 1; ``None`` with fewer than two periods or when one of them does not vary.
    """
    invariant(len(first) == len(second), "returns are correlated over the same periods")
    spread = (standard_deviation(first) or 0.0) * (standard_deviation(second) or 0.0)
    if spread == 0:
        return None
    # The second mean falls out of the sum, since the distances from the first sum to 0.
    middle = math.fsum(first.tolist()) / len(first)
    covariance = math.fsum(((first - middle) * second).tolist()) / (len(first) - 1)
    return max(-1.0, min(1.0, covariance / spread))


def correlation_matrix(returns: Sequence[NDArray[np.float64] | None]) -> list[list[float | None]]:
    """Correlate the daily returns of every strategy with those of every other.

    A day without a position is a return of 0 and counts: two strategies that are rarely in the market at the same time
    are little correlated, which is what it means for the portfolio.

    Args:
        returns: for each strategy its returns, of the same days; ``None`` where they have no meaning.

    Returns:
        A symmetric matrix, 1 on its diagonal; ``None`` where undefined.
    """
    matrix: list[list[float | None]] = [[None] * len(returns) for _ in returns]
    for row, first in enumerate(returns):
        for column, second in enumerate(returns[: row + 1]):
            known = None if first is None or second is None else correlation(first, second)
            value = 1.0 if row == column and known is not None else known
            matrix[row][column] = matrix[column][row] = value
    return matrix


def judged_pairs(
    strategy_ids: Sequence[str], matrix: Sequence[Sequence[float | None]], days: int
) -> list[StrategyPair]:
    """Pick the pairs worth a word: correlated above 0.8 or below 0.3.

    Args:
        strategy_ids: in the order of the matrix.
        matrix: of ``correlation_matrix``.
        days: of how many returns; of fewer than five nothing is told, since chance alone makes them look alike.

    Returns:
        The pairs, the most correlated first.
    """
    if days < _DAYS_MINIMUM:
        return []
    pairs = [
        StrategyPair(first=first, second=strategy_ids[column], correlation=value)
        for row, first in enumerate(strategy_ids)
        for column in range(row + 1, len(strategy_ids))
        if (value := matrix[row][column]) is not None
    ]
    told = [pair for pair in pairs if pair.is_high or pair.is_low]
    return sorted(told, key=lambda pair: -pair.correlation)
