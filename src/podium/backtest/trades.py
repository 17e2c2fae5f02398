"""Trades: what the engine recorded when positions became flat, in money and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from podium.backtest.amounts import Amounts, Column, Moments, average_prices, plain_of, values_of
from podium.core.events import EventKind, Reason
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit
from podium.engine.tables import CLOSED
from podium.stats.trades import TradeColumns

__all__ = ["Trade", "TradeRecords", "closed_positions"]

_REASONS = {reason.value: reason.wire for reason in Reason}


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
        entry_price: average price of the entries, in the quote currency.
        exit_time: close time of the bar in which it was flat again.
        exit_price: average price of the exits, in the quote currency.
        pnl: result in account currency, net of fees, with what holding it brought or cost.
        return_ratio: ``pnl`` as a ratio of the entry notional; of another currency, at the rate of the entry.
        commission: fees paid.
        slippage: what slippage and spread cost; part of ``pnl`` already.
        maximum_favourable_excursion: the best open result on the entered quantity, ≥ 0, in money; of another currency,
            at the rate of the exit.
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
        rates: by cell whose symbol is not quoted in the account currency: money of the account for one of its quote
            currency as what trades in a step gets it, numerator and denominator, shape ``(steps, 2)``.
    """

    events: NDArray[np.void]
    strategy_id: str
    cell_symbols: Sequence[str]
    instruments: dict[str, Instrument]
    times: NDArray[np.int64]
    unit: MoneyUnit
    rates: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)

    def columns(self) -> TradeColumns:
        """Give what the metrics need.

        Returns:
            Columns of shape ``(trades,)``.
        """
        scale = 10.0**-self.unit.digits
        closed = self.events.view(CLOSED)
        return TradeColumns(
            pnl=(self.events["realised"] - self.events["fee"] + closed["carried"]) * scale,
            entry_times=self.times[closed["entry_step"]],
            exit_times=self.times[self.events["step"]],
            traded_value=(
                self._in_account(self.events["notional"], closed["entry_step"])
                + self._in_account(closed["exit_notional"], self.events["step"])
            )
            * scale,
        )

    def _in_account(self, notionals: NDArray[np.int64], steps: NDArray[np.int32]) -> NDArray[np.float64]:
        """Convert notionals of trades at the rates of steps."""
        amounts = notionals.astype(np.float64)
        for cell, rates in self.rates.items():
            mine = self.events["cell"] == cell
            amounts[mine] *= rates[steps[mine], 0] / rates[steps[mine], 1]
        return amounts

    def trades(self) -> tuple[Trade, ...]:
        """Make the trades as objects.

        Returns:
            Trades in the order in which they ended.
        """
        fields = self.fields()
        columns = [values_of(content) for content in fields.values()]
        return tuple(Trade(**dict(zip(fields, row, strict=True))) for row in zip(*columns, strict=True))

    def plain(self) -> list[dict[str, object]]:
        """Give the trades as plain values.

        Returns:
            For each trade its fields, amounts and times as text.
        """
        fields = self.fields()
        columns = [plain_of(content) for content in fields.values()]
        return [dict(zip(fields, row, strict=True)) for row in zip(*columns, strict=True)]

    def fields(self) -> dict[str, Column]:
        """Give the trades as columns.

        Returns:
            For each field of :class:`Trade` its values, in the order in which the trades ended.
        """
        row = self._numbers()
        cells, lots = row["cell"], row["quantity"]
        instruments = [self.instruments[symbol] for symbol in self.cell_symbols]
        unit_values = [self.unit.money_per_tick_lot(instrument) for instrument in instruments]
        per_tick = [lots_of * unit_values[cell] for lots_of, cell in zip(lots, cells, strict=True)]
        ticks = [instruments[cell].tick for cell in cells]
        is_long = [side > 0 for side in row["side"]]
        moved = zip(row["realised"], row["fee"], row["carried"], strict=True)
        net = [realised - fee + carried for realised, fee, carried in moved]
        best, worst = _excursions(row, per_tick, is_long)
        entered = row["notional"]
        if self.rates:
            entered = self._converted(row, entered, row["entry_step"])
            best, worst = (self._converted(row, results, row["step"]) for results in (best, worst))
        return {
            "number": row["order"],
            "strategy_id": [self.strategy_id] * len(cells),
            "symbol": [self.cell_symbols[cell] for cell in cells],
            "side": ["long" if long else "short" for long in is_long],
            "quantity": Amounts(lots, [instruments[cell].lot for cell in cells]),
            "entry_time": Moments(self.times[self.events.view(CLOSED)["entry_step"]]),
            "entry_price": average_prices(row["notional"], per_tick, ticks),
            "exit_time": Moments(self.times[self.events["step"]]),
            "exit_price": average_prices(row["exit_notional"], per_tick, ticks),
            "pnl": self._money(net),
            "return_ratio": [gain / notional if notional else 0.0 for gain, notional in zip(net, entered, strict=True)],
            "commission": self._money(row["fee"]),
            "slippage": self._money(row["slippage"]),
            "maximum_favourable_excursion": self._money(best),
            "maximum_adverse_excursion": self._money(worst),
            "exit_reason": [_REASONS[reason] for reason in row["reason"]],
            "bars_held": row["bars_held"],
        }

    def _numbers(self) -> dict[str, list[int]]:
        """Give the engine's numbers as Python's, which cannot overflow."""
        names = ("step", "cell", "side", "order", "quantity", "notional", "fee", "realised", "slippage", "reason")
        closed = self.events.view(CLOSED)
        return {name: self.events[name].tolist() for name in names} | {
            name: closed[name].tolist() for name in CLOSED.names or ()
        }

    def _converted(self, row: dict[str, list[int]], amounts: list[int], steps: list[int]) -> list[int]:
        """Convert what trades have in quote currencies at the rates of steps, half to even."""
        return [
            round(amount * Fraction(*self.rates[cell][step].tolist())) if cell in self.rates else amount
            for amount, cell, step in zip(amounts, row["cell"], steps, strict=True)
        ]

    def _money(self, units: list[int]) -> Amounts:
        return Amounts(units, [self.unit.to_decimal(1)] * len(units))


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


def _excursions(row: dict[str, list[int]], per_tick: list[int], is_long: list[bool]) -> tuple[list[int], list[int]]:
    """Give the best and the worst open result of each trade, in units."""
    best, worst = [], []
    for high, low, worth, notional, long in zip(
        row["highest"], row["lowest"], per_tick, row["notional"], is_long, strict=True
    ):
        up, down = high * worth - notional, notional - low * worth
        best.append(max(up if long else down, 0))
        worst.append(max(down if long else up, 0))
    return best, worst
