"""What a run gives back: per strategy and for the portfolio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, overload

import numpy as np
from numpy.typing import NDArray

from podium.backtest.allocation import StrategyAllocation
from podium.backtest.attribution import Attribution
from podium.backtest.cells import Cells
from podium.backtest.market import Market
from podium.backtest.trades import Trade, TradeRecords
from podium.core.errors import did_you_mean
from podium.core.money import MoneyUnit
from podium.core.times import from_nanoseconds
from podium.engine.engine import Engine
from podium.portfolio.configuration import OrchestratorConfig
from podium.stats.comparison import ComparisonTable
from podium.stats.correlation import StrategyPair
from podium.stats.metrics import StrategyMetrics

if TYPE_CHECKING:
    import polars as pl

__all__ = ["EquityCurve", "OrchestratorResult", "StrategyResult"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EquityCurve(Sequence[tuple[datetime, Decimal]]):
    """Be a list of (time, equity), one point per time step, without holding a million objects.

    Args:
        times_nanoseconds: close times, nanoseconds since 1970 UTC, shape ``(steps,)``.
        units: equity in money units, shape ``(steps,)``.
        digits: a unit is 10⁻ᵈⁱᵍⁱᵗˢ of the account currency.
    """

    times_nanoseconds: NDArray[np.int64]
    units: NDArray[np.int64]
    digits: int

    def __len__(self) -> int:
        return len(self.units)

    @overload
    def __getitem__(self, index: int) -> tuple[datetime, Decimal]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[datetime, Decimal]]: ...
    def __getitem__(self, index: int | slice) -> tuple[datetime, Decimal] | list[tuple[datetime, Decimal]]:
        if isinstance(index, slice):
            return [self._point(position) for position in range(*index.indices(len(self)))]
        return self._point(index)

    def __iter__(self) -> Iterator[tuple[datetime, Decimal]]:
        return (self._point(position) for position in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented if not isinstance(other, Sequence) else False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # a mutable sequence cannot be hashed

    def _point(self, position: int) -> tuple[datetime, Decimal]:
        money = MoneyUnit(self.digits).to_decimal(int(self.units[position]))
        return from_nanoseconds(int(self.times_nanoseconds[position])), money

    def frame(self) -> pl.DataFrame:
        """Give the curve as a frame.

        Returns:
            Columns ``time`` (UTC) and ``equity`` (decimal).
        """
        import polars as pl  # noqa: PLC0415  only where a frame is asked for

        return pl.DataFrame(
            {
                "time": pl.Series(self.times_nanoseconds).cast(pl.Datetime("ns", "UTC")),
                "equity": pl.Series(self.units).cast(pl.Decimal(38, 0)) * _scale(self.digits),
            }
        )


def _scale(digits: int) -> Decimal:
    return Decimal(1).scaleb(-digits)


@dataclass(frozen=True, kw_only=True, eq=False)
class StrategyResult:
    """Hold what one strategy did.

    Args:
        strategy_id: its id.
        symbols: what it traded.
        allocation: its capital at the end.
        final_equity: its money at the end.
        transferred: capital that rebalancing moved to it; negative when it was moved away.
        equity_curve: its money, a point per time step of the portfolio.
        own_curve: what its capital would have become had none been moved: its returns, time-weighted.
        earned_curve: its capital and what it earned so far, in money, without what was moved.
        metrics: its figures, of ``own_curve``.
        blocked: entries refused because its capital did not cover them.
        signals: how often it wanted something.
        records: its trades as the engine recorded them.
    """

    strategy_id: str
    symbols: tuple[str, ...]
    allocation: StrategyAllocation
    final_equity: Decimal
    transferred: Decimal
    equity_curve: EquityCurve
    own_curve: EquityCurve
    earned_curve: EquityCurve
    metrics: StrategyMetrics
    blocked: int
    signals: int
    records: TradeRecords = field(repr=False)

    @property
    def allocated_capital(self) -> Decimal:
        """Give its capital at the start."""
        return self.allocation.initial_capital

    @property
    def earned(self) -> Decimal:
        """Give what it earned in money; its own return, free of capital moved, is ``metrics.total_return``."""
        return self.final_equity - self.transferred - self.allocated_capital

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """Give its trades in the order in which they ended."""
        return self.records.trades()

    def to_dict(self) -> dict[str, object]:
        """Give plain values, money as text.

        Returns:
            Everything but the curve.
        """
        return {
            "strategy_id": self.strategy_id,
            "symbols": list(self.symbols),
            "allocated_capital": str(self.allocated_capital),
            "final_equity": str(self.final_equity),
            "transferred": str(self.transferred),
            "earned": str(self.earned),
            "signals": self.signals,
            "capital_limit_blocks": self.blocked,
            "metrics": self.metrics.to_dict(),
            "trades": self.records.plain(),
        }


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OrchestratorResult:
    """Hold what a run did.

    Args:
        strategy_results: by id, in the file's order.
        unallocated: cash that no strategy was given at the start.
        unallocated_curve: cash that no strategy had, a point per time step.
        netting: what netting saved at each time step, with ``execution: netted``.
        initial_capital: the portfolio's money at the start.
        final_equity: the portfolio's money at the end.
        aggregate_equity_curve: the portfolio's, a point per time step.
        aggregate_metrics: the portfolio's figures.
        comparison_table: who earned what.
        attributed: where the result came from, summing to it exactly.
        conflicts_detected: (symbol, time step) with entries of both sides.
        capital_limit_blocks: entries refused because a strategy's capital did not cover them.
        limit_refusals: entries that each limit refused or cancelled, by its name, the most first.
        judged_pairs: strategies whose daily returns are correlated above 0.8 or below 0.3, the most correlated first.
        warnings: the run's own troubles, strategies that are mostly one bet, flaws of the bars, as lines.
        is_complete: whether the run came to the last bar; false after Ctrl-C.
        execution_time_seconds: how long the run took.
        completed_at: when it ended, aware UTC.
        config: how it was run.
        market: what it was run on.
        cells: which strategy traded which symbol.
        engine: the engine at the end, with all events.
    """

    strategy_results: Mapping[str, StrategyResult]
    unallocated: Decimal
    unallocated_curve: EquityCurve
    netting: EquityCurve | None
    initial_capital: Decimal
    final_equity: Decimal
    aggregate_equity_curve: EquityCurve
    aggregate_metrics: StrategyMetrics
    comparison_table: ComparisonTable
    attributed: Attribution
    conflicts_detected: int
    capital_limit_blocks: int
    limit_refusals: Mapping[str, int]
    judged_pairs: tuple[StrategyPair, ...]
    warnings: tuple[str, ...]
    is_complete: bool
    execution_time_seconds: float
    completed_at: datetime
    config: OrchestratorConfig
    market: Market = field(repr=False)
    cells: Cells = field(repr=False)
    engine: Engine = field(repr=False)

    def __repr__(self) -> str:
        state = "complete" if self.is_complete else "interrupted"
        return (
            f"<OrchestratorResult '{self.config.name}': {len(self.strategy_results)} strategies, "
            f"{self.initial_capital:f} → {self.final_equity:f} {self.config.currency}, {state}>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a result holds the engine of its run and cannot be pickled or copied; keep result.to_dict(), or the "
            "frames result.comparison, result.equity, result.trades and result.attribution"
        )

    def get_strategy_result(self, strategy_id: str) -> StrategyResult:
        """Give the result of one strategy.

        Args:
            strategy_id: its id.

        Returns:
            Its result.

        Raises:
            KeyError: when there is no such strategy; the message lists the known ids.
        """
        if strategy_id not in self.strategy_results:
            hint = did_you_mean(strategy_id, self.strategy_results)
            raise KeyError(
                f"no strategy '{strategy_id}'; known: {', '.join(self.strategy_results)}{f'; {hint}' if hint else ''}"
            )
        return self.strategy_results[strategy_id]

    @property
    def saved(self) -> Decimal:
        """Give what netting saved; 0 without ``execution: netted``."""
        return self.engine.unit.to_decimal(int(self.engine.tables.run[0]["netting"]["equity"]))

    @property
    def comparison(self) -> pl.DataFrame:
        """Give the comparison table as a frame; money is exact, ``to_pandas()`` turns it into a pandas one."""
        from podium.backtest.frames import comparison_frame  # noqa: PLC0415  polars is heavy

        return comparison_frame(self)

    @property
    def attribution(self) -> pl.DataFrame:
        """Give where the result came from: an exact ``amount`` by strategy, symbol, side and reason."""
        from podium.backtest.frames import attribution_frame  # noqa: PLC0415  polars is heavy

        return attribution_frame(self)

    @property
    def equity(self) -> pl.DataFrame:
        """Give the equity of each strategy (``strategy:<id>``), unallocated cash and the portfolio, per time step."""
        from podium.backtest.frames import equity_frame  # noqa: PLC0415  polars is heavy

        return equity_frame(self)

    @property
    def trades(self) -> pl.DataFrame:
        """Give the trades of all strategies by the time they ended, a column for each field of ``Trade``."""
        from podium.backtest.frames import trades_frame  # noqa: PLC0415  polars is heavy

        return trades_frame(self)

    def events(self) -> Iterator[dict[str, object]]:
        """Give every signal, refusal, order, fill and position in order, as ``events.jsonl`` has them.

        Returns:
            Records with a gapless ``sequence`` from 1.
        """
        from podium.backtest.records import event_records  # noqa: PLC0415  it reads results

        return event_records(self)

    def to_dict(self) -> dict[str, object]:
        """Give plain values, money as text; without time and duration, so that equal runs give equal values.

        Returns:
            Everything but the curves.
        """
        return {
            "name": self.config.name,
            "currency": self.config.currency,
            "is_complete": self.is_complete,
            "final_equity": str(self.final_equity),
            "unallocated": str(self.unallocated),
            **({} if self.netting is None else {"netting": str(self.saved)}),
            "conflicts_detected": self.conflicts_detected,
            "capital_limit_blocks": self.capital_limit_blocks,
            **({} if self.config.risk is None else {"limit_refusals": dict(self.limit_refusals)}),
            "aggregate_metrics": self.aggregate_metrics.to_dict(),
            "comparison": [row.to_dict() for row in self.comparison_table.rows],
            "attribution": [row.to_dict() for row in self.attributed.rows],
            "strategies": {name: result.to_dict() for name, result in self.strategy_results.items()},
            "warnings": list(self.warnings),
        }

    def plot(self, path: Path | str = "report.html") -> Path:
        """Write the report: equity and drawdown per strategy, trades on the price chart, tables.

        Args:
            path: where the self-contained page goes.

        Returns:
            The file.
        """
        # The one import that points downwards: a convenience of the result, not a dependency of the run.
        from podium.report.html import write_report  # noqa: PLC0415

        bars = {symbol: self.market.store.series(symbol) for symbol in self.market.symbols}
        return write_report(self, Path(path), bars)
