"""The metrics of a strategy or of a portfolio, with every convention stated.

Ratios come from daily equity (``podium.stats.daily``), so that the density of the points cannot change them; the depth
of the maximum drawdown looks at every point; trade figures come from closed trades. The risk-free rate is 0. A figure
without a meaning is ``None``, never a magic number, and ``StrategyMetrics.why_none`` says why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant
from podium.core.times import NANOSECONDS_PER_DAY, from_nanoseconds
from podium.stats import drawdown, growth, returns, trades
from podium.stats.benchmark import AgainstBenchmark, compare_with_benchmark
from podium.stats.daily import Calendar, DailyEquity, daily_equity
from podium.stats.trades import ClosedTrade, TradeColumns

__all__ = ["StrategyMetrics", "compute_metrics"]

_RATIO = "fewer than two daily returns, returns that do not vary, or an equity at or below zero"
_LOSSES = "no day with a loss, or an equity at or below zero"
_DAYS = "too few daily returns, or an equity at or below zero"
_YEARLY = "no day passed, more than everything was lost, or the yearly figure is too large to be a number"
_BENCHMARK = "no benchmark, or too few days in common with it"
_REASONS = {
    "total_return": "the starting capital is zero",
    "annualised_return": _YEARLY,
    "cagr": _YEARLY,
    "volatility": _DAYS,
    "sharpe_ratio": _RATIO,
    "sortino_ratio": _LOSSES,
    "calmar_ratio": "no drawdown, or no yearly return",
    "max_drawdown": "the starting capital is zero, or there is no equity",
    "max_drawdown_days": "the starting capital is zero, or there is no equity",
    "longest_drawdown_days": "the starting capital is zero, or there is no equity",
    "value_at_risk": _DAYS,
    "conditional_value_at_risk": _DAYS,
    "omega_ratio": _LOSSES,
    "tail_ratio": _LOSSES,
    "skewness": _RATIO,
    "kurtosis": _RATIO,
    "ulcer_index": _DAYS,
    "best_day": _DAYS,
    "worst_day": _DAYS,
    "win_rate": "no closed trade",
    "profit_factor": "no losing trade",
    "average_win": "no winning trade",
    "average_loss": "no losing trade",
    "expectancy": "no closed trade",
    "exposure": "no time passed",
    "turnover": "no time passed, or a mean equity at or below zero",
    "alpha": _BENCHMARK,
    "beta": _BENCHMARK,
    "excess_return": _BENCHMARK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMetrics:
    """Hold the figures of one strategy, or of the portfolio.

    Fractions are plain (0.1 is 10 %), money is in the account currency, a year has ``periods_per_year`` days.

    Args:
        total_return: (final equity − starting capital) / starting capital.
        annualised_return: (1 + total)^(periods per year / days) − 1.
        cagr: (1 + total)^(365.25 / calendar days) − 1.
        volatility: sample standard deviation of the daily returns × √periods.
        sharpe_ratio: mean / sample standard deviation × √periods, of the daily returns.
        sortino_ratio: the same against √mean(min(r, 0)²).
        calmar_ratio: annualised return / maximum drawdown.
        max_drawdown: the deepest fall below the highest equity so far, at any point; a positive fraction.
        max_drawdown_days: calendar days from the peak to the recovery (or the end) of the deepest drawdown of the
            daily equity.
        longest_drawdown_days: the same for the longest drawdown.
        value_at_risk: the 5 % quantile of the daily returns (historical); a loss is negative.
        conditional_value_at_risk: the mean of the returns in that tail; a loss is negative.
        omega_ratio: the sum of the positive daily returns / that of the negative ones.
        tail_ratio: |95 % quantile| / |5 % quantile| of the daily returns.
        skewness: of the daily returns, corrected for bias.
        kurtosis: excess, of the daily returns, corrected for bias.
        ulcer_index: the root of the mean square of the daily drawdowns.
        best_day: the highest daily return.
        worst_day: the lowest.
        total_trades: closed trades.
        winning_trades: those with a net result above 0.
        losing_trades: those with a net result below 0.
        win_rate: winners / trades.
        profit_factor: the sum of the wins / the sum of the losses; ``None`` without losses.
        average_win: the mean result of the winners, in money.
        average_loss: the mean result of the losers, in money, below 0.
        expectancy: the mean result of a trade, in money.
        exposure: the share of the time in which a position was open.
        turnover: traded value / 2 / mean daily equity, a year.
        alpha: Jensen's alpha against the benchmark, a year.
        beta: the slope of the daily returns on the benchmark's.
        excess_return: total return − the benchmark's.
        days: how many daily returns there are.
        periods_per_year: 365 (every UTC day) or 252 (session days).
        first_day: the first day, ISO 8601; ``None`` without equity.
        last_day: the last day.
    """

    total_return: float | None
    annualised_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    max_drawdown: float | None
    max_drawdown_days: int | None
    longest_drawdown_days: int | None
    value_at_risk: float | None
    conditional_value_at_risk: float | None
    omega_ratio: float | None
    tail_ratio: float | None
    skewness: float | None
    kurtosis: float | None
    ulcer_index: float | None
    best_day: float | None
    worst_day: float | None
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float | None
    profit_factor: float | None
    average_win: float | None
    average_loss: float | None
    expectancy: float | None
    exposure: float | None
    turnover: float | None
    alpha: float | None
    beta: float | None
    excess_return: float | None
    days: int
    periods_per_year: int
    first_day: str | None
    last_day: str | None

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Give the figures by name, in the order above, ready for JSON."""
        return asdict(self)

    def why_none(self, name: str) -> str | None:
        """Say why a figure has no value.

        Args:
            name: a field of this class.

        Returns:
            The conditions under which it is ``None``; ``None`` when it has a value.
        """
        return None if getattr(self, name) is not None else _REASONS.get(name, "there is no equity")


def compute_metrics(
    *,
    times_nanoseconds: NDArray[np.int64],
    equity: NDArray[np.int64] | NDArray[np.float64],
    digits: int,
    starting_capital: Decimal | float,
    closed: TradeColumns | Sequence[ClosedTrade] = (),
    open_since_nanoseconds: Sequence[int] = (),
    traded_value: Decimal | float | None = None,
    calendar: Calendar = Calendar.ALWAYS,
    benchmark: DailyEquity | None = None,
) -> StrategyMetrics:
    """Compute all metrics of one equity curve and its trades.

    Args:
        times_nanoseconds: when each point was recorded, nanoseconds since 1970 UTC, shape ``(points,)``, growing.
        equity: the equity after each step, shape ``(points,)``, in whole units of ``10**-digits``, or money with
            ``digits=0``.
        digits: what a unit of ``equity`` is.
        starting_capital: the equity before the first point, in money.
        closed: the closed trades.
        open_since_nanoseconds: when positions that are still open were opened: they count in the exposure.
        traded_value: the value of all fills in money; by default that of the closed trades.
        calendar: which days count.
        benchmark: daily closes of the benchmark, its ``start`` being its first open.

    Returns:
        The metrics.
    """
    invariant(len(times_nanoseconds) == len(equity), "each point of equity has a time")
    columns = closed if isinstance(closed, TradeColumns) else TradeColumns.of(closed)
    daily = daily_equity(times_nanoseconds, equity, start=starting_capital, calendar=calendar, digits=digits)
    depth = drawdown.max_drawdown(equity, start=float(starting_capital) * 10.0**digits)
    under_water = drawdown.drawdown_days(daily.days_with_start(), daily.with_start()) if len(daily) else None
    against = compare_with_benchmark(daily, benchmark) if benchmark is not None else AgainstBenchmark()
    total = growth.total_return(daily.start, float(daily.values[-1])) if len(daily) else None
    yearly = None if total is None else growth.annualised_return(total, len(daily), calendar.periods_per_year)
    periods = calendar.periods_per_year
    # Without returns that have a meaning, every figure of an empty series is None.
    series = daily.returns()
    series = np.zeros(0, dtype=np.float64) if series is None else series
    return StrategyMetrics(
        total_return=total,
        annualised_return=yearly,
        cagr=None if total is None else growth.cagr(total, daily.calendar_days),
        volatility=returns.volatility(series, periods),
        sharpe_ratio=returns.sharpe_ratio(series, periods),
        sortino_ratio=returns.sortino_ratio(series, periods),
        calmar_ratio=growth.calmar_ratio(yearly, depth),
        max_drawdown=depth,
        max_drawdown_days=None if under_water is None else under_water.deepest,
        longest_drawdown_days=None if under_water is None else under_water.longest,
        value_at_risk=returns.value_at_risk(series),
        conditional_value_at_risk=returns.conditional_value_at_risk(series),
        omega_ratio=returns.omega_ratio(series),
        tail_ratio=returns.tail_ratio(series),
        skewness=returns.skewness(series),
        kurtosis=returns.kurtosis(series),
        ulcer_index=drawdown.ulcer_index(daily.with_start()) if len(series) else None,
        best_day=float(np.max(series)) if len(series) else None,
        worst_day=float(np.min(series)) if len(series) else None,
        total_trades=len(columns),
        winning_trades=int(np.count_nonzero(columns.pnl > 0)),
        losing_trades=int(np.count_nonzero(columns.pnl < 0)),
        win_rate=trades.win_rate(columns.pnl),
        profit_factor=trades.profit_factor(columns.pnl),
        average_win=trades.average_win(columns.pnl),
        average_loss=trades.average_loss(columns.pnl),
        expectancy=trades.expectancy(columns.pnl),
        exposure=_exposure(columns, times_nanoseconds, open_since_nanoseconds),
        turnover=_turnover(columns, daily, traded_value),
        alpha=against.alpha,
        beta=against.beta,
        excess_return=against.excess_return,
        days=len(daily),
        periods_per_year=periods,
        first_day=_day(daily, 0),
        last_day=_day(daily, -1),
    )


def _exposure(
    columns: TradeColumns, times_nanoseconds: NDArray[np.int64], open_since_nanoseconds: Sequence[int]
) -> float | None:
    if len(times_nanoseconds) == 0:
        return None
    first, last = int(times_nanoseconds[0]), int(times_nanoseconds[-1])
    still_open = np.array(open_since_nanoseconds, dtype=np.int64)
    return trades.exposure(
        np.concatenate((columns.entry_times, still_open)),
        np.concatenate((columns.exit_times, np.full(len(still_open), last, dtype=np.int64))),
        first_time=first,
        last_time=last,
    )


def _turnover(columns: TradeColumns, daily: DailyEquity, traded_value: Decimal | float | None) -> float | None:
    numbers: list[float] = columns.traded_value.tolist()
    value = math.fsum(numbers) if traded_value is None else float(traded_value)
    years = len(daily) / daily.calendar.periods_per_year
    return trades.turnover(value, returns.mean(daily.values), years)


def _day(daily: DailyEquity, row: int) -> str | None:
    if len(daily) == 0:
        return None
    return from_nanoseconds(int(daily.days[row]) * NANOSECONDS_PER_DAY).date().isoformat()
