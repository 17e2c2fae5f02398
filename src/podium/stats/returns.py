"""Ratios of a series of simple returns, the risk-free rate being 0.

Every function takes returns of shape ``(periods,)`` and gives ``None`` where the figure has no meaning; its docstring
says when. Sums are correctly rounded (``math.fsum``), so a figure does not depend on how wide the machine's vectors
are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "NOISE",
    "conditional_value_at_risk",
    "kurtosis",
    "mean",
    "omega_ratio",
    "sharpe_ratio",
    "skewness",
    "sortino_ratio",
    "standard_deviation",
    "tail_ratio",
    "value_at_risk",
    "volatility",
]

#: Returns that vary less than this share of their mean do not vary: what is left is the rounding of floats.
NOISE = 1e-10


def _sum(values: NDArray[np.float64]) -> float:
    numbers: Iterable[float] = values.tolist()
    return math.fsum(numbers)


def mean(values: NDArray[np.float64]) -> float | None:
    """Compute the arithmetic mean.

    Args:
        values: any numbers, shape ``(periods,)``.

    Returns:
        The mean; ``None`` without values.
    """
    return _sum(values) / len(values) if len(values) else None


def standard_deviation(values: NDArray[np.float64]) -> float | None:
    """Compute the sample standard deviation (divided by n − 1).

    Args:
        values: any numbers, shape ``(periods,)``.

    Returns:
        The deviation, exactly 0 when nothing but rounding varies; ``None`` with fewer than two values.
    """
    if len(values) < 2:
        return None
    middle = _sum(values) / len(values)
    deviation = math.sqrt(_sum((values - middle) ** 2) / (len(values) - 1))
    return deviation if deviation > NOISE * abs(middle) else 0.0


def volatility(returns: NDArray[np.float64], periods_per_year: int) -> float | None:
    """Annualise the variation of returns: sample standard deviation × √periods.

    Args:
        returns: simple returns.
        periods_per_year: 365 or 252 for daily returns.

    Returns:
        A fraction per year; ``None`` with fewer than two returns.
    """
    deviation = standard_deviation(returns)
    return None if deviation is None else deviation * math.sqrt(periods_per_year)


def sharpe_ratio(returns: NDArray[np.float64], periods_per_year: int) -> float | None:
    """Compute the Sharpe ratio: mean / sample standard deviation × √periods.

    The arithmetic form, annualised by the square root of time. Source: W. F. Sharpe, "The Sharpe Ratio", 1994.

    Args:
        returns: simple returns.
        periods_per_year: 365 or 252 for daily returns.

    Returns:
        The ratio per year; ``None`` with fewer than two returns or when they do not vary.
    """
    deviation = standard_deviation(returns)
    return _sum(returns) / len(returns) / deviation * math.sqrt(periods_per_year) if deviation else None


def sortino_ratio(returns: NDArray[np.float64], periods_per_year: int) -> float | None:
    """Compute the Sortino ratio: mean × periods / (√mean(min(r, 0)²) × √periods), the mean square over all n returns.

    Source: F. A. Sortino and L. N. Price, "Performance Measurement in a Downside Risk Framework", 1994, the target
    being 0.

    Args:
        returns: simple returns.
        periods_per_year: 365 or 252 for daily returns.

    Returns:
        The ratio per year; ``None`` without a negative return.
    """
    if len(returns) == 0:
        return None
    downside = math.sqrt(_sum(np.minimum(returns, 0.0) ** 2) / len(returns))
    return _sum(returns) / len(returns) / downside * math.sqrt(periods_per_year) if downside > 0 else None


def omega_ratio(returns: NDArray[np.float64]) -> float | None:
    """Compute the omega ratio at threshold 0: the sum of the gains / the sum of the losses.

    Source: C. Keating and W. F. Shadwick, "A Universal Performance Measure", 2002.

    Args:
        returns: simple returns.

    Returns:
        The ratio; ``None`` without a negative return.
    """
    losses = -_sum(np.minimum(returns, 0.0))
    return _sum(np.maximum(returns, 0.0)) / losses if losses > 0 else None


def value_at_risk(returns: NDArray[np.float64], share: float = 0.05) -> float | None:
    """Compute the historical value at risk: the quantile of the returns, interpolated between neighbours.

    Not the quantile of a normal distribution, which some tools print under the same name.

    Args:
        returns: simple returns.
        share: the share of periods that are worse, above 0 and below 1.

    Returns:
        A return, so a loss is negative; ``None`` without returns.
    """
    return float(np.quantile(returns, share)) if len(returns) else None


def conditional_value_at_risk(returns: NDArray[np.float64], share: float = 0.05) -> float | None:
    """Compute the historical expected shortfall: the mean of the worst ⌊(n − 1) × share⌋ + 1 returns.

    Args:
        returns: simple returns.
        share: the share of periods that are averaged, above 0 and below 1.

    Returns:
        A return, so a loss is negative; ``None`` without returns.
    """
    if len(returns) == 0:
        return None
    count = int((len(returns) - 1) * share) + 1
    return mean(np.partition(returns, count - 1)[:count])


def tail_ratio(returns: NDArray[np.float64]) -> float | None:
    """Compute how large good days are against bad ones: |95 % quantile| / |5 % quantile|.

    Args:
        returns: simple returns.

    Returns:
        The ratio; ``None`` without returns or when the 5 % quantile is 0.
    """
    if len(returns) == 0:
        return None
    low, high = (abs(float(np.quantile(returns, share))) for share in (0.05, 0.95))
    return high / low if low > 0 else None


def skewness(returns: NDArray[np.float64]) -> float | None:
    """Compute the skewness, corrected for bias: √(n(n−1)) / (n−2) × m₃ / m₂^1.5.

    Args:
        returns: simple returns.

    Returns:
        0 for a symmetric distribution; ``None`` with fewer than three returns or when they do not vary.
    """
    count = len(returns)
    if count < 3 or not standard_deviation(returns):
        return None
    second, third = _central_moment(returns, 2), _central_moment(returns, 3)
    return math.sqrt(count * (count - 1)) / (count - 2) * third / (second * math.sqrt(second))


def kurtosis(returns: NDArray[np.float64]) -> float | None:
    """Compute the excess kurtosis, corrected for bias: (n−1) / ((n−2)(n−3)) × ((n+1) m₄ / m₂² − 3(n−1)).

    Args:
        returns: simple returns.

    Returns:
        0 for a normal distribution; ``None`` with fewer than four returns or when they do not vary.
    """
    count = len(returns)
    if count < 4 or not standard_deviation(returns):
        return None
    ratio = _central_moment(returns, 4) / _central_moment(returns, 2) ** 2
    return (count - 1) / ((count - 2) * (count - 3)) * ((count + 1) * ratio - 3 * (count - 1))


def _central_moment(values: NDArray[np.float64], power: int) -> float:
    distance = values - _sum(values) / len(values)
    product = distance
    for _ in range(power - 1):
        product = product * distance
    return _sum(product) / len(values)
