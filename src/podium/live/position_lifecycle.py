"""Positions from opening to closing, as the events of a bus tell them: a view that decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from podium.bus.events import PositionClosed, PositionModified, PositionOpened
from podium.bus.local import LocalBus

__all__ = ["OpenPosition", "PositionLifecycle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """Be a position that is open.

    Args:
        strategy_id: whose.
        symbol: on which.
        trade: the number of the trade in the strategy on the symbol, from 1.
        side: ``long`` or ``short``.
        quantity: how much, negative when short.
        opened_at: when, nanoseconds since 1970 UTC.
        correlation_id: the id of the bar that it goes back to.
    """

    strategy_id: str
    symbol: str
    trade: int
    side: str
    quantity: Decimal
    opened_at: int
    correlation_id: str


class PositionLifecycle:
    """Follow positions.

    Args:
        bus: where they are told.
        strategy_id: follow those of this strategy only; ``None`` follows all.
    """

    def __init__(self, bus: LocalBus, strategy_id: str | None = None) -> None:
        self.strategy_id = strategy_id
        #: Open positions by strategy and symbol.
        self.open: dict[tuple[str, str], OpenPosition] = {}
        #: How many trades were completed.
        self.completed = 0
        bus.subscribe(PositionOpened, self._open, owner="position_lifecycle", strategy_id=strategy_id)
        bus.subscribe(PositionModified, self._modify, owner="position_lifecycle", strategy_id=strategy_id)
        bus.subscribe(PositionClosed, self._close, owner="position_lifecycle", strategy_id=strategy_id)

    def _open(self, event: PositionOpened) -> None:
        self.open[event.strategy_id, event.symbol] = OpenPosition(
            strategy_id=event.strategy_id,
            symbol=event.symbol,
            trade=event.trade,
            side=event.side,
            quantity=event.position,
            opened_at=event.time,
            correlation_id=event.correlation_id,
        )

    def _modify(self, event: PositionModified) -> None:
        key = event.strategy_id, event.symbol
        if key in self.open:
            self.open[key] = replace(self.open[key], quantity=event.position)

    def _close(self, event: PositionClosed) -> None:
        self.open.pop((event.strategy_id, event.symbol), None)
        self.completed += 1
