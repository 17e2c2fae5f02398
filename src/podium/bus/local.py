"""The bus inside the process: typed, synchronous, in order.

An event that a handler publishes is delivered after the one being delivered, so every handler sees all events in the
order in which they were published. When ``publish`` returns to whoever called it first, everything has been delivered.
A bus belongs to one thread.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from podium.bus.events import Event
from podium.core.errors import invariant

__all__ = ["HandlerFailure", "LocalBus", "Subscription"]

AnyEvent = TypeVar("AnyEvent", bound=Event)
_Handler = Callable[[Any], None]  # Any: of the type of event that it was subscribed for


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerFailure:
    """Tell that a handler raised.

    Args:
        owner: whose handler, as it was named when it subscribed.
        event: the event it was given.
        error: what it raised.
    """

    owner: str
    event: Event
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subscription:
    """Name a handler that gets events; two subscriptions are never equal.

    Args:
        event_type: it gets events of this class and of those derived from it.
        strategy_id: it gets events of this strategy only; ``None`` for all events, those of no strategy, too.
        owner: who is told to have failed when it raises.
        handler: what is called.
    """

    event_type: type[Event]
    strategy_id: str | None
    owner: str
    handler: _Handler

    def takes(self, event_type: type[Event], strategy_id: str | None) -> bool:
        """Tell whether it wants events of a class about a strategy."""
        return issubclass(event_type, self.event_type) and self.strategy_id in (None, strategy_id)


@dataclass(slots=True)
class _Route:
    """Hold who gets the events of one class about one strategy, and how many there were."""

    subscriptions: tuple[Subscription, ...]
    count: int = field(default=0)


class LocalBus:
    """Carry events from whoever publishes to the handlers that want them.

    Args:
        symbol: the only symbol whose events it takes; ``None`` for the bus of the portfolio, which takes all.
        on_failure: is told of each handler that raised; the others still get the event.
    """

    def __init__(self, symbol: str | None, on_failure: Callable[[HandlerFailure], None]) -> None:
        self.symbol = symbol
        self._on_failure = on_failure
        self._subscriptions: list[Subscription] = []
        self._routes: dict[tuple[type[Event], str | None], _Route] = {}
        self._waiting: deque[Event] = deque()
        self._is_delivering = False

    def subscribe(
        self,
        event_type: type[AnyEvent],
        handler: Callable[[AnyEvent], None],
        *,
        owner: str = "",
        strategy_id: str | None = None,
    ) -> Subscription:
        """Give events to a handler from now on, behind those that subscribed before.

        Args:
            event_type: the class of events; ``Event`` for all.
            handler: is called with each of them.
            owner: who is told to have failed when it raises.
            strategy_id: only events of this strategy; ``None`` for all, those of no strategy, too.

        Returns:
            What ``unsubscribe`` takes.
        """
        subscription = Subscription(event_type=event_type, strategy_id=strategy_id, owner=owner, handler=handler)
        self._subscriptions.append(subscription)
        self._renew_routes()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Give no more events to a handler; one that is not subscribed any more is left alone."""
        self._subscriptions = [each for each in self._subscriptions if each is not subscription]
        self._renew_routes()

    def on_strategy_event(
        self, strategy_id: str | None, listener: Callable[[Event], None], *, owner: str = ""
    ) -> Subscription:
        """Give every event of a strategy to a listener.

        Args:
            strategy_id: whose events; ``None`` for all, those of no strategy, too.
            listener: is called with each of them.
            owner: who is told to have failed when it raises.

        Returns:
            What ``off_strategy_event`` takes.
        """
        return self.subscribe(Event, listener, owner=owner, strategy_id=strategy_id)

    def off_strategy_event(self, subscription: Subscription) -> None:
        """Give no more events to a listener."""
        self.unsubscribe(subscription)

    def clear(self) -> None:
        """Forget all handlers and counts."""
        self._subscriptions.clear()
        self._routes.clear()

    def publish(self, event: Event) -> None:
        """Deliver an event to everybody who wants it.

        Args:
            event: an event of the bus's symbol.

        Raises:
            InvariantBroken: when it is about another symbol.
        """
        if event.symbol != self.symbol and self.symbol is not None:
            invariant(False, "a bus takes events of its own symbol only", bus=self.symbol, event=event)
        self._waiting.append(event)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._waiting:
                self._deliver(self._waiting.popleft())
        finally:
            self._is_delivering = False

    def _deliver(self, event: Event) -> None:
        key = (event.__class__, event.strategy_id)
        route = self._routes.get(key) or self._make_route(key)
        route.count += 1
        for subscription in route.subscriptions:
            try:
                subscription.handler(event)
            except Exception as error:  # noqa: BLE001  # told to who supervises; the other handlers go on
                self._on_failure(HandlerFailure(owner=subscription.owner, event=event, error=error))

    def _make_route(self, key: tuple[type[Event], str | None]) -> _Route:
        route = _Route(tuple(each for each in self._subscriptions if each.takes(*key)))
        self._routes[key] = route
        return route

    def _renew_routes(self) -> None:
        for key, route in self._routes.items():
            route.subscriptions = tuple(each for each in self._subscriptions if each.takes(*key))

    @property
    def counts(self) -> Mapping[str, int]:
        """Count the events that were delivered, by kind."""
        counts: Counter[str] = Counter()
        for (event_type, _), route in self._routes.items():
            counts[event_type.kind] += route.count
        return counts

    @property
    def counts_by_strategy(self) -> Mapping[str | None, int]:
        """Count the events that were delivered, by strategy; ``None`` for those of no strategy."""
        counts: Counter[str | None] = Counter()
        for (_, strategy_id), route in self._routes.items():
            counts[strategy_id] += route.count
        return counts

    @property
    def counts_of_each(self) -> Mapping[tuple[str, str | None], int]:
        """Count the events that were delivered, by kind and strategy."""
        return {
            (event_type.kind, strategy_id): route.count for (event_type, strategy_id), route in self._routes.items()
        }
