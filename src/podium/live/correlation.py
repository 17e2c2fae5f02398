"""One id from the candle to the trade.

Everything that a bar brings about carries the id of that bar. An order keeps the id of the bar at which it was decided,
and a position that of the order that opened it, so that the fill, the protection and the closed trade of a later bar
can be followed back to where they began.
"""

from __future__ import annotations

import json
from typing import Any

from podium.core.events import EventKind
from podium.core.times import iso

__all__ = ["Correlations", "bar_id"]

_Cell = tuple[str | None, str | None]
_ENDS = (EventKind.ORDER_FILLED.name, EventKind.ORDER_CANCELLED.name)


def bar_id(symbol: str, time: int) -> str:
    """Name a bar.

    Args:
        symbol: its market.
        time: its close, nanoseconds since 1970 UTC.

    Returns:
        For example ``BTC/USDT@2024-01-01T00:01:00Z``; the same in every run.
    """
    return f"{symbol}@{iso(time)}"


class Correlations:
    """Give domain events their correlation ids, in their order."""

    def __init__(self) -> None:
        self._orders: dict[tuple[_Cell, int], str] = {}
        self._positions: dict[_Cell, str] = {}
        self._fills: dict[_Cell, str] = {}

    def state(self) -> dict[str, Any]:  # Any: plain values
        """Give what it remembers, as plain values."""
        return {"orders": self._orders, "positions": self._positions, "fills": self._fills}

    def load(self, state: dict[str, Any]) -> None:  # Any: as ``state`` gives
        """Remember what another one did.

        Args:
            state: what ``state`` gave.
        """
        self._orders, self._positions, self._fills = state["orders"], state["positions"], state["fills"]

    def take(self, *, kind: str, strategy_id: str | None, symbol: str | None, body: bytes, bar: str) -> str:
        """Give an event its id.

        Args:
            kind: its name on the wire.
            strategy_id: whose.
            symbol: on which symbol.
            body: its line.
            bar: the id of the symbol's bar in the present step; empty without one.

        Returns:
            The id.
        """
        found = self._id_of(kind, (strategy_id, symbol), body, bar)
        self.restore(kind=kind, strategy_id=strategy_id, symbol=symbol, body=body, correlation_id=found)
        return found

    def restore(
        self, *, kind: str, strategy_id: str | None, symbol: str | None, body: bytes, correlation_id: str
    ) -> None:
        """Take note of an event that has its id, such as one of an earlier run.

        Args:
            kind: its name on the wire.
            strategy_id: whose.
            symbol: on which symbol.
            body: its line.
            correlation_id: its id.
        """
        cell = strategy_id, symbol
        if kind == EventKind.ORDER_CREATED.name:
            self._orders[cell, _line(body)["order"]] = correlation_id
        elif kind in _ENDS:
            self._orders.pop((cell, _line(body).get("order", 0)), None)
            self._fills[cell] = correlation_id
        elif kind == EventKind.POSITION_OPENED.name:
            self._positions[cell] = correlation_id
        elif kind == EventKind.POSITION_CLOSED.name:
            self._positions.pop(cell, None)

    def _id_of(self, kind: str, cell: _Cell, body: bytes, bar: str) -> str:
        if kind.startswith("ORDER_") and kind not in (EventKind.ORDER_CREATED.name, EventKind.ORDERS_NETTED.name):
            order = _line(body).get("order", 0)
            # A protective level is no order: it belongs to the position.
            return self._orders.get((cell, order)) or self._positions.get(cell, bar)
        if kind == EventKind.POSITION_OPENED.name:
            return self._fills.get(cell, bar)
        if kind.startswith("POSITION_") or kind == EventKind.CARRY_POSTED.name:
            return self._positions.get(cell, bar)
        return bar


def _line(body: bytes) -> dict[str, Any]:  # Any: JSON
    line: dict[str, Any] = json.loads(body)
    return line
