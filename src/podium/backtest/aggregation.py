"""Aggregate what the engine recorded into results: per strategy, unallocated cash, and the portfolio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.allocation import StrategyAllocation
from podium.backtest.cells import Cells
from podium.backtest.market import Market
from podium.backtest.members import Member
from podium.backtest.postings import attribute
from podium.backtest.result import EquityCurve, OrchestratorResult, StrategyResult
from podium.backtest.standstills import standstills
from podium.backtest.trades import TradeRecords, closed_positions
from podium.backtest.transfers import Transfers
from podium.core.events import EventKind, Reason
from podium.core.times import from_nanoseconds, iso
from podium.engine.engine import Engine
from podium.engine.tables import LIMIT_FIRST
from podium.portfolio.configuration import OrchestratorConfig
from podium.stats.comparison import ComparisonRow, ComparisonTable
from podium.stats.correlation import StrategyPair, correlation_matrix, judged_pairs
from podium.stats.daily import Calendar, DailyEquity, daily_equity
from podium.stats.metrics import StrategyMetrics, compute_metrics
from podium.stats.time_weighted import time_weighted
from podium.stats.trades import TradeColumns

__all__ = ["aggregate"]

_REFUSALS = (EventKind.SIGNAL_REJECTED, EventKind.ORDER_CANCELLED)


def aggregate(
    *,
    engine: Engine,
    market: Market,
    cells: Cells,
    members: Sequence[Member],
    config: OrchestratorConfig,
    capital: Decimal,
    is_complete: bool,
    has_failed: bool,
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
        has_failed: whether something stopped it in the middle of a step, so that nothing need add up.
        execution_time_seconds: how long it took.
        completed_at_nanoseconds: when it ended.

    Returns:
        The result.

    Raises:
        InvariantBroken: when the result is not the sum of what its events say, to the last unit.
    """
    unit = engine.unit
    ended = _Ended(engine, market, cells, config)
    results = {member.strategy_id: ended.strategy(number, member) for number, member in enumerate(members)}
    # What nobody was given neither earns nor costs anything: it is the same at every step, but for what is moved.
    cash = unit.to_units(capital) - sum(int(account["deposited"]) for account in engine.tables.accounts)
    idle = ended.curve(cash + ended.transfers.so_far(-1, len(engine.equity)))
    curve = ended.curve(engine.equity.sum(axis=1)[: len(idle)] + idle.units)
    metrics = ended.metrics(
        curve, capital, _joined([result.records.columns() for result in results.values()]), range(len(cells.members))
    )
    pairs = ended.judged_pairs(results)
    final_cash = cash - int(engine.tables.run[0]["portfolio"]["transferred"])
    whole = _Whole(
        capital=capital,
        unallocated=unit.to_decimal(cash),
        final_unallocated=unit.to_decimal(final_cash),
        final_equity=unit.to_decimal(int(engine.tables.run[0]["portfolio"]["equity"]) + final_cash),
        curve=curve,
        netting=ended.curve(engine.equity[:, len(members)]) if config.execution == "netted" else None,
        metrics=metrics,
        blocked=sum(result.blocked for result in results.values()),
    )
    return OrchestratorResult(
        strategy_results=results,
        unallocated=whole.unallocated,
        unallocated_curve=idle,
        netting=whole.netting,
        initial_capital=capital,
        final_equity=whole.final_equity,
        aggregate_equity_curve=curve,
        aggregate_metrics=metrics,
        comparison_table=_table(results, whole, engine, config.currency),
        attributed=attribute(
            engine,
            strategies=list(results),
            members=cells.members,
            symbols=cells.symbols,
            change=whole.final_equity - capital,
            currency=config.currency,
            is_checked=not has_failed,
        ),
        conflicts_detected=int(engine.tables.run[0]["conflicts"]),
        capital_limit_blocks=whole.blocked,
        limit_refusals=ended.limit_refusals(),
        judged_pairs=pairs,
        warnings=_warnings(results, market, cells, engine, pairs, is_complete=is_complete),
        is_complete=is_complete,
        execution_time_seconds=execution_time_seconds,
        completed_at=from_nanoseconds(completed_at_nanoseconds),
        config=config,
        market=market,
        cells=cells,
        engine=engine,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Whole:
    """Hold the figures of the portfolio."""

    capital: Decimal
    unallocated: Decimal
    final_unallocated: Decimal
    final_equity: Decimal
    curve: EquityCurve
    netting: EquityCurve | None
    metrics: StrategyMetrics
    blocked: int


class _Ended:
    """Read a run that has ended."""

    def __init__(self, engine: Engine, market: Market, cells: Cells, config: OrchestratorConfig) -> None:
        self._engine, self._market, self._cells = engine, market, cells
        self._calendar, self._benchmark = Calendar(config.calendar), _benchmark(config, market)
        self._is_at_close = config.fill == "close"
        self._counts = _Counts(engine, len(cells.members))
        self._steps = engine.half_step // 2
        self.transfers = Transfers.of(engine, cells.members)

    def strategy(self, number: int, member: Member) -> StrategyResult:
        """Make the result of one strategy."""
        engine, unit = self._engine, self._engine.unit
        mine = [index for index, member in enumerate(self._cells.members) if member == number]
        account = engine.tables.accounts[number]
        allocation = StrategyAllocation(
            strategy_id=member.strategy_id,
            initial_capital=unit.to_decimal(account["deposited"]),
            allocated_capital=unit.to_decimal(account["allocated"]),
            used_capital=unit.to_decimal(account["used"]),
            reserved_capital=unit.to_decimal(account["reserved"]),
            cash=unit.to_decimal(account["cash"]),
        )
        records = self._records(member.strategy_id, mine)
        equity = engine.equity[:, number]
        rows, units = self.transfers.of_owner(number)
        own = self.curve(time_weighted(equity, int(account["deposited"]), rows, units))
        return StrategyResult(
            strategy_id=member.strategy_id,
            symbols=tuple(self._cells.symbols[index] for index in mine),
            allocation=allocation,
            final_equity=unit.to_decimal(account["equity"]),
            transferred=unit.to_decimal(account["transferred"]),
            equity_curve=self.curve(equity),
            own_curve=own,
            earned_curve=self.curve(equity - self.transfers.so_far(number, len(equity))) if len(rows) else own,
            metrics=self.metrics(own, allocation.initial_capital, records.columns(), mine),
            blocked=self._counts.of(EventKind.SIGNAL_REJECTED, Reason.CAPITAL_LIMIT, mine)
            + self._counts.of(EventKind.ORDER_CANCELLED, Reason.CAPITAL_LIMIT, mine),
            signals=self._counts.of(EventKind.SIGNAL_GENERATED, None, mine),
            records=records,
        )

    def limit_refusals(self) -> dict[str, int]:
        """Count the entries that each limit refused, or cancelled before they filled; the most first."""
        every = range(len(self._cells.members))
        counts = {
            reason.wire: sum(self._counts.of(kind, reason, every) for kind in _REFUSALS)
            for reason in Reason
            if LIMIT_FIRST <= reason <= Reason.GROUP_EXPOSURE
        }
        return {name: count for name, count in sorted(counts.items(), key=lambda pair: -pair[1]) if count}

    def curve(self, units: NDArray[np.int64]) -> EquityCurve:
        """Make a curve of the steps that were decided."""
        times = self._market.timeline.times[: self._steps]
        return EquityCurve(times_nanoseconds=times, units=units[: self._steps], digits=self._engine.unit.digits)

    def metrics(
        self, curve: EquityCurve, start: Decimal, closed: TradeColumns, cells: Sequence[int]
    ) -> StrategyMetrics:
        """Compute the figures of some cells together."""
        rows = [row for row in (self._engine.tables.cells[index] for index in cells) if row["quantity"] != 0]
        return compute_metrics(
            times_nanoseconds=curve.times_nanoseconds,
            equity=curve.units,
            digits=curve.digits,
            starting_capital=start,
            closed=closed,
            open_since_nanoseconds=[int(self._market.timeline.times[int(row["entry_step"])]) for row in rows],
            calendar=self._calendar,
            benchmark=self._benchmark,
        )

    def judged_pairs(self, results: Mapping[str, StrategyResult]) -> tuple[StrategyPair, ...]:
        """Find the strategies that are mostly one bet, and those that diversify each other."""
        several = [
            daily_equity(
                one.own_curve.times_nanoseconds,
                one.own_curve.units,
                start=one.allocated_capital,
                calendar=self._calendar,
                digits=one.own_curve.digits,
            )
            for one in results.values()
        ]
        matrix = correlation_matrix([daily.returns() for daily in several])
        return tuple(judged_pairs(list(results), matrix, len(several[0])))

    def _records(self, strategy_id: str, mine: Sequence[int]) -> TradeRecords:
        return TradeRecords(
            events=closed_positions(self._engine.events(), mine),
            strategy_id=strategy_id,
            cell_symbols=self._cells.symbols,
            instruments=dict(self._market.instruments),
            times=self._market.timeline.times,
            unit=self._engine.unit,
            rates=self._engine.rates(at_close=self._is_at_close),
        )


def _warnings(
    results: Mapping[str, StrategyResult],
    market: Market,
    cells: Cells,
    engine: Engine,
    pairs: Sequence[StrategyPair],
    *,
    is_complete: bool,
) -> tuple[str, ...]:
    """Say what a reader must know first: the run's own troubles, what is one bet, then the flaws of the bars."""
    told: list[str] = []
    if not is_complete:
        steps, times = engine.half_step // 2, market.timeline.times
        reached = f"at {iso(int(times[steps - 1]))} of" if steps else "before the first bar of a run to"
        told.append(f"the run was interrupted {reached} {iso(int(times[-1]))}")
    names = list(results)
    told += [
        f"strategy '{names[cell.strategy]}' decided nothing on {cell.symbol}: it needs {cell.bars_needed:,} bars of "
        f"{cell.timeframe}, and there are {cell.bars:,}"
        for cell in cells.cold
    ]
    for name, result in results.items():
        units = result.equity_curve.units
        if len(units) and units.min() < 0:
            when = iso(int(result.equity_curve.times_nanoseconds[int(np.argmax(units < 0))]))
            told.append(f"strategy '{name}' lost more than its capital at {when}")
    told += [
        f"strategy '{names[number]}' was liquidated at {when}: its equity did not cover the maintenance margin"
        for number, when in _liquidations(engine, market, cells)
    ]
    told += standstills(engine, market, cells, names)
    told += [str(pair) for pair in pairs if pair.is_high]
    return (*told, *(str(flaw) for flaw in market.flaws))


def _liquidations(engine: Engine, market: Market, cells: Cells) -> list[tuple[int, str]]:
    """Give for each liquidation the number of the strategy and the time, one after the other."""
    found: dict[tuple[int, int], None] = {}
    if engine.tables.run[0]["margined"]:
        for block in engine.events():
            rows = block[(block["kind"] == EventKind.ORDER_FILLED) & (block["reason"] == Reason.LIQUIDATION)]
            found |= {(int(row["step"]), cells.members[int(row["cell"])]): None for row in rows}
    return [(number, iso(int(market.timeline.times[step]))) for step, number in found]


class _Counts:
    """Count events per (kind, reason) and cell in one pass."""

    def __init__(self, engine: Engine, cells: int) -> None:
        kinds, reasons = max(EventKind) + 1, max(Reason) + 1
        self._counts = np.zeros((kinds, reasons, cells), np.int64)
        for block in engine.events():
            index = (block["kind"].astype(np.int64) * reasons + block["reason"]) * cells + block["cell"]
            self._counts += np.bincount(index, minlength=self._counts.size).reshape(self._counts.shape)

    def of(self, kind: EventKind, reason: Reason | None, cells: Sequence[int]) -> int:
        """Give how many events of a kind (and reason) some cells have."""
        counts = self._counts[kind] if reason is None else self._counts[kind, reason : reason + 1]
        return int(counts[:, list(cells)].sum())


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


def _table(results: Mapping[str, StrategyResult], whole: _Whole, engine: Engine, currency: str) -> ComparisonTable:
    rows = [
        ComparisonRow.of_strategy(
            name,
            allocated_capital=result.allocated_capital,
            final_equity=result.final_equity,
            metrics=result.metrics,
            capital_limit_blocks=result.blocked,
            equity=result.equity_curve.units,
            transferred=result.transferred,
        )
        for name, result in results.items()
    ]
    portfolio = ComparisonRow.of_portfolio(
        allocated_capital=whole.capital,
        final_equity=whole.final_equity,
        metrics=whole.metrics,
        capital_limit_blocks=whole.blocked,
        equity=whole.curve.units,
    )
    saved = engine.unit.to_decimal(int(engine.tables.run[0]["netting"]["equity"]))
    return ComparisonTable.of(
        rows,
        netting=None if whole.netting is None else ComparisonRow.of_netting(saved, whole.netting.units),
        unallocated=whole.unallocated,
        final_unallocated=whole.final_unallocated,
        portfolio=portfolio,
        currency=currency,
    )
