"""What a report needs of a result: names only, so that the report depends on no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from podium.report.curves import EquityColumns
from podium.stats.comparison import ComparisonTable
from podium.stats.metrics import StrategyMetrics

__all__ = ["ReportedResult", "ReportedStrategy", "ReportedTrade"]


class ReportedTrade(Protocol):
    """Name the fields of a trade that a report shows."""

    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def symbol(self) -> str: ...  # noqa: D102
    @property
    def side(self) -> str: ...  # noqa: D102
    @property
    def quantity(self) -> Decimal: ...  # noqa: D102
    @property
    def entry_time(self) -> datetime: ...  # noqa: D102
    @property
    def entry_price(self) -> Decimal: ...  # noqa: D102
    @property
    def exit_time(self) -> datetime: ...  # noqa: D102
    @property
    def exit_price(self) -> Decimal: ...  # noqa: D102
    @property
    def pnl(self) -> Decimal: ...  # noqa: D102
    @property
    def return_ratio(self) -> Decimal | float: ...  # noqa: D102
    @property
    def commission(self) -> Decimal: ...  # noqa: D102
    @property
    def slippage(self) -> Decimal: ...  # noqa: D102
    @property
    def exit_reason(self) -> str: ...  # noqa: D102
    @property
    def bars_held(self) -> int: ...  # noqa: D102


class ReportedStrategy(Protocol):
    """Name the fields of a strategy's result that a report shows."""

    @property
    def allocated_capital(self) -> Decimal: ...  # noqa: D102
    @property
    def trades(self) -> Sequence[ReportedTrade]: ...  # noqa: D102
    @property
    def equity_curve(self) -> EquityColumns: ...  # noqa: D102
    @property
    def own_curve(self) -> EquityColumns: ...  # noqa: D102
    @property
    def earned_curve(self) -> EquityColumns: ...  # noqa: D102
    @property
    def metrics(self) -> StrategyMetrics: ...  # noqa: D102


class ReportedResult(Protocol):
    """Name the fields of a portfolio's result that a report shows."""

    @property
    def strategy_results(self) -> Mapping[str, ReportedStrategy]: ...  # noqa: D102
    @property
    def aggregate_metrics(self) -> StrategyMetrics: ...  # noqa: D102
    @property
    def aggregate_equity_curve(self) -> EquityColumns: ...  # noqa: D102
    @property
    def comparison_table(self) -> ComparisonTable: ...  # noqa: D102
    @property
    def unallocated(self) -> Decimal: ...  # noqa: D102
    @property
    def netting(self) -> EquityColumns | None: ...  # noqa: D102
    @property
    def conflicts_detected(self) -> int: ...  # noqa: D102
    @property
    def warnings(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def config(self) -> object: ...  # noqa: D102
    @property
    def execution_time_seconds(self) -> float: ...  # noqa: D102
    @property
    def completed_at(self) -> datetime: ...  # noqa: D102
