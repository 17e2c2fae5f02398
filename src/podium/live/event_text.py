"""An event in a few words, for people who watch."""

from __future__ import annotations

from podium.bus.events import (
    DataFetchFailed,
    Event,
    OrderPartiallyFilled,
    PositionClosed,
    RegimeChanged,
    RiskLimitBreached,
    ServiceError,
    SignalGenerated,
    SignalRejected,
)

__all__ = ["event_text"]


def event_text(event: Event) -> str:
    """Say what is particular about an event; when, who and where stand elsewhere.

    Args:
        event: any event.

    Returns:
        One line, perhaps empty.
    """
    match event:
        case SignalGenerated():
            return f"{event.action} at {event.price:,f}{_because(event.reason)}"
        case SignalRejected():
            return f"{event.side} {event.quantity:,f}{_because(event.reason)}"
        case OrderPartiallyFilled():
            return f"{event.side} {event.filled:,f}, {event.quantity:,f} wait"
        case RiskLimitBreached():
            return f"{event.limit} of {event.scope}: {event.action} at {event.maximum:,f}"
        case PositionClosed():
            return (
                f"{event.side} {event.quantity:,f} at {event.price:,f}, result {event.pnl:+,f}{_because(event.reason)}"
            )
        case RegimeChanged():
            return f"{event.previous or 'unknown'} to {event.current}"
        case DataFetchFailed():
            return f"after {event.attempts} attempts: {event.error}"
        case ServiceError():
            return f"{event.service_name}: {event.error}"
    return _in_general(event)


def _in_general(event: Event) -> str:
    """Tell the members that most events have, in the order in which one says them."""
    words = [getattr(event, name) for name in ("service_name", "order_kind", "side") if hasattr(event, name)]
    if hasattr(event, "quantity"):
        words.append(f"{event.quantity:,f}")
    if hasattr(event, "price"):
        words.append(f"at {event.price:,f}")
    return " ".join(words) + _because(getattr(event, "reason", None))


def _because(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
