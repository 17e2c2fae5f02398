"""Returns in another grain: month by month, over a rolling window, and how they are distributed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.stats.daily import DailyEquity
from podium.stats.returns import NOISE

__all__ = ["Distribution", "MonthlyReturn", "distribution", "monthly_returns", "rolling_sharpe", "yearly_returns"]

_BINS_MIN, _BINS_MAX = 8, 61
_SPREAD_MIN = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReturn:
    """Hold the return of one month, or of one year.

    Args:
        year: for example 2024.
        month: from 1; 0 for the whole year.
        total_return: a fraction; ``None`` when the equity before it was not positive.
    """

    year: int
    month: int
    total_return: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Distribution:
    """Hold how often returns fell into each of equally wide bins.

    Args:
        edges: the borders, shape ``(bins + 1,)``; 0 is one of them, so that gains and losses never share a bin.
        counts: shape ``(bins,)``; their sum is the number of returns.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


def monthly_returns(daily: DailyEquity) -> list[MonthlyReturn]:
    """Compute the return of each UTC month: its last daily equity / the last one before it − 1.

    A month that the run only touches counts with the days it has. The months multiply to the total return.

    Args:
        daily: daily equity.

    Returns:
        One for each month from the first to the last, oldest first.
    """
    months = daily.days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return [
        MonthlyReturn(year=1970 + month // 12, month=month % 12 + 1, total_return=value)
        for month, value in _between_changes(daily, months)
    ]


def yearly_returns(daily: DailyEquity) -> list[MonthlyReturn]:
    """Compute the return of each UTC year in the same way.

    Args:
        daily: daily equity.

    Returns:
        One for each year, oldest first.
    """
    years = daily.days.astype("M8[D]").astype("M8[Y]").astype(np.int64)
    return [
        MonthlyReturn(year=1970 + year, month=0, total_return=value) for year, value in _between_changes(daily, years)
    ]


def _between_changes(daily: DailyEquity, periods: NDArray[np.int64]) -> list[tuple[int, float | None]]:
    last = np.flatnonzero(np.diff(periods, append=periods[-1:] + 1))
    after = daily.values[last]
    before = np.concatenate(([daily.start], after[:-1])) if len(after) else after
    names: list[int] = periods[last].tolist()
    values = zip(before.tolist(), after.tolist(), strict=True)
    return [(name, end / start - 1.0 if start > 0 else None) for name, (start, end) in zip(names, values, strict=True)]


def rolling_sharpe(returns: NDArray[np.float64], window: int, periods_per_year: int) -> NDArray[np.float64]:
    """Compute the Sharpe ratio of the last ``window`` returns at each of them; the definition of ``sharpe_ratio``.

    Args:
        returns: simple returns, shape ``(periods,)``.
        window: how many, at least 2.
        periods_per_year: 365 or 252 for daily returns.

    Returns:
        Shape ``(periods − window + 1,)``, empty when there are fewer; not a number where the returns do not vary.
    """
    if len(returns) < window:
        return np.zeros(0)
    parts = np.lib.stride_tricks.sliding_window_view(returns, window)
    means, deviations = parts.mean(axis=1), parts.std(axis=1, ddof=1)
    varies = deviations > NOISE * np.abs(means)
    ratios = np.full(len(parts), np.nan)
    np.divide(means, deviations, out=ratios, where=varies)
    return np.asarray(ratios * math.sqrt(periods_per_year), dtype=np.float64)


def distribution(returns: NDArray[np.float64]) -> Distribution | None:
    """Count returns in bins of equal width.

    The width is that of Freedman and Diaconis, 2 × interquartile range / ∛n ("On the Histogram as a Density Estimator",
    1981), kept so wide that there are at most 61 bins and so narrow that there are at least 8 or so.

    Args:
        returns: simple returns, shape ``(periods,)``.

    Returns:
        The bins, none across 0; ``None`` with fewer than two returns or when they vary by no more than noise.
    """
    if len(returns) < 2:
        return None
    lowest, highest = float(np.min(returns)), float(np.max(returns))
    spread = highest - lowest
    # Bins narrower than this have edges that floats cannot tell apart.
    if spread <= max(NOISE * max(abs(lowest), abs(highest)), _SPREAD_MIN):
        return None
    quarters = np.quantile(returns, (0.25, 0.75))
    width = 2.0 * float(quarters[1] - quarters[0]) / len(returns) ** (1.0 / 3.0)
    width = min(max(width, spread / (_BINS_MAX - 2)), spread / _BINS_MIN)
    first, last = math.floor(lowest / width), math.floor(highest / width)
    edges = np.arange(first, last + 2, dtype=np.float64) * width
    places = np.clip(np.floor(returns / width).astype(np.int64) - first, 0, len(edges) - 2)
    return Distribution(edges=edges, counts=np.bincount(places, minlength=len(edges) - 1).astype(np.int64))
