"""Podium's local bus: how many events it delivers in a second, and what it costs to tell strategies apart.

Prints one line: CPU seconds, and what was delivered.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from podium.bus.events import CandleRouted, Event, NewCandle
from podium.bus.local import LocalBus
from podium.core.times import from_nanoseconds
from podium.data.bars import Bar
from sides.serving import request

_SYMBOL, _STRATEGIES = "BTC/USDT", 10
_BAR = Bar(symbol=_SYMBOL, close_time=from_nanoseconds(0), open=1.0, high=1.0, low=1.0, close=1.0)


class _Counter:
    def __init__(self) -> None:
        self.count = 0

    def take(self, _: Event) -> None:
        self.count += 1


def _raise(failure: object) -> None:
    raise AssertionError(failure)


def _routed(strategy_id: str, number: int) -> CandleRouted:
    return CandleRouted(time=number, symbol=_SYMBOL, strategy_id=strategy_id, correlation_id="BTC/USDT-1704067200")


def _handed_on(events: int) -> tuple[Callable[[], None], _Counter]:
    """Make each event and give it to the one service that wants it."""
    bus, service = LocalBus(_SYMBOL, _raise), _Counter()
    bus.subscribe(NewCandle, service.take)

    def run() -> None:
        for number in range(events):
            bus.publish(NewCandle(time=number, symbol=_SYMBOL, bar=_BAR))

    return run, service


def _listened_to(events: int, *, filtered: bool) -> tuple[Callable[[], None], _Counter]:
    """Make each event for one of ten strategies and give it to its listener, through the portfolio's bus."""
    bus, portfolio, listener = LocalBus(_SYMBOL, _raise), LocalBus(None, _raise), _Counter()
    bus.subscribe(Event, portfolio.publish)
    names = [f"strategy{number}" for number in range(_STRATEGIES)]
    for name in names if filtered else names[:1]:
        portfolio.on_strategy_event(name if filtered else None, listener.take)

    def run() -> None:
        for number in range(events // _STRATEGIES):
            for name in names:
                bus.publish(_routed(name, number))

    return run, listener


def _measure() -> None:
    events = int(str(request()["events"]))
    found: dict[str, object] = {}
    for name, (run, counter) in (
        ("handed_on", _handed_on(events)),
        ("listened_to", _listened_to(events, filtered=False)),
        ("filtered", _listened_to(events, filtered=True)),
    ):
        started = time.process_time()
        run()
        found[name] = time.process_time() - started
        found[f"{name}_count"] = counter.count
    print(json.dumps(found))


if __name__ == "__main__":
    _measure()
