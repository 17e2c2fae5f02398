"""A small finished result, in the shape that a report reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.stats.comparison import ComparisonRow, ComparisonTable
from podium.stats.metrics import compute_metrics

HOUR = 3_600_000_000_000
START = datetime(2022, 1, 1, tzinfo=UTC)
EPOCH_START = 1_640_995_200 * 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Trade:
    number: int
    symbol: str = "BTC/USDT"
    side: str = "long"
    quantity: Decimal = Decimal("0.5")
    entry_time: datetime = START + timedelta(hours=5)
    entry_price: Decimal = Decimal("40000.5")
    exit_time: datetime = START + timedelta(hours=9)
    exit_price: Decimal = Decimal(41000)
    pnl: Decimal = Decimal("489.25")
    return_ratio: Decimal = Decimal("0.0245")
    commission: Decimal = Decimal("10.5")
    slippage: Decimal = Decimal("1.25")
    exit_reason: str = "take_profit"
    bars_held: int = 4


@dataclass(frozen=True, kw_only=True)
class Columns:
    times_nanoseconds: np.ndarray
    units: np.ndarray
    digits: int = 8


@dataclass(frozen=True, kw_only=True)
class Strategy:
    allocated_capital: Decimal
    trades: tuple
    equity_curve: object
    metrics: object

    @property
    def own_curve(self):
        """Nothing is moved here."""
        return self.equity_curve

    @property
    def earned_curve(self):
        """Nothing is moved here."""
        return self.equity_curve


@dataclass(frozen=True, kw_only=True)
class Result:
    strategy_results: dict
    aggregate_metrics: object
    aggregate_equity_curve: object
    comparison_table: ComparisonTable
    unallocated: Decimal = Decimal(5_000)
    netting: object = None
    conflicts_detected: int = 2
    warnings: tuple = ()
    config: object = field(default_factory=dict)
    execution_time_seconds: float = 1.25
    completed_at: datetime = START


def bars(symbol="BTC/USDT", count=100):
    closes = 40_000 + 1_000 * np.sin(np.arange(count) / 7)
    opens = np.concatenate((closes[:1], closes[:-1]))
    return BarSeries(
        symbol=symbol,
        timeframe=Timeframe.parse("1h"),
        close_time=EPOCH_START + HOUR * np.arange(1, count + 1, dtype=np.int64),
        open=opens,
        high=np.maximum(opens, closes) + 5,
        low=np.minimum(opens, closes) - 5,
        close=closes,
        volume=np.ones(count),
    )


def make_result(trades_by_strategy, *, count=100, warnings=(), config=None):
    times = EPOCH_START + HOUR * np.arange(1, count + 1, dtype=np.int64)
    capital = Decimal(10_000)
    results, rows = {}, []
    whole = np.full(count, 5_000 * 10**8, dtype=np.int64)
    for place, (strategy_id, trades) in enumerate(trades_by_strategy.items()):
        units = (10_000 * 10**8 + np.arange(count) * 10**8 * (place + 1)).astype(np.int64)
        whole += units
        metrics = compute_metrics(
            times_nanoseconds=times, equity=units, digits=8, starting_capital=capital, closed=trades
        )
        curve = Columns(times_nanoseconds=times, units=units)
        results[strategy_id] = Strategy(
            allocated_capital=capital, trades=tuple(trades), equity_curve=curve, metrics=metrics
        )
        final = Decimal(int(units[-1])).scaleb(-8) if count else capital
        rows.append(
            ComparisonRow.of_strategy(
                strategy_id, allocated_capital=capital, final_equity=final, metrics=metrics,
                capital_limit_blocks=place, equity=units,
            )
        )  # fmt: skip
    total = capital * len(results) + 5_000
    everything = [trade for trades in trades_by_strategy.values() for trade in trades]
    metrics = compute_metrics(
        times_nanoseconds=times, equity=whole, digits=8, starting_capital=total, closed=everything
    )
    portfolio = ComparisonRow.of_portfolio(
        allocated_capital=total, final_equity=Decimal(int(whole[-1])).scaleb(-8) if count else total, metrics=metrics,
        capital_limit_blocks=1, equity=whole,
    )  # fmt: skip
    return Result(
        strategy_results=results,
        aggregate_metrics=metrics,
        aggregate_equity_curve=Columns(times_nanoseconds=times, units=whole),
        comparison_table=ComparisonTable.of(rows, unallocated=Decimal(5_000), portfolio=portfolio, currency="USDT"),
        warnings=tuple(warnings),
        config=config if config is not None else {"name": "demo", "compounding": False},
    )


@pytest.fixture
def made():
    """Give the makers of results, trades and bars."""

    class Made:
        result = staticmethod(make_result)
        trade = Trade
        bars = staticmethod(bars)

    return Made
