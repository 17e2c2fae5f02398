"""What each strategy adds to the portfolio: to its risk, to its deepest drawdown, and to its figures as a whole.

Everything is additive on purpose: shares of risk sum to 1, parts of a drawdown sum to it to the last money unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant
from podium.stats.daily import DailyEquity
from podium.stats.drawdown import max_drawdown
from podium.stats.growth import total_return
from podium.stats.returns import sharpe_ratio, standard_deviation, volatility

__all__ = [
    "DeepestFall",
    "MarginalEffect",
    "PortfolioFigures",
    "deepest_fall",
    "drawdown_contributions",
    "last_peaks",
    "marginal_effect",
    "portfolio_figures",
    "risk_contributions",
]

_PIECE_POINTS = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepestFall:
    """Hold where the deepest drawdown of a curve began and where it was deepest.

    Args:
        peak_row: the point of the highest equity before it; -1 is the start, before the first point.
        trough_row: the deepest point.
    """

    peak_row: int
    trough_row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioFigures:
    """Hold the figures by which a portfolio with and without a strategy are compared.

    Args:
        total_return: a fraction of the portfolio's starting capital.
        volatility: of daily returns, a year.
        sharpe_ratio: of daily returns, a year.
        max_drawdown: a positive fraction, at any point.
    """

    total_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalEffect:
    """Hold the portfolio as it is and as it would have been without the results of one strategy.

    Args:
        whole: with it.
        without: its capital lying idle instead.
    """

    whole: PortfolioFigures
    without: PortfolioFigures

    def difference(self, name: str) -> float | None:
        """Tell what the strategy changed.

        Args:
            name: a field of :class:`PortfolioFigures`.

        Returns:
            The figure with it − the figure without it; ``None`` when one of them has no meaning.
        """
        whole, without = getattr(self.whole, name), getattr(self.without, name)
        return None if whole is None or without is None else float(whole - without)


def risk_contributions(results: Sequence[NDArray[np.float64]], portfolio: DailyEquity) -> list[float] | None:
    """Share the portfolio's volatility out among its strategies.

    The share of strategy i is cov(c_i, r_p) / var(r_p), where r_p is the portfolio's daily return and c_i the part of
    it that the strategy made: its result of the day / the portfolio's equity of the day before. That is the marginal
    contribution to volatility w_i × cov(r_i, r_p) / var(r_p) with the weight of each day, so the shares sum to 1 even
    when weights drift. Source: R. Litterman, "Hot Spots and Hedges", 1996.

    Args:
        results: for each strategy its result of each day in money, shape ``(days,)``.
        portfolio: the portfolio's daily equity, over the same days.

    Returns:
        One share for each strategy, negative for one that lowers the risk; ``None`` when the portfolio's returns have
        no meaning or do not vary.
    """
    returns = portfolio.returns()
    if returns is None or not standard_deviation(returns):
        return None
    before = portfolio.with_start()[:-1]
    distance = returns - math.fsum(returns.tolist()) / len(returns)
    variance = math.fsum((distance * distance).tolist())
    # The mean of c_i falls out of the sum, since the distances sum to 0.
    return [math.fsum((result / before * distance).tolist()) / variance for result in results]


def deepest_fall(equity: NDArray[np.int64], start: int) -> DeepestFall | None:
    """Find the deepest drawdown of a curve as a fraction of its peak, looking at every point.

    Args:
        equity: money units, shape ``(points,)``.
        start: the equity before the first point, in units.

    Returns:
        Where it began and where it was deepest, the first of equals; ``None`` when the equity never fell below its
        peak, or a peak was not positive.
    """
    if start <= 0:
        return None
    deepest, high, trough = 1.0, start, -1
    for row, piece, peaks in _pieces(equity, start):
        shares = piece / peaks
        place = int(np.argmin(shares))
        if shares[place] < deepest:
            deepest, high, trough = float(shares[place]), int(peaks[place]), row + place
    if trough < 0:
        return None
    reached = np.flatnonzero(equity[:trough] == high)
    return DeepestFall(peak_row=int(reached[-1]) if len(reached) else -1, trough_row=trough)


def last_peaks(equity: NDArray[np.int64], start: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the last point at which a curve stood at its highest so far.

    Args:
        equity: money units, shape ``(points,)``.
        start: the equity before the first point, in units.
        rows: for which points, growing.

    Returns:
        For each of them the point of the last peak at or before it; -1 is the start, before the first point.
    """
    found = np.full(len(rows), -1, dtype=np.int64)
    before = -1
    for row, piece, peaks in _pieces(equity, start):
        at_peak = np.flatnonzero(piece == peaks) + row
        first, after = np.searchsorted(rows, (row, row + len(piece)))
        places = np.searchsorted(at_peak, rows[first:after], side="right")
        known = np.concatenate(([before], at_peak))
        found[first:after], before = known[places], int(known[-1])
    return found


def _pieces(equity: NDArray[np.int64], start: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Cut a curve into pieces that fit a processor's cache; give the first row, the piece and its peaks so far."""
    peak = start
    for row in range(0, len(equity), _PIECE_POINTS):
        piece = equity[row : row + _PIECE_POINTS]
        peaks = np.maximum(np.maximum.accumulate(piece), peak)
        peak = int(peaks[-1])
        yield row, piece, peaks


def drawdown_contributions(
    equities: Sequence[NDArray[np.int64]], starts: Sequence[int], fall: DeepestFall
) -> list[int]:
    """Share the portfolio's deepest drawdown out among its strategies.

    Args:
        equities: for each strategy its equity in money units, shape ``(points,)``, free of capital moved to or from it.
        starts: for each strategy its equity before the first point.
        fall: the portfolio's deepest drawdown.

    Returns:
        For each strategy its result between peak and trough in units, negative for a loss. The sum is the portfolio's
        equity at the trough − that at the peak, exactly.
    """
    return [
        int(equity[fall.trough_row]) - (int(equity[fall.peak_row]) if fall.peak_row >= 0 else int(start))
        for equity, start in zip(equities, starts, strict=True)
    ]


def portfolio_figures(
    daily: DailyEquity, equity: NDArray[np.int64] | NDArray[np.float64], start: float
) -> PortfolioFigures:
    """Compute the few figures by which portfolios are compared; conventions as in ``podium.stats.metrics``.

    Args:
        daily: daily equity.
        equity: every point, in money or units.
        start: the equity before the first point, in the unit of ``equity``.

    Returns:
        The figures.
    """
    returns = daily.returns()
    periods = daily.calendar.periods_per_year
    return PortfolioFigures(
        total_return=total_return(daily.start, float(daily.values[-1])) if len(daily) else None,
        volatility=None if returns is None else volatility(returns, periods),
        sharpe_ratio=None if returns is None else sharpe_ratio(returns, periods),
        max_drawdown=max_drawdown(equity, start),
    )


def marginal_effect(
    *,
    portfolio: DailyEquity,
    portfolio_equity: NDArray[np.int64],
    strategy: DailyEquity,
    strategy_equity: NDArray[np.int64],
    unit: float,
    whole: PortfolioFigures,
) -> MarginalEffect:
    """Compare the portfolio with what it would have been without the results of one strategy.

    Without it means that its capital stays where it is and earns nothing, and that nobody else does anything different:
    the portfolio's equity − the strategy's result so far, at every point.

    Args:
        portfolio: daily equity of the whole.
        portfolio_equity: every point of it in money units, shape ``(points,)``.
        strategy: daily equity of the strategy, over the same days.
        strategy_equity: every point of it in units.
        unit: what a unit is worth in money.
        whole: the figures of the portfolio as it is.

    Returns:
        Both sets of figures.
    """
    invariant(len(portfolio) == len(strategy), "a strategy and its portfolio have the same days")
    idle = DailyEquity(
        days=portfolio.days,
        values=portfolio.values - (strategy.values - strategy.start),
        start=portfolio.start,
        calendar=portfolio.calendar,
    )
    equity = portfolio_equity - (strategy_equity - round(strategy.start / unit))
    return MarginalEffect(whole=whole, without=portfolio_figures(idle, equity, portfolio.start / unit))
