"""Figures against a benchmark: what buying and holding one symbol would have given over the same days."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.stats.daily import DailyEquity
from podium.stats.growth import total_return

__all__ = ["AgainstBenchmark", "compare_with_benchmark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstBenchmark:
    """Hold the figures; ``None`` where they have no meaning.

    Args:
        alpha: Jensen's alpha, arithmetic and annualised: (mean(r) − beta × mean(b)) × periods, risk-free 0.
            ``None`` when beta is.
        beta: sample covariance(r, b) / sample variance(b). ``None`` with fewer than two common days, when the
            benchmark does not vary, or when a return has no meaning.
        excess_return: total return − the benchmark's, both over the days on which the benchmark is known.
    """

    alpha: float | None = None
    beta: float | None = None
    excess_return: float | None = None


def compare_with_benchmark(equity: DailyEquity, benchmark: DailyEquity) -> AgainstBenchmark:
    """Compare daily equity with the daily closes of a benchmark.

    A day on which only the equity has a value keeps the benchmark's last close. Days before the benchmark's first are
    left out. Source of alpha: M. C. Jensen, "The Performance of Mutual Funds in the Period 1945–1964", 1968.

    Args:
        equity: the daily equity.
        benchmark: its daily closes; ``start`` is its first open.

    Returns:
        The three figures.
    """
    rows = np.searchsorted(benchmark.days, equity.days, side="right") - 1
    known = rows >= 0
    if not np.any(known):
        return AgainstBenchmark()
    own = np.concatenate((equity.with_start()[:-1][known][:1], equity.values[known]))
    other = np.concatenate(([benchmark.start], benchmark.values[rows[known]]))
    own_total, other_total = total_return(own[0], own[-1]), total_return(other[0], other[-1])
    excess = None if own_total is None or other_total is None else float(own_total - other_total)
    if not (np.all(own[:-1] > 0) and np.all(other[:-1] > 0)):
        return AgainstBenchmark(excess_return=excess)
    alpha, beta = _regression(own, other, equity.calendar.periods_per_year)
    return AgainstBenchmark(alpha=alpha, beta=beta, excess_return=excess)


def _regression(
    own: NDArray[np.float64], other: NDArray[np.float64], periods_per_year: int
) -> tuple[float | None, float | None]:
    own_returns: list[float] = (np.diff(own) / own[:-1]).tolist()
    other_returns: list[float] = (np.diff(other) / other[:-1]).tolist()
    count = len(own_returns)
    own_mean, other_mean = math.fsum(own_returns) / count, math.fsum(other_returns) / count
    variance = math.fsum((b - other_mean) ** 2 for b in other_returns)
    if count < 2 or math.sqrt(variance) <= 1e-10 * abs(other_mean) * count:
        return None, None
    covariance = math.fsum((a - own_mean) * (b - other_mean) for a, b in zip(own_returns, other_returns, strict=True))
    beta = covariance / variance
    return (own_mean - beta * other_mean) * periods_per_year, beta
