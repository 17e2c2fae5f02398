"""Results as frames, with exact decimals."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from podium.backtest.result import OrchestratorResult
from podium.backtest.trades import Trade

__all__ = ["equity_frame", "trades_frame"]


def equity_frame(result: OrchestratorResult) -> pl.DataFrame:
    """Give the equity of every strategy, unallocated cash and the portfolio, per time step.

    Args:
        result: the run's result.

    Returns:
        Columns ``time``, ``strategy:<id>`` for each strategy, ``unallocated`` and ``portfolio``, exact decimals.
    """
    total = result.aggregate_equity_curve
    columns: dict[str, pl.Series] = {"time": pl.Series(total.times_nanoseconds).cast(pl.Datetime("ns", "UTC"))}
    for name, strategy in result.strategy_results.items():
        columns[f"strategy:{name}"] = _money(pl.Series(strategy.equity_curve.units), total.digits)
    cash = result.engine.unit.to_units(result.unallocated)
    columns["unallocated"] = _money(pl.repeat(cash, len(total), dtype=pl.Int64, eager=True), total.digits)
    columns["portfolio"] = _money(pl.Series(total.units), total.digits)
    return pl.DataFrame(columns)


def _money(units: pl.Series, digits: int) -> pl.Series:
    return (units.cast(pl.Decimal(38, 0)) * Decimal(1).scaleb(-digits)).cast(pl.Decimal(38, digits))


def trades_frame(result: OrchestratorResult) -> pl.DataFrame:
    """Give all trades, by the time they ended.

    Args:
        result: the run's result.

    Returns:
        A column for each field of :class:`~podium.backtest.trades.Trade`.
    """
    trades = [trade for strategy in result.strategy_results.values() for trade in strategy.trades]
    trades.sort(key=lambda trade: trade.exit_time)
    kinds: dict[str, type[pl.DataType] | pl.DataType] = {
        "str": pl.String,
        "int": pl.Int64,
        "float": pl.Float64,
        "Decimal": pl.Decimal(38, 18),
        "datetime": pl.Datetime("us", "UTC"),
    }
    schema = {name: kinds[kind] for name, kind in Trade.__annotations__.items()}
    return pl.DataFrame({name: [getattr(trade, name) for trade in trades] for name in schema}, schema=schema)
