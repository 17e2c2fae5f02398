"""The bus inside the process."""

from __future__ import annotations

import dataclasses
from typing import assert_type

import pytest

from podium.bus.events import CandleRouted, DataFetchFailed, Event, ServiceError, ServiceStarted
from podium.bus.local import HandlerFailure, LocalBus
from podium.core.errors import InvariantBroken

SYMBOL = "BTC/USDT"


def routed(time=1, strategy_id="trend", symbol=SYMBOL):
    return CandleRouted(time=time, symbol=symbol, strategy_id=strategy_id)


def failed(time=1, symbol=SYMBOL):
    return DataFetchFailed(time=time, symbol=symbol, attempts=3, error="timeout")


@pytest.fixture
def failures():
    return []


@pytest.fixture
def bus(failures):
    return LocalBus(SYMBOL, failures.append)


def test_a_handler_gets_the_events_of_its_class_in_order(bus):
    """In the process, synchronous, typed, ordered. (C-11)"""
    got = []
    bus.subscribe(CandleRouted, got.append)
    bus.publish(routed(1))
    assert got == [routed(1)]
    bus.publish(failed(2))
    bus.publish(routed(3))
    assert got == [routed(1), routed(3)]


def test_a_handler_knows_the_class_of_its_events(bus):
    """The type checker reads this file, too. (C-11)"""

    def handler(event: CandleRouted) -> None:
        assert_type(event.strategy_id, str)

    assert bus.subscribe(CandleRouted, handler).event_type is CandleRouted


def test_handlers_are_called_in_the_order_in_which_they_subscribed(bus):
    """Filters do not change the order. (C-11)"""
    called = []
    bus.subscribe(Event, lambda _: called.append("all"))
    bus.subscribe(CandleRouted, lambda _: called.append("own"), strategy_id="trend")
    bus.subscribe(CandleRouted, lambda _: called.append("class"))
    bus.publish(routed())
    assert called == ["all", "own", "class"]


def test_what_a_handler_publishes_comes_behind_what_is_being_delivered(bus):
    """Every handler sees all events in the order in which they were published. (C-11)"""
    first, second = [], []

    def answer(event):
        first.append(event)
        if isinstance(event, CandleRouted):
            bus.publish(failed(event.time))
            assert second == []

    bus.subscribe(Event, answer)
    bus.subscribe(Event, second.append)
    bus.publish(routed(7))
    assert first == second == [routed(7), failed(7)]


def test_an_event_of_another_symbol_is_refused(bus):
    """The bus of a symbol is private; an event without a symbol is refused as well. (C-11)"""
    got = []
    bus.subscribe(Event, got.append)
    with pytest.raises(InvariantBroken, match="own symbol"):
        bus.publish(routed(symbol="ETH/USDT"))
    with pytest.raises(InvariantBroken, match="own symbol"):
        bus.publish(ServiceStarted(time=1, symbol=None, service_name="data_fetching"))
    assert got == []
    assert bus.counts == {}


def test_a_failing_handler_stops_no_other_and_is_told(bus, failures):
    """The others get the event, and whoever supervises knows who failed. (C-11, A-46)"""
    error, got = ValueError("no"), []

    def fail(_):
        raise error

    bus.subscribe(CandleRouted, fail, owner="indicator_calculation")
    bus.subscribe(CandleRouted, got.append)
    bus.publish(routed())
    bus.publish(routed(2))
    assert got == [routed(), routed(2)]
    assert failures == [
        HandlerFailure(owner="indicator_calculation", event=routed(time), error=error) for time in (1, 2)
    ]


def test_an_interrupt_is_no_failure_of_a_handler(bus, failures):
    """It ends the delivery; what waits is delivered with the next event. (C-11)"""
    got = []

    def interrupt(event):
        if event.time == 1:
            bus.publish(routed(2))
            raise KeyboardInterrupt

    bus.subscribe(CandleRouted, interrupt)
    bus.subscribe(CandleRouted, got.append)
    with pytest.raises(KeyboardInterrupt):
        bus.publish(routed(1))
    bus.publish(routed(3))
    assert got == [routed(2), routed(3)]
    assert failures == []


def test_a_listener_of_a_strategy_gets_its_events_only(bus):
    """Neither those of another strategy nor those of none. (A-43)"""
    got = []
    bus.on_strategy_event("trend", got.append)
    bus.publish(routed(1, "trend"))
    bus.publish(routed(2, "reversal"))
    bus.publish(failed(3))
    assert got == [routed(1, "trend")]


def test_a_listener_of_all_gets_events_of_no_strategy_too(bus):
    """Untagged events reach who asked for all. (A-44)"""
    got = []
    bus.on_strategy_event(None, got.append)
    bus.publish(routed(1))
    bus.publish(failed(2))
    assert got == [routed(1), failed(2)]


def test_a_listener_can_leave(bus):
    """Only the one that leaves gets nothing more; leaving twice does no harm. (A-46)"""
    gone, stays = [], []
    subscription = bus.on_strategy_event("trend", gone.append)
    bus.on_strategy_event("trend", stays.append)
    bus.publish(routed(1))
    bus.off_strategy_event(subscription)
    bus.off_strategy_event(subscription)
    bus.publish(routed(2))
    assert gone == [routed(1)]
    assert stays == [routed(1), routed(2)]


def test_a_late_listener_gets_what_comes_from_then_on(bus):
    """Events that were published before are gone. (A-46)"""
    got = []
    bus.publish(routed(1))
    bus.on_strategy_event("trend", got.append)
    bus.publish(routed(2))
    assert got == [routed(2)]


def test_events_are_counted_by_kind_and_by_strategy(bus):
    """Messages are counted, not stored; counting needs no listener. (A-46)"""
    for event in (routed(1), routed(2), routed(3, "reversal"), failed(4)):
        bus.publish(event)
    assert bus.counts == {"CANDLE_ROUTED": 3, "DATA_FETCH_FAILED": 1}
    assert bus.counts_by_strategy == {"trend": 2, "reversal": 1, None: 1}


def test_clearing_forgets_handlers_and_counts(bus):
    """As if it were new. (A-46)"""
    got = []
    bus.subscribe(Event, got.append)
    bus.publish(routed(1))
    bus.clear()
    bus.publish(routed(2))
    assert got == [routed(1)]
    assert bus.counts == {"CANDLE_ROUTED": 1}


def test_one_bus_reaches_all_listeners(failures):
    """The bus of the portfolio takes what all symbols publish, and what is about none. (A-28)"""
    portfolio, got = LocalBus(None, failures.append), []
    portfolio.on_strategy_event(None, got.append)
    buses = {symbol: LocalBus(symbol, failures.append) for symbol in (SYMBOL, "ETH/USDT")}
    for each in buses.values():
        each.subscribe(Event, portfolio.publish)
    error = ServiceError(time=9, symbol=None, service_name="supervisor", error="no", error_count=1)
    buses["ETH/USDT"].publish(routed(1, symbol="ETH/USDT"))
    buses[SYMBOL].publish(routed(2))
    portfolio.publish(error)
    assert got == [routed(1, symbol="ETH/USDT"), routed(2), error]


def test_events_cannot_be_changed(bus):
    """What one handler gets is what the next one gets. (C-11)"""
    with pytest.raises(dataclasses.FrozenInstanceError):
        routed().time = 2
