"""Aggregate what the engine recorded into results: per strategy, unallocated cash, and the portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.allocation import StrategyAllocation
from podium.backtest.cells import Cells
from podium.backtest.market import Market
from podium.backtest.members import Member
from podium.backtest.result import EquityCurve, OrchestratorResult, StrategyResult
from podium.backtest.trades import TradeRecords, closed_positions
from podium.core.events import EventKind, Reason
from podium.core.times import from_nanoseconds
from podium.engine.engine import Engine
from podium.portfolio.configuration import OrchestratorConfig
from podium.stats.comparison import ComparisonRow, ComparisonTable
from podium.stats.daily import Calendar, DailyEquity, daily_equity
from podium.stats.metrics import StrategyMetrics, compute_metrics
from podium.stats.trades import TradeColumns

__all__ = ["aggregate"]


def aggregate(
    *,
    engine: Engine,
    market: Market,
    cells: Cells,
    members: Sequence[Member],
    config: OrchestratorConfig,
    capital: Decimal,
    is_complete: bool,
    execution_time_seconds: float,
    completed_at_nanoseconds: int,
) -> OrchestratorResult:
    """Make the result of a run.

    Args:
        engine: at its end.
        market: what it ran on.
        cells: its cells.
        members: its strategies.
        config: how it was run.
        capital: money at the start.
        is_complete: whether it came to the last bar.
        execution_time_seconds: how long it took.
        completed_at_nanoseconds: when it ended.

    Returns:
        The result.
    """
    unit = engine.unit
    steps = engine.half_step // 2
    times = market.timeline.times[:steps]
    cash = unit.to_units(capital) - sum(int(account["deposited"]) for account in engine.tables.accounts)
    calendar, benchmark = Calendar(config.calendar), _benchmark(config, market)
    counts = _Counts(engine, len(cells.inputs))
    results: dict[str, StrategyResult] = {}
    for number, member in enumerate(members):
        mine = [index for index, cell in enumerate(cells.inputs) if cell.strategy == number]
        account = engine.tables.accounts[number]
        records = TradeRecords(
            events=closed_positions(engine.events(), mine),
            strategy_id=member.strategy_id,
            cell_symbols=cells.symbols,
            instruments=dict(market.instruments),
            times=market.timeline.times,
            unit=unit,
        )
        curve = EquityCurve(times_nanoseconds=times, units=engine.tables.equity[:steps, number], digits=unit.digits)
        results[member.strategy_id] = StrategyResult(
            strategy_id=member.strategy_id,
            symbols=tuple(cells.symbols[index] for index in mine),
            allocation=StrategyAllocation(
                strategy_id=member.strategy_id,
                initial_capital=unit.to_decimal(account["deposited"]),
                allocated_capital=unit.to_decimal(account["allocated"]),
                used_capital=unit.to_decimal(account["used"]),
                reserved_capital=unit.to_decimal(account["reserved"]),
                cash=unit.to_decimal(account["cash"]),
            ),
            final_equity=unit.to_decimal(account["equity"]),
            equity_curve=curve,
            metrics=_metrics(
                curve,
                start=unit.to_decimal(account["deposited"]),
                closed=records.columns(),
                open_since=_open_since(engine, times, mine),
                calendar=calendar,
                benchmark=benchmark,
            ),
            blocked=counts.of(EventKind.SIGNAL_REJECTED, Reason.CAPITAL_LIMIT, mine)
            + counts.of(EventKind.ORDER_CANCELLED, Reason.CAPITAL_LIMIT, mine),
            signals=counts.of(EventKind.SIGNAL_GENERATED, None, mine),
            records=records,
        )  # fmt: skip
    total = EquityCurve(
        times_nanoseconds=times, units=engine.tables.equity[:steps].sum(axis=1) + cash, digits=unit.digits
    )
    every = [result.records.columns() for result in results.values()]
    metrics = _metrics(
        total,
        start=capital,
        closed=_joined(every),
        open_since=_open_since(engine, times, range(len(cells.inputs))),
        calendar=calendar,
        benchmark=benchmark,
    )
    final_equity = unit.to_decimal(int(engine.tables.run[0]["portfolio"]["equity"]) + cash)
    table = _table(
        results,
        cash=unit.to_decimal(cash),
        capital=capital,
        final_equity=final_equity,
        metrics=metrics,
        curve=total,
        config=config,
    )
    return OrchestratorResult(
        strategy_results=results,
        unallocated=unit.to_decimal(cash),
        initial_capital=capital,
        final_equity=final_equity,
        aggregate_equity_curve=total,
        aggregate_metrics=metrics,
        comparison_table=table,
        conflicts_detected=int(engine.tables.run[0]["conflicts"]),
        capital_limit_blocks=sum(result.blocked for result in results.values()),
        warnings=tuple(str(flaw) for flaw in market.flaws),
        is_complete=is_complete,
        execution_time_seconds=execution_time_seconds,
        completed_at=from_nanoseconds(completed_at_nanoseconds),
        config=config,
        market=market,
        cells=cells,
        engine=engine,
    )


class _Counts:
    """Count events per (kind, reason) and cell in one pass."""

    def __init__(self, engine: Engine, cells: int) -> None:
        kinds, reasons = 16, 64
        self._counts = np.zeros((kinds, reasons, cells), np.int64)
        for block in engine.events():
            index = (block["kind"].astype(np.int64) * reasons + block["reason"]) * cells + block["cell"]
            self._counts += np.bincount(index, minlength=self._counts.size).reshape(self._counts.shape)

    def of(self, kind: EventKind, reason: Reason | None, cells: Sequence[int]) -> int:
        """Give how many events of a kind (and reason) some cells have."""
        counts = self._counts[kind] if reason is None else self._counts[kind, reason : reason + 1]
        return int(counts[:, list(cells)].sum())


def _open_since(engine: Engine, times: NDArray[np.int64], cells: Sequence[int]) -> list[int]:
    """Give when the positions that are still open were opened."""
    rows = [engine.tables.cells[index] for index in cells]
    return [int(times[int(row["entry_step"])]) for row in rows if row["quantity"] != 0]


def _metrics(
    curve: EquityCurve,
    *,
    start: Decimal,
    closed: TradeColumns,
    open_since: Sequence[int],
    calendar: Calendar,
    benchmark: DailyEquity | None,
) -> StrategyMetrics:
    return compute_metrics(
        times_nanoseconds=curve.times_nanoseconds,
        equity=curve.units,
        digits=curve.digits,
        starting_capital=start,
        closed=closed,
        open_since_nanoseconds=open_since,
        calendar=calendar,
        benchmark=benchmark,
    )


def _joined(columns: Sequence[TradeColumns]) -> TradeColumns:
    names = TradeColumns.__dataclass_fields__
    return TradeColumns(**{name: np.concatenate([getattr(part, name) for part in columns]) for name in names})


def _benchmark(config: OrchestratorConfig, market: Market) -> DailyEquity | None:
    if config.benchmark is None:
        return None
    series = market.store.series(config.benchmark)
    return daily_equity(
        series.close_time, series.close, start=float(series.open[0]), calendar=Calendar(config.calendar)
    )


def _table(
    results: dict[str, StrategyResult],
    *,
    cash: Decimal,
    capital: Decimal,
    final_equity: Decimal,
    metrics: StrategyMetrics,
    curve: EquityCurve,
    config: OrchestratorConfig,
) -> ComparisonTable:
    rows = [
        ComparisonRow.of_strategy(
            name,
            allocated_capital=result.allocated_capital,
            final_equity=result.final_equity,
            metrics=result.metrics,
            capital_limit_blocks=result.blocked,
            equity=result.equity_curve.units,
        )
        for name, result in results.items()
    ]
    portfolio = ComparisonRow.of_portfolio(
        allocated_capital=capital,
        final_equity=final_equity,
        metrics=metrics,
        capital_limit_blocks=sum(result.blocked for result in results.values()),
        equity=curve.units,
    )
    return ComparisonTable.of(rows, unallocated=cash, portfolio=portfolio, currency=config.currency)
