"""Trades: what the engine recorded when positions became flat, in money and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind, Reason
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit
from podium.core.times import from_nanoseconds
from podium.engine.tables import CLOSED
from podium.stats.trades import TradeColumns

__all__ = ["Trade", "TradeRecords"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Hold one trade, from flat to flat.

    Args:
        number: its number in the strategy's cell, from 1.
        strategy_id: whose it is.
        symbol: the market.
        side: ``long`` or ``short``.
        quantity: all that was entered.
        entry_time: close time of the bar in which it was opened, aware UTC.
        entry_price: average price of the entries.
        exit_time: close time of the bar in which it was flat again.
        exit_price: average price of the exits.
        pnl: result in account currency, net of fees.
        return_ratio: ``pnl`` as a ratio of the entry notional.
        commission: fees paid.
        slippage: what slippage and spread cost; part of ``pnl`` already.
        maximum_favourable_excursion: the best open result on the entered quantity, ≥ 0, in money.
        maximum_adverse_excursion: the worst open result on the entered quantity, ≥ 0 as a loss, in money.
        exit_reason: why the last part was closed, such as ``stop_loss``.
        bars_held: bars that closed while it was open.
    """

    number: int
    strategy_id: str
    symbol: str
    side: str
    quantity: Decimal
    entry_time: datetime
    entry_price: Decimal
    exit_time: datetime
    exit_price: Decimal
    pnl: Decimal
    return_ratio: float
    commission: Decimal
    slippage: Decimal
    maximum_favourable_excursion: Decimal
    maximum_adverse_excursion: Decimal
    exit_reason: str
    bars_held: int

    @property
    def duration(self) -> timedelta:
        """Give the time from entry to exit."""
        return self.exit_time - self.entry_time

    @property
    def return_percent(self) -> float:
        """Give ``pnl`` in per cent of the entry notional."""
        return self.return_ratio * 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeRecords:
    """Hold the trades of one strategy as the engine recorded them.

    Args:
        events: ``POSITION_CLOSED`` rows in order.
        strategy_id: whose they are.
        cell_symbols: for each cell of the engine its symbol.
        instruments: by symbol.
        times: close time of each step.
        unit: the money unit.
    """

    events: NDArray[np.void]
    strategy_id: str
    cell_symbols: Sequence[str]
    instruments: dict[str, Instrument]
    times: NDArray[np.int64]
    unit: MoneyUnit

    def columns(self) -> TradeColumns:
        """Give what the metrics need.

        Returns:
            Columns of shape ``(trades,)``.
        """
        scale = 10.0**-self.unit.digits
        closed = self.events.view(CLOSED)
        return TradeColumns(
            pnl=(self.events["realised"] - self.events["fee"]) * scale,
            entry_times=self.times[closed["entry_step"]],
            exit_times=self.times[self.events["step"]],
            traded_value=(self.events["notional"].astype(np.float64) + closed["exit_notional"]) * scale,
        )

    def trades(self) -> tuple[Trade, ...]:
        """Make the trades as objects.

        Returns:
            Trades in the order in which they ended.
        """
        closed = self.events.view(CLOSED)
        names, closed_names = (
            ("cell", "side", "order", "quantity", "notional", "fee", "realised", "slippage", "step", "reason"),
            CLOSED.names or (),
        )
        columns = {name: self.events[name].tolist() for name in names} | {
            name: closed[name].tolist() for name in closed_names
        }
        return tuple(
            self._trade(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)
        )

    def _trade(self, row: dict[str, int]) -> Trade:
        symbol = self.cell_symbols[row["cell"]]
        instrument = self.instruments[symbol]
        unit_value = self.unit.money_per_tick_lot(instrument)
        per_tick = row["quantity"] * unit_value
        net = row["realised"] - row["fee"]
        is_long = row["side"] > 0
        high, low = (tick * per_tick - row["notional"] for tick in (row["highest"], row["lowest"]))
        best, worst = (high, -low) if is_long else (-low, high)
        return Trade(
            number=row["order"],
            strategy_id=self.strategy_id,
            symbol=symbol,
            side="long" if is_long else "short",
            quantity=row["quantity"] * instrument.lot,
            entry_time=from_nanoseconds(self.times[row["entry_step"]]),
            entry_price=_average(row["notional"], per_tick, instrument.tick),
            exit_time=from_nanoseconds(self.times[row["step"]]),
            exit_price=_average(row["exit_notional"], per_tick, instrument.tick),
            pnl=self.unit.to_decimal(net),
            return_ratio=net / row["notional"] if row["notional"] else 0.0,
            commission=self.unit.to_decimal(row["fee"]),
            slippage=self.unit.to_decimal(row["slippage"]),
            maximum_favourable_excursion=self.unit.to_decimal(max(best, 0)),
            maximum_adverse_excursion=self.unit.to_decimal(max(worst, 0)),
            exit_reason=Reason(row["reason"]).wire,
            bars_held=row["bars_held"],
        )


def closed_positions(blocks: Sequence[NDArray[np.void]], cells: Sequence[int]) -> NDArray[np.void]:
    """Pick the trades of some cells out of the events.

    Args:
        blocks: ``EVENT`` rows.
        cells: indices of cells.

    Returns:
        ``POSITION_CLOSED`` rows in order.
    """
    parts = [block[(block["kind"] == EventKind.POSITION_CLOSED) & np.isin(block["cell"], cells)] for block in blocks]
    return np.concatenate(parts)


def _average(notional: int, per_tick: int, tick: Decimal) -> Decimal:
    whole, rest = divmod(notional, per_tick)
    return whole * tick if rest == 0 else Decimal(notional) / per_tick * tick
