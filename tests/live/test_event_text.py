"""Events are told in a few words."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import get_type_hints

import pytest
from live_bars import START, bar

from podium.bus.events import (
    EVENTS,
    DataFetchFailed,
    OrderFilled,
    OrderPartiallyFilled,
    PositionClosed,
    RegimeChanged,
    RiskLimitBreached,
    ServiceError,
    SignalNew,
    SignalRejected,
)
from podium.live.event_text import event_text

SAMPLE = {Decimal: Decimal("1200.5"), int: 3, str: "word", bool: False, float: 1.0}


def made(event_type, **given):
    """Make an event whose other members are of the right type."""
    hints = get_type_hints(event_type)
    values = {}
    for field in dataclasses.fields(event_type):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            values[field.name] = SAMPLE.get(hints[field.name], "word")
    values |= {"time": START, "symbol": "BTC/USDT"} | ({"bar": bar(1)} if "bar" in values else {})
    return event_type(**values | given)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_can_be_told(kind):
    """On one line. (C-77)"""
    assert "\n" not in event_text(made(EVENTS[kind]))


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (made(SignalNew, action="enter_long", price=Decimal(42000)), "enter_long at 42,000"),
        (made(SignalNew, action="exit_long", price=Decimal("0.5"), reason="time_exit"), "exit_long at 0.5 (time_exit)"),
        (made(SignalRejected, side="buy", quantity=Decimal("2.50"), reason="capital_limit"), "buy 2.50 (capital_limit)"),
        (
            made(OrderFilled, order_kind="market", side="sell", quantity=Decimal(2), price=Decimal(101)),
            "market sell 2 at 101",
        ),
        (made(OrderPartiallyFilled, side="buy", filled=Decimal(1), quantity=Decimal(4)), "buy 1, 4 wait"),
        (
            made(PositionClosed, side="long", quantity=Decimal(1), price=Decimal(9), pnl=Decimal("-1.5"), reason="stop_loss"),
            "long 1 at 9, result -1.5 (stop_loss)",
        ),
        (
            made(RiskLimitBreached, limit="daily_loss", scope="portfolio", action="close", maximum=Decimal(4000)),
            "daily_loss of portfolio: close at 4,000",
        ),
        (made(RegimeChanged, previous=None, current="trend"), "unknown to trend"),
        (made(DataFetchFailed, attempts=3, error="TimeoutError"), "after 3 attempts: TimeoutError"),
        (made(ServiceError, service_name="data_fetching", error="OSError: gone"), "data_fetching: OSError: gone"),
        (made(EVENTS["SERVICE_STARTED"], service_name="data_fetching"), "data_fetching"),
        (made(EVENTS["ORCHESTRATOR_PAUSED"], reason="closed_market"), " (closed_market)"),
    ],
)  # fmt: skip
def test_what_is_particular_is_told(event, text):
    """When, who and where stand elsewhere. (C-77)"""
    assert event_text(event) == text
