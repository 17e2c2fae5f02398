"""Events as people and programs read them: names, times and exact decimals instead of codes, steps and units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from podium.backtest.result import OrchestratorResult
from podium.core.events import EventKind, Reason
from podium.engine.tables import CLOSED, EVENT, OrderKind

__all__ = ["Record", "event_records", "scaled_text"]

#: One event: names of the wire with texts, whole numbers and truth values.
Record = dict[str, object]
_Row = Mapping[str, int]
_REASONS = {reason.value: reason.wire for reason in Reason}
#: A strategy that wants both at once is refused without a side.
_SIDES = {1: "buy", -1: "sell", 0: "both"}
_ORDER_KINDS = {kind.value: kind.name.lower() for kind in OrderKind}
_MONEY = ("cash", "used", "reserved", "allocated")


@lru_cache(maxsize=1 << 16)
def scaled_text(units: int, digits: int) -> str:
    """Write units of 10⁻ᵈⁱᵍⁱᵗˢ as a decimal without trailing zeros.

    Args:
        units: any sign.
        digits: ≥ 0.

    Returns:
        For example ``-0.05`` for -5 units of 10⁻².
    """
    if digits <= 0:
        return str(units)
    text = str(abs(units)).rjust(digits + 1, "0")
    tail = text[-digits:].rstrip("0")
    number = f"{text[:-digits]}.{tail}" if tail else text[:-digits]
    return f"-{number}" if units < 0 else number


def _step_of(grid: Decimal) -> tuple[int, int]:
    """Split a tick or lot into a whole number and digits: 0.05 is 5 × 10⁻²."""
    _, _, exponent = grid.as_tuple()
    digits = max(-int(exponent), 0)
    return int(grid.scaleb(digits)), digits


def event_records(result: OrchestratorResult) -> Iterator[Record]:
    """Give all domain events of a run in order.

    Args:
        result: the run's result.

    Returns:
        Records with a gapless ``sequence`` from 1.
    """
    writer = _Writer(result)
    sequence = 0
    for block in result.engine.events():
        for record in writer.block(block):
            sequence += 1
            yield {"sequence": sequence, **record}


class _Writer:
    """Turn rows into records."""

    def __init__(self, result: OrchestratorResult) -> None:
        market, cells = result.market, result.cells
        names = list(result.strategy_results)
        self._digits = result.engine.unit.digits
        self._times = market.timeline.times
        self._strategies = [names[member] for member in cells.members]
        self._symbols = cells.symbols
        self._ticks = [_step_of(market.instruments[symbol].tick) for symbol in cells.symbols]
        self._lots = [_step_of(market.instruments[symbol].lot) for symbol in cells.symbols]
        self._entering: list[tuple[int, str, str, str]] = []
        self._fields: dict[int, Callable[[_Row], Record]] = {
            EventKind.SIGNAL_GENERATED: self._signal,
            EventKind.SIGNAL_REJECTED: self._rejected,
            EventKind.CONFLICT_DETECTED: self._conflict,
            EventKind.ORDER_CREATED: self._order,
            EventKind.ORDER_REDUCED: self._order,
            EventKind.ORDER_FILLED: self._filled,
            EventKind.ORDER_CANCELLED: self._order,
            EventKind.POSITION_OPENED: self._position,
            EventKind.POSITION_MODIFIED: self._position,
            EventKind.POSITION_CLOSED: self._closed,
        }

    def block(self, block: NDArray[np.void]) -> Iterator[Record]:
        closed = block.view(CLOSED)
        names: Sequence[str] = EVENT.names or ()
        more: Sequence[str] = CLOSED.names or ()
        columns = [block[name].tolist() for name in names] + [closed[name].tolist() for name in more]
        whole = not (self._times % 1_000_000_000).any()
        stamps = self._times[block["step"]].astype("M8[ns]")
        times = np.datetime_as_string(stamps, unit="s" if whole else "us", timezone="UTC").tolist()
        for time, *values in zip(times, *columns, strict=True):
            row = dict(zip([*names, *more], values, strict=True))
            kind, cell = row["kind"], row["cell"]
            record: Record = {"time": time, "kind": EventKind(kind).name}
            if kind != EventKind.CONFLICT_DETECTED:
                record["strategy_id"] = self._strategies[cell]
            record["symbol"] = self._symbols[cell]
            yield record | self._fields[kind](row)

    def _money(self, units: int) -> str:
        return scaled_text(units, self._digits)

    def _price(self, row: _Row, name: str = "price") -> str:
        step, digits = self._ticks[row["cell"]]
        return scaled_text(row[name] * step, digits)

    def _quantity(self, row: _Row, name: str = "quantity") -> str:
        step, digits = self._lots[row["cell"]]
        return scaled_text(row[name] * step, digits)

    def _account(self, row: _Row) -> Record:
        return {name: self._money(row[name]) for name in _MONEY}

    def _signal(self, row: _Row) -> Record:
        buys = row["side"] > 0
        if row["exit"]:
            action = "exit_short" if buys else "exit_long"
        else:
            action = "enter_long" if buys else "enter_short"
            if self._entering and self._entering[0][0] != row["step"]:
                self._entering.clear()
            cell = row["cell"]
            self._entering.append((row["step"], self._symbols[cell], self._strategies[cell], action))
        record: Record = {"action": action, "price": self._price(row)}
        if row["exit"]:
            record["reason"] = _REASONS[row["reason"]]
        free = min(row["allocated"] - row["used"] - row["reserved"], row["cash"] - row["reserved"])
        return record | {"available": self._money(max(free, 0))} | self._account(row)

    def _rejected(self, row: _Row) -> Record:
        return {
            "reason": _REASONS[row["reason"]],
            "side": _SIDES[row["side"]],
            "is_exit": bool(row["exit"]),
            "quantity": self._quantity(row),
            "price": self._price(row),
        } | self._account(row)

    def _conflict(self, row: _Row) -> Record:
        symbol = self._symbols[row["cell"]]
        wishes = {
            name: action for step, where, name, action in self._entering if (step, where) == (row["step"], symbol)
        }
        return {"strategies": wishes, "resolution_mode": "allow", "outcome": "all entries act"}

    def _order(self, row: _Row) -> Record:
        record: Record = {
            "order": row["order"],
            "order_kind": _ORDER_KINDS[row["order_kind"]],
            "side": "buy" if row["side"] > 0 else "sell",
            "is_exit": bool(row["exit"]),
            "quantity": self._quantity(row),
            "price": self._price(row),
        }
        if row["reason"]:
            record["reason"] = _REASONS[row["reason"]]
        return record | self._account(row)

    def _filled(self, row: _Row) -> Record:
        return self._order(row) | {
            "notional": self._money(row["notional"]),
            "fee": self._money(row["fee"]),
            "realised": self._money(row["realised"]),
            "slippage": self._money(row["slippage"]),
            "position": self._quantity(row, "position"),
        }

    def _position(self, row: _Row) -> Record:
        return {
            "trade": row["order"],
            "side": "long" if row["side"] > 0 else "short",
            "quantity": self._quantity(row),
            "position": self._quantity(row, "position"),
            "price": self._price(row),
        }

    def _closed(self, row: _Row) -> Record:
        return {
            "trade": row["order"],
            "side": "long" if row["side"] > 0 else "short",
            "reason": _REASONS[row["reason"]],
            "quantity": self._quantity(row),
            "price": self._price(row),
            "pnl": self._money(row["realised"] - row["fee"]),
            "fees": self._money(row["fee"]),
            "slippage": self._money(row["slippage"]),
            "highest": self._price(row, "highest"),
            "lowest": self._price(row, "lowest"),
            "entry_time": str(np.datetime_as_string(self._times[row["entry_step"]].astype("M8[ns]"), unit="s")) + "Z",
            "bars_held": row["bars_held"],
        }
