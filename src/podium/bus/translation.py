"""Domain events as the bus names them, made from the lines that the engine wrote.

One line may stand for several names: a stop that traded is ``ORDER_FILLED``, ``STOP_LOSS_HIT`` and ``TRADE_EXECUTED``.
The first name is that of the event itself. The fields of an event are the members of its line, by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints

from podium.bus.events import (
    EVENTS,
    Event,
    ExitSignal,
    OrderCancelled,
    OrderCreated,
    OrderFilled,
    OrderPartiallyFilled,
    OrderRejected,
    PositionClosed,
    PositionModified,
    PositionOpened,
    RiskLimitBreached,
    SignalGenerated,
    SignalNew,
    SignalRejected,
    SignalValidated,
    StopLossHit,
    TakeProfitHit,
    TradeExecuted,
    TradeFailed,
)
from podium.core.events import EventKind, Reason

__all__ = ["events_of", "names_of"]

_Line = Mapping[str, Any]  # Any: JSON
_Names = tuple[type[Event], ...]
#: An order ends so on its own account, or because somebody asked; every other reason refuses it.
_ENDED = frozenset(
    reason.wire
    for reason in (
        Reason.EXPIRED,
        Reason.CANCELLED,
        Reason.POSITION_CLOSED,
        Reason.END_OF_DATA,
        Reason.LIQUIDATION,
        Reason.RISK_LIMIT,
    )
)
_HITS: Mapping[str, type[Event]] = {
    Reason.STOP_LOSS.wire: StopLossHit,
    Reason.TRAILING_STOP.wire: StopLossHit,
    Reason.BREAK_EVEN.wire: StopLossHit,
    Reason.TAKE_PROFIT.wire: TakeProfitHit,
}
_BASE = frozenset({"time", "correlation_id"})


def _signal(line: _Line) -> _Names:
    return SignalGenerated, (ExitSignal if line["action"].startswith("exit") else SignalNew)


def _fill(line: _Line) -> _Names:
    hit = _HITS.get(line.get("reason", ""))
    return (OrderFilled, TradeExecuted) if hit is None else (OrderFilled, hit, TradeExecuted)


def _end(line: _Line) -> _Names:
    return (OrderCancelled,) if line["reason"] in _ENDED else (OrderRejected, TradeFailed)


def _wait(line: _Line) -> _Names:
    # Where the bar's volume had been used up nothing traded.
    return (OrderPartiallyFilled,) if Decimal(line["filled"]) else ()


#: What a line stands for. Kinds that are not here have no name on the bus.
_NAMES: Mapping[str, Callable[[_Line], _Names]] = {
    EventKind.SIGNAL_GENERATED.name: _signal,
    EventKind.SIGNAL_REJECTED.name: lambda _: (SignalRejected,),
    EventKind.ORDER_CREATED.name: lambda _: (OrderCreated, SignalValidated),
    EventKind.ORDER_FILLED.name: _fill,
    EventKind.ORDER_LIMITED.name: _wait,
    EventKind.ORDER_CANCELLED.name: _end,
    EventKind.POSITION_OPENED.name: lambda _: (PositionOpened,),
    EventKind.POSITION_MODIFIED.name: lambda _: (PositionModified,),
    EventKind.POSITION_ADJUSTED.name: lambda _: (PositionModified,),
    EventKind.POSITION_CLOSED.name: lambda _: (PositionClosed,),
    EventKind.LIMIT_REACHED.name: lambda _: (RiskLimitBreached,),
}


def events_of(*, kind: str, time: int, body: bytes, correlation_id: str = "") -> tuple[Event, ...]:
    """Give the events that a domain event stands for.

    Args:
        kind: the kind of the domain event, such as ``ORDER_FILLED``.
        time: when it happened, nanoseconds since 1970 UTC.
        body: its line as in ``events.jsonl``.
        correlation_id: that of the bar that brought it about.

    Returns:
        The event itself, then further names for it; nothing for a kind that has no name on the bus.
    """
    names = _NAMES.get(kind)
    if names is None:
        return ()
    line = json.loads(body)
    return tuple(_event(each, line, time, correlation_id) for each in names(line))


def names_of(kind: str, body: bytes) -> tuple[str, ...]:
    """Give the names that a domain event stands for.

    Args:
        kind: the kind of the domain event, such as ``ORDER_FILLED``.
        body: its line as in ``events.jsonl``.

    Returns:
        For example ``ORDER_FILLED``, ``STOP_LOSS_HIT`` and ``TRADE_EXECUTED``.
    """
    names = _NAMES.get(kind)
    return () if names is None else tuple(each.kind for each in names(json.loads(body)))


def _event(event_type: type[Event], line: _Line, time: int, correlation_id: str) -> Event:
    values = {name: read(line.get(name)) for name, read in _readers(event_type.kind)}
    return event_type(time=time, correlation_id=correlation_id, **values)


@cache
def _readers(kind: str) -> tuple[tuple[str, Callable[[Any], Any]], ...]:  # Any: JSON
    event_type = EVENTS[kind]
    types = get_type_hints(event_type)
    return tuple((each.name, _reader(types[each.name])) for each in fields(event_type) if each.name not in _BASE)


def _reader(wanted: object) -> Callable[[Any], Any]:  # Any: JSON
    return Decimal if wanted is Decimal else _as_it_is


def _as_it_is(value: Any) -> Any:  # Any: JSON
    return value
