"""A result as the page draws it: every curve of the portfolio at the same few moments, and its days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from podium.report.curves import drawn_rows
from podium.report.reported import ReportedResult
from podium.stats.contribution import (
    DeepestFall,
    MarginalEffect,
    deepest_fall,
    drawdown_contributions,
    last_peaks,
    marginal_effect,
    portfolio_figures,
    risk_contributions,
)
from podium.stats.correlation import correlation_matrix
from podium.stats.daily import Calendar, DailyEquity, daily_equity

__all__ = ["DrawnPortfolio"]


@dataclass(frozen=True, eq=False)
class DrawnPortfolio:
    """Prepare a result for drawing; each part is computed when it is asked for.

    Args:
        result: what came out.
    """

    result: ReportedResult

    @cached_property
    def strategy_ids(self) -> list[str]:
        """Give the strategies in the portfolio's order."""
        return list(self.result.strategy_results)

    @cached_property
    def unit(self) -> float:
        """Give what a money unit is worth."""
        return float(10.0**-self.result.aggregate_equity_curve.digits)

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Give the portfolio's equity at every point, in units."""
        return self.result.aggregate_equity_curve.units

    @cached_property
    def starts(self) -> list[int]:
        """Give each strategy's equity before the first point, in units."""
        digits = self.result.aggregate_equity_curve.digits
        return [int(one.allocated_capital.scaleb(digits)) for one in self.result.strategy_results.values()]

    @cached_property
    def start(self) -> int:
        """Give the portfolio's equity before the first point, in units."""
        return sum(self.starts) + int(self.result.unallocated.scaleb(self.result.aggregate_equity_curve.digits))

    @cached_property
    def fall(self) -> DeepestFall | None:
        """Find the deepest drawdown."""
        return deepest_fall(self.units, self.start)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Give the points that are drawn; both ends of the deepest drawdown are among them."""
        ends = [] if self.fall is None else [self.fall.peak_row, self.fall.trough_row]
        return np.union1d(drawn_rows(self.units), np.array([row for row in ends if row >= 0], dtype=np.int64))

    @cached_property
    def seconds(self) -> NDArray[np.float64]:
        """Give the drawn times, seconds since 1970 UTC."""
        return np.asarray(self.result.aggregate_equity_curve.times_nanoseconds[self.rows] / 1e9)

    @cached_property
    def equities(self) -> list[NDArray[np.float64]]:
        """Give each strategy's equity at the drawn points, in money."""
        several = self.result.strategy_results.values()
        return [np.asarray(one.equity_curve.units[self.rows] * self.unit) for one in several]

    @cached_property
    def idle(self) -> NDArray[np.float64]:
        """Give the cash that no strategy has at the drawn points, in money."""
        several = self.result.strategy_results.values()
        units = self.units[self.rows] - sum((one.equity_curve.units[self.rows] for one in several), 0 * self.rows)
        if self.result.netting is not None:
            units = units - self.result.netting.units[self.rows]
        return np.asarray(units * self.unit)

    @cached_property
    def earnings(self) -> list[NDArray[np.float64]]:
        """Give what each strategy earned up to the drawn points, in money, without capital moved to or from it."""
        several = zip(self.result.strategy_results.values(), self.starts, strict=True)
        return [np.asarray((one.earned_curve.units[self.rows] - start) * self.unit) for one, start in several]

    @cached_property
    def growths(self) -> list[NDArray[np.float64]]:
        """Give each strategy's own return up to the drawn points, free of capital moved to or from it."""
        several = zip(self.result.strategy_results.values(), self.starts, strict=True)
        return [np.asarray(one.own_curve.units[self.rows] / max(start, 1) - (start > 0)) for one, start in several]

    @cached_property
    def equity(self) -> NDArray[np.float64]:
        """Give the portfolio's equity at the drawn points, in money."""
        return np.asarray(self.units[self.rows] * self.unit)

    @cached_property
    def drawdown_parts(self) -> list[NDArray[np.float64]]:
        """Give what each strategy made since the portfolio's last peak, as a fraction; with netting: − drawdown."""
        curves = [one.earned_curve.units for one in self.result.strategy_results.values()]
        return [self._since_peak(units, start) for units, start in zip(curves, self.starts, strict=True)]

    @cached_property
    def saved(self) -> NDArray[np.float64] | None:
        """Give what netting saved up to the drawn points, in money; nothing without netting."""
        curve = self.result.netting
        return None if curve is None else np.asarray(curve.units[self.rows] * self.unit)

    @cached_property
    def saved_part(self) -> NDArray[np.float64] | None:
        """Give what netting saved since the portfolio's last peak, as a fraction of it."""
        curve = self.result.netting
        return None if curve is None else self._since_peak(curve.units, 0)

    def _since_peak(self, units: NDArray[np.int64], start: int) -> NDArray[np.float64]:
        last = last_peaks(self.units, self.start, self.rows)
        peaks = np.maximum(_at(self.units, last, self.start), 1)
        return np.asarray((units[self.rows] - _at(units, last, start)) / peaks)

    @cached_property
    def calendar(self) -> Calendar:
        """Give which days count."""
        return next(one for one in Calendar if one.periods_per_year == self.result.aggregate_metrics.periods_per_year)

    def _daily(self, units: NDArray[np.int64], start: int) -> DailyEquity:
        curve = self.result.aggregate_equity_curve
        return daily_equity(
            curve.times_nanoseconds, units, start=start * self.unit, calendar=self.calendar, digits=curve.digits
        )

    @cached_property
    def daily(self) -> DailyEquity:
        """Give the portfolio's daily equity."""
        return self._daily(self.units, self.start)

    @cached_property
    def dailies(self) -> list[DailyEquity]:
        """Give each strategy's daily equity as its own returns make it, free of capital moved to or from it."""
        several = self.result.strategy_results.values()
        return [self._daily(one.own_curve.units, start) for one, start in zip(several, self.starts, strict=True)]

    @cached_property
    def daily_earnings(self) -> list[DailyEquity]:
        """Give each strategy's capital and what it earned so far, day by day in money."""
        several = self.result.strategy_results.values()
        return [self._daily(one.earned_curve.units, start) for one, start in zip(several, self.starts, strict=True)]

    @cached_property
    def correlations(self) -> list[list[float | None]]:
        """Correlate the daily returns of the strategies."""
        return correlation_matrix([daily.returns() for daily in self.dailies])

    @cached_property
    def risk_shares(self) -> list[float] | None:
        """Share the portfolio's volatility out: to each strategy, then to netting if it is on."""
        saved = [] if self.result.netting is None else [self._daily(self.result.netting.units, 0)]
        return risk_contributions([np.diff(one.with_start()) for one in (*self.daily_earnings, *saved)], self.daily)

    @cached_property
    def fall_parts(self) -> list[int]:
        """Share the deepest drawdown out in units: to each strategy, then to netting; nothing where there was none."""
        if self.fall is None:
            return []
        curves = [one.earned_curve.units for one in self.result.strategy_results.values()]
        saved = [] if self.result.netting is None else [self.result.netting.units]
        return drawdown_contributions([*curves, *saved], [*self.starts, *(0 for _ in saved)], self.fall)

    @cached_property
    def unmoved_units(self) -> NDArray[np.int64]:
        """Give what the portfolio's equity would be had each strategy kept its capital and returned what it did."""
        several = self.result.strategy_results.values()
        return self.units + sum((one.own_curve.units - one.earned_curve.units for one in several), 0 * self.units)

    @cached_property
    def has_moved(self) -> bool:
        """Tell whether capital was moved between strategies."""
        return any(one.own_curve is not one.earned_curve for one in self.result.strategy_results.values())

    @cached_property
    def effects(self) -> list[MarginalEffect]:
        """Compare the portfolio with itself without each strategy.

        Where capital was moved, what a strategy earned was earned with capital of others, and what others lost was lost
        with its own: only with each on the capital it began with can one be taken away and the others stay as they are.
        """
        portfolio = self._daily(self.unmoved_units, self.start)
        whole = portfolio_figures(portfolio, self.unmoved_units, self.start)
        return [
            marginal_effect(
                portfolio=portfolio,
                portfolio_equity=self.unmoved_units,
                strategy=daily,
                strategy_equity=one.own_curve.units,
                unit=self.unit,
                whole=whole,
            )
            for one, daily in zip(self.result.strategy_results.values(), self.dailies, strict=True)
        ]


def _at(units: NDArray[np.int64], rows: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """Read a curve at rows, -1 being its start."""
    return np.where(rows >= 0, units[np.maximum(rows, 0)], start)
