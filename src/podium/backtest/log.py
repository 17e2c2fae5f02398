"""The structured log of a backtest: from it alone every capital decision can be reconstructed, with grep and jq."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.event_names import EventNames
from podium.backtest.forms import Form
from podium.backtest.lines import LineWriter, json_text
from podium.backtest.records import EventReader, Record, event_forms, event_grids
from podium.backtest.result import OrchestratorResult
from podium.core.errors import RunError
from podium.core.events import EventKind, Reason
from podium.core.times import iso

__all__ = ["LEVELS", "completed_log", "failed_log"]

#: From the least severe to the most.
LEVELS = ("debug", "info", "warning", "error")


def completed_log(result: OrchestratorResult) -> Iterator[bytes]:
    """Write the log of a run.

    Args:
        result: the run's result; its configuration says which level is the least to be kept.

    Returns:
        Whole lines: ``backtest_started``, what happened in order, what the run warns of, ``backtest_completed``.
    """
    return _log(result, _completed(result))


def failed_log(so_far: OrchestratorResult, error: RunError) -> Iterator[bytes]:
    """Write the log of a run that failed.

    Args:
        so_far: what happened before.
        error: what ended the run.

    Returns:
        Whole lines: ``backtest_started``, what happened in order, ``backtest_failed``.
    """
    return _log(so_far, _failed(so_far, error))


def _log(result: OrchestratorResult, end: Record) -> Iterator[bytes]:
    kept = LEVELS[LEVELS.index(result.config.logging_level) :]
    if _INFO in kept:
        yield _encoded(_started(result))
    yield from _happened(result, kept)
    yield from (_encoded(line) for line in _told(result) if line["level"] in kept)
    if end["level"] in kept:
        yield _encoded(end)


def _told(result: OrchestratorResult) -> Iterator[Record]:
    """Tell what the run as a whole warns of; pairs of strategies as values, the rest in words."""
    time = _reached(result)
    for pair in result.judged_pairs:
        yield {
            "time": time,
            "level": "warning" if pair.is_high else "info",
            "event": "strategies_correlated",
            "strategies": [pair.first, pair.second],
            "correlation": round(pair.correlation, 6),
        }
    said = {str(pair) for pair in result.judged_pairs}
    for message in result.warnings:
        if message not in said:
            yield {"time": time, "level": "warning", "event": "run_warned", "message": message}


def _encoded(record: Record) -> bytes:
    return f"{json_text(record)}\n".encode()


def _started(result: OrchestratorResult) -> Record:
    times = result.market.timeline.times
    first, last = iso(int(times[0])), iso(int(times[-1]))
    weights = {
        name: str((strategy.allocated_capital / result.initial_capital).normalize())
        for name, strategy in result.strategy_results.items()
    }
    return {
        "time": first,
        "level": "info",
        "event": "backtest_started",
        "strategy_count": len(result.strategy_results),
        "total_capital": _plain(result.initial_capital),
        "unallocated": _plain(result.unallocated),
        "weights": weights,
        "symbols": list(result.market.symbols),
        "date_range": [first, last],
    }


def _plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _completed(result: OrchestratorResult) -> Record:
    return {
        "time": _reached(result),
        "level": "info",
        "event": "backtest_completed",
        "is_complete": result.is_complete,
        "duration_seconds": round(result.execution_time_seconds, 3),
        "trade_count": result.aggregate_metrics.total_trades,
        "final_equity": _plain(result.final_equity),
        "error_count": 0,
    }


def _failed(result: OrchestratorResult, error: RunError) -> Record:
    who = {name: getattr(error, name) for name in ("strategy_id", "symbol") if hasattr(error, name)}
    return {
        "time": getattr(error, "time", _reached(result)),
        "level": "error",
        "event": "backtest_failed",
        **who,
        "error": type(error).__name__,
        "message": str(error),
        "duration_seconds": round(result.execution_time_seconds, 3),
        "error_count": 1,
    }


def _reached(result: OrchestratorResult) -> str:
    """Give the close of the last step that was decided; before the first one, that of the first."""
    return iso(int(result.market.timeline.times[max(result.engine.half_step // 2 - 1, 0)]))


def _happened(result: OrchestratorResult, kept: tuple[str, ...]) -> Iterator[bytes]:
    names = EventNames.of(result)
    forms = event_forms(names)
    writer = LineWriter([line.form(forms[line.kind]) for line in _LINES], event_grids(names))
    for events in EventReader(names).columns(result.engine.events()):
        chosen = np.full(len(events.numbers["kind"]), -1, np.int64)
        for number, line in enumerate(_LINES):
            chosen[line.tells(events.numbers)] = number if line.level in kept else -1
        yield from writer.write(chosen, events.numbers, events.texts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Line:
    """Say what the log tells about some events.

    Args:
        kind: of which kind they are.
        where: which value a column of theirs has.
        level: how severe it is.
        event: its name in the log.
        members: names of the log with names of the event's own line.
    """

    kind: EventKind
    where: Mapping[str, int] = field(default_factory=dict)
    level: str
    event: str
    members: Form

    def tells(self, numbers: Mapping[str, NDArray[np.integer]]) -> NDArray[np.bool_]:
        """Tell which events it is about."""
        chosen: NDArray[np.bool_] = numbers["kind"] == self.kind
        for name, value in self.where.items():
            chosen &= numbers[name] == value
        return chosen

    def form(self, event: Form) -> Form:
        """Give what its line holds, in terms of the event's line."""
        who = {name: event[name] for name in ("sequence", "strategy_id", "symbol", "group") if name in event}
        return {"time": event["time"], "level": self.level, "event": self.event, **who, **_taken(self.members, event)}


def _taken(members: Form, event: Form) -> dict[str, object]:
    return {
        name: _taken(source, event) if isinstance(source, Mapping) else event[str(source)]
        for name, source in members.items()
    }


def _same(*names: str) -> dict[str, object]:
    return {name: name for name in names}


_INFO, _WARNING = "info", "warning"
_WISH = _same("side", "quantity", "price")
_RESERVATION: Form = {**_same("order"), **_WISH, "reserved_capital": "reserved", **_same("reason")}
_LIMIT: Form = {
    "used_capital": "used",
    "allocation_limit": "allocated",
    "reserved_capital": "reserved",
    "rejected_signal": _WISH,
}
_MOVED: Form = {
    **_same("order", "notional", "fee", "realised", "cash"),
    "used_capital": "used",
    "reserved_capital": "reserved",
    "allocation_limit": "allocated",
}
_SIGNAL: Form = {"signal_type": "action", "bar_date": "time", "capital_available": "available"}
_REJECTED: Form = _same("reason", "is_exit", "side", "quantity", "price")
_NETTED: Form = _same("orders", "side", "quantity", "crossed", "price", "notional", "fee", "slippage", "saved", "cash")
_CONFLICT: Form = _same("strategies", "resolution_mode", "winner", "outcome")
_TRANSFER: Form = {
    **_same("direction", "other", "amount", "reason"),
    **_same("equity_before", "equity_after", "other_equity_before", "other_equity_after"),
    "allocation_limit": "allocated",
}
_REACHED: Form = _same("limit", "scope", "action", "maximum", "value", "asked", "side", "quantity", "price")
_RELEASED: Form = _same("limit", "scope", "maximum", "value")
_CARRIED: Form = _same("reason", "side", "position", "price", "amount", "cash")
_EXCHANGED: Form = _same("reason", "side", "quantity", "price", "returned", "amount", "cash")
_ADJUSTED: Form = _same("reason", "side", "position", "price", "paid", "cash")
_NO_CAPITAL = {"reason": Reason.CAPITAL_LIMIT.value}
_ENTRY, _EXIT = {"exit": 0}, {"exit": 1}
#: What is told about an event; of several lines that fit, the last.
_LINES = tuple(
    _Line(kind=kind, where=where, level=level, event=event, members=members)
    for kind, where, level, event, members in (
        (EventKind.SIGNAL_GENERATED, {}, _INFO, "strategy_signal", _SIGNAL),
        (EventKind.SIGNAL_REJECTED, {}, _WARNING, "signal_rejected", _REJECTED),
        (EventKind.SIGNAL_REJECTED, _NO_CAPITAL, _WARNING, "capital_limit_hit", _LIMIT),
        (EventKind.CONFLICT_DETECTED, {}, _WARNING, "conflict_detected", _CONFLICT),
        (EventKind.LIMIT_REACHED, {}, _WARNING, "limit_reached", _REACHED),
        (EventKind.LIMIT_RELEASED, {}, _INFO, "limit_released", _RELEASED),
        (EventKind.ORDER_CREATED, _ENTRY, _INFO, "capital_reserved", _RESERVATION),
        (EventKind.ORDER_REDUCED, _NO_CAPITAL, _WARNING, "capital_limit_reduced", _LIMIT),
        (EventKind.ORDER_CANCELLED, _ENTRY, _INFO, "reservation_released", _RESERVATION),
        (EventKind.ORDER_CANCELLED, _NO_CAPITAL, _WARNING, "capital_limit_hit", _LIMIT),
        (
            EventKind.ORDER_LIMITED,
            {},
            _INFO,
            "volume_limit_hit",
            _same("order", "is_exit", "side", "quantity", "price"),
        ),
        (EventKind.FEE_TIER_CHANGED, {}, _INFO, "fee_tier_changed", _same("tier", "volume", "taker_fee", "maker_fee")),
        (EventKind.ORDER_FILLED, _ENTRY, _INFO, "capital_allocated", _MOVED),
        (EventKind.ORDER_FILLED, _EXIT, _INFO, "capital_released", _MOVED),
        (EventKind.ORDERS_NETTED, {}, _INFO, "orders_netted", _NETTED),
        (EventKind.CAPITAL_MOVED, {}, _INFO, "capital_moved", _TRANSFER),
        (EventKind.CARRY_POSTED, {}, _INFO, "carry_posted", _CARRIED),
        (EventKind.CURRENCY_CONVERTED, {}, _INFO, "currency_converted", _EXCHANGED),
        (EventKind.POSITION_ADJUSTED, {}, _INFO, "position_adjusted", _ADJUSTED),
    )
)
