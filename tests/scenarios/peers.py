"""What other engines' reference files say, and what Podium did, in one form that can be compared row by row.

Peers compute in floats, Podium in whole units. A peer's price is put on the tick it must lie on and then has to be equal;
its money carries float noise of about 1e-9 and has to agree to 1e-6, which is far below the cent.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

import numpy as np

from podium import Instrument, OrchestratorConfig, OrchestratorResult, StrategyOrchestrator
from podium.core.events import EventKind
from podium.core.times import from_nanoseconds
from podium.engine.tables import OrderKind
from podium.stats.drawdown import max_drawdown

#: Money of a peer that adds floats.
FLOAT_NOISE = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Hold one trade; times name the bar by its open label, as the files do."""

    side: str
    quantity: Decimal
    entry_time: datetime
    entry_price: Decimal
    exit_time: datetime
    exit_price: Decimal
    pnl: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """Hold one fill of an order; the time names the day of the bar."""

    side: str
    kind: str
    day: datetime
    price: Decimal
    quantity: Decimal
    commission: Decimal


def run(
    strategy: object, bars: Path, capital: Decimal, instrument: Instrument, **options: Any
) -> OrchestratorResult:  # Any: see run_portfolio
    """Run one strategy with all the money on one symbol."""
    return run_portfolio([(strategy, Decimal(1))], bars, capital, instrument, **options)


def run_portfolio(
    strategies: Sequence[tuple[object, Decimal]], bars: Path, capital: Decimal, instrument: Instrument, **options: Any
) -> OrchestratorResult:  # Any: each option of OrchestratorConfig has its own type
    """Run strategies on one symbol, sized at the fill like the peers."""
    symbol = bars.stem
    like_a_peer: dict[str, Any] = {"compounding": True, "size_at": "fill", "entry_buffer": Decimal(0)}
    config = OrchestratorConfig(
        currency="USD", calendar="sessions", instruments={symbol: instrument}, **{**like_a_peer, **options}
    )
    return StrategyOrchestrator(strategies, config).run({symbol: bars}, capital)


def deals(result: OrchestratorResult) -> list[Deal]:
    """Give the trades of a run of one strategy in the peers' form."""
    (strategy,) = result.strategy_results.values()
    length = from_nanoseconds(result.market.timeframe.nanoseconds) - from_nanoseconds(0)
    return [
        Deal(
            side=trade.side,
            quantity=trade.quantity,
            entry_time=trade.entry_time - length,
            entry_price=trade.entry_price,
            exit_time=trade.exit_time - length,
            exit_price=trade.exit_price,
            pnl=trade.pnl,
            commission=trade.commission,
        )
        for trade in strategy.trades
    ]


def fills(result: OrchestratorResult) -> list[Fill]:
    """Give the fills of a run of one strategy on daily bars."""
    ((symbol, instrument),) = result.market.instruments.items()
    series = result.market.store.series(symbol)
    events = np.concatenate(result.engine.events())
    return [
        Fill(
            side="buy" if row["side"] > 0 else "sell",
            kind=OrderKind(int(row["order_kind"])).name.lower(),
            day=_day_of_step(int(series.close_time[row["step"]]), result),
            price=int(row["price"]) * instrument.tick,
            quantity=int(row["quantity"]) * instrument.lot,
            commission=result.engine.unit.to_decimal(int(row["fee"])),
        )
        for row in events[events["kind"] == EventKind.ORDER_FILLED]
    ]


def _day_of_step(close_time: int, result: OrchestratorResult) -> datetime:
    return from_nanoseconds(close_time - result.market.timeframe.nanoseconds)


def drawdown_percent(result: OrchestratorResult) -> float:
    """Give the largest drawdown over the equity of every bar, in per cent."""
    ratio = max_drawdown(result.aggregate_equity_curve.units.astype(np.float64))
    assert ratio is not None
    return 100 * ratio


def backtesting_py_statistics(references: Path, name: str) -> dict[str, float]:
    """Read a run's statistics as backtesting.py prints them."""
    statistics: dict[str, float] = json.loads((references / f"btpy_{name}.json").read_text())
    return statistics


def backtesting_py_deals(references: Path, name: str, tick: Decimal) -> list[Deal]:
    """Read a run's trades as backtesting.py lists them, in the order in which they ended."""
    with (references / f"btpy_{name}_trades.csv").open(newline="") as file:
        return [
            Deal(
                side="long" if int(row["Size"]) > 0 else "short",
                quantity=abs(Decimal(row["Size"])),
                entry_time=datetime.fromisoformat(row["EntryTime"]).replace(tzinfo=UTC),
                entry_price=on_tick(row["EntryPrice"], tick),
                exit_time=datetime.fromisoformat(row["ExitTime"]).replace(tzinfo=UTC),
                exit_price=on_tick(row["ExitPrice"], tick),
                pnl=Decimal(row["PnL"]),
                commission=Decimal(row["Commission"]),
            )
            for row in csv.DictReader(file)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktraderRun:
    """Hold what backtrader's broker said of a run."""

    value: Decimal
    cash: Decimal
    drawdown: Decimal
    fills: list[Fill]


def backtrader_run(references: Path, name: str, tick: Decimal) -> BacktraderRun:
    """Read a run of backtrader; its log names the kind of order only where there is more than one."""
    text = (references / f"bt_{name}.json").read_text()
    said = json.loads(text, parse_float=Decimal)
    return BacktraderRun(
        value=said["value"],
        cash=said["cash"],
        drawdown=said["maxdd"],
        fills=[
            Fill(
                side=side.lower(),
                kind=kind[0].lower() if kind else "market",
                day=datetime.fromisoformat(time[:10]).replace(tzinfo=UTC),
                price=on_tick(str(price), tick),
                quantity=abs(Decimal(size)),
                commission=Decimal(commission),
            )
            for side, time, price, size, commission, *kind in said["log"]
        ],
    )


def on_tick(price: str, tick: Decimal) -> Decimal:
    """Take the float noise off a price: it must be within 1e-3 of a tick of the grid."""
    exact = Decimal(price)
    near = (exact / tick).quantize(Decimal(1), ROUND_HALF_EVEN) * tick
    assert abs(near - exact) < tick / 1000, f"{price} is not on a grid of {tick}"
    return near


def assert_money(ours: Decimal, theirs: Decimal | float, what: object = None) -> None:
    """Compare money with a peer's float."""
    assert abs(ours - Decimal(theirs)) <= FLOAT_NOISE, (what, ours, theirs)


def assert_same_deals(ours: Sequence[Deal], theirs: Sequence[Deal]) -> None:
    """Compare trades one by one: side, quantity, bars and prices are equal, money to the float's noise."""
    assert len(ours) == len(theirs)
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), 1):
        for name in ("side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price"):
            assert getattr(mine, name) == getattr(other, name), (number, name, mine, other)
        assert_money(mine.pnl, other.pnl, (number, "pnl", mine, other))
        assert_money(mine.commission, other.commission, (number, "commission", mine, other))


def assert_same_fills(ours: Sequence[Fill], theirs: Sequence[Fill]) -> None:
    """Compare fills one by one: everything is equal, the commission to the float's noise."""
    assert len(ours) == len(theirs)
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), 1):
        for name in ("side", "kind", "day", "price", "quantity"):
            assert getattr(mine, name) == getattr(other, name), (number, name, mine, other)
        assert_money(mine.commission, other.commission, (number, "commission", mine, other))
