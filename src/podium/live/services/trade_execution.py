"""Hand the orders of one symbol to the venue, once they are durable, and publish what was traded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from podium.bus.events import ActionExecuted, Event, OrderCancelled, OrderCreated
from podium.bus.local import LocalBus
from podium.core.clock import Clock
from podium.live.histogram import Histogram
from podium.live.service import Service
from podium.live.step_runner import Outcome
from podium.portfolio.live_sections import TradeExecutionSection
from podium.venues.venue import Venue

__all__ = ["TradeExecutionService"]

_Order = OrderCreated | OrderCancelled
#: A stop waits so long for orders that are under way, seconds.
_FINISH_LIMIT = 1.5


@dataclass(slots=True, kw_only=True)
class _Task:
    """Hold what one step brought about.

    Args:
        outcome: the step.
        events: what happened, in order; what was published is taken away.
        sent: how many groups of its orders the venue has taken, so that none is handed over twice after a failure.
    """

    outcome: Outcome
    events: deque[Event]
    sent: int = 0


class TradeExecutionService(Service):
    """Await the commit that holds an order, hand the order over, and publish.

    Args:
        symbol: of which market.
        bus: its bus.
        clock: the run's clock.
        section: its options.
        venue: where orders go.
    """

    name: ClassVar[str] = "trade_execution"

    def __init__(
        self, symbol: str, bus: LocalBus, clock: Clock, *, section: TradeExecutionSection, venue: Venue
    ) -> None:
        super().__init__(symbol, bus, clock)
        self.section = section
        self._venue = venue
        self._tasks: deque[_Task] = deque()
        self._came, self._is_even = asyncio.Event(), asyncio.Event()
        #: How long orders took from the release of their step until the venue had them, seconds.
        self.latency = Histogram()

    def execute(self, outcome: Outcome, events: Sequence[Event]) -> None:
        """Take what a step brought about.

        Args:
            outcome: the step.
            events: orders, fills, positions, in order.
        """
        self._is_even.clear()
        self._tasks.append(_Task(outcome=outcome, events=deque(events)))
        self._came.set()

    def drop_work(self) -> None:
        """Forget what it had not finished."""
        super().drop_work()
        self._tasks.clear()

    async def _run(self) -> None:
        while True:
            while self._tasks:
                with self._at_work():
                    await self._carry_out(self._tasks[0])
                self._tasks.popleft()
            self._is_even.set()
            self._came.clear()
            await self._came.wait()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(_FINISH_LIMIT):
                await self._is_even.wait()
        except TimeoutError:
            # What is left is durable, and is handed over by the next run.
            return

    async def _carry_out(self, task: _Task) -> None:
        await asyncio.wrap_future(task.outcome.commit)
        for group in self._groups(task.events)[task.sent :]:
            await self._hand_over(group)
            task.sent += 1
            self.latency.observe(self.clock.monotonic() - task.outcome.released_at)
        while task.events:
            event = task.events.popleft()
            self.bus.publish(event)
            if isinstance(event, _Order):
                self.bus.publish(_action(event))

    def _groups(self, events: Iterable[Event]) -> list[list[_Order]]:
        """Give what the venue is told at once: each order alone, or all of a kind that follow one another."""
        orders = [event for event in events if isinstance(event, _Order)]
        if self.section.execution_mode == "immediate":
            return [[order] for order in orders]
        return [list(group) for _, group in groupby(orders, key=type)]

    async def _hand_over(self, orders: Sequence[_Order]) -> None:
        created = [order for order in orders if isinstance(order, OrderCreated)]
        cancelled = [order for order in orders if isinstance(order, OrderCancelled)]
        if created:
            await self._venue.send(created)
        if cancelled:
            await self._venue.cancel(cancelled)


def _action(order: _Order) -> ActionExecuted:
    action = "cancel" if isinstance(order, OrderCancelled) else "close" if order.is_exit else "open"
    return ActionExecuted(
        time=order.time,
        symbol=order.symbol,
        strategy_id=order.strategy_id,
        correlation_id=order.correlation_id,
        action=action,
        order=order.order,
    )
