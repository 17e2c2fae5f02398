"""Orders that are under way, as the events of a bus tell them: a view that decides nothing."""

from __future__ import annotations

from collections import Counter

from podium.bus.events import (
    ActionExecuted,
    OrderCancelled,
    OrderCreated,
    OrderFilled,
    OrderPartiallyFilled,
    OrderRejected,
)
from podium.bus.local import LocalBus

__all__ = ["ActionQueue"]

_Key = tuple[str, str, int]


class ActionQueue:
    """Follow orders from their decision to their end.

    Args:
        bus: where they are told.
        strategy_id: follow those of this strategy only; ``None`` follows all.
    """

    def __init__(self, bus: LocalBus, strategy_id: str | None = None) -> None:
        self.strategy_id = strategy_id
        #: Orders that work, by strategy, symbol and number.
        self.working: dict[_Key, OrderCreated | OrderPartiallyFilled] = {}
        #: How many actions were carried out, by what they were: ``open``, ``close``, ``cancel``.
        self.executed: Counter[str] = Counter()
        bus.subscribe(OrderCreated, self._work, owner="action_queue", strategy_id=strategy_id)
        bus.subscribe(OrderPartiallyFilled, self._work, owner="action_queue", strategy_id=strategy_id)
        bus.subscribe(ActionExecuted, self._count, owner="action_queue", strategy_id=strategy_id)
        bus.subscribe(OrderFilled, self._end, owner="action_queue", strategy_id=strategy_id)
        bus.subscribe(OrderCancelled, self._end, owner="action_queue", strategy_id=strategy_id)
        bus.subscribe(OrderRejected, self._end, owner="action_queue", strategy_id=strategy_id)

    def _work(self, event: OrderCreated | OrderPartiallyFilled) -> None:
        self.working[event.strategy_id, event.symbol, event.order] = event

    def _count(self, event: ActionExecuted) -> None:
        self.executed[event.action] += 1

    def _end(self, event: OrderFilled | OrderCancelled | OrderRejected) -> None:
        # A partial fill is told by what waits, behind what traded.
        self.working.pop((event.strategy_id, event.symbol, event.order), None)
