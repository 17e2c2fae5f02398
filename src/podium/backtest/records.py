"""Events as people and programs read them: names, times and exact decimals instead of codes, steps and units.

``event_forms`` says what the line of each kind of event holds, in terms of the columns of ``EventColumns``. A new kind
is one entry there; a new field of the engine's events is a column of its name already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from podium.backtest.event_names import EventNames
from podium.backtest.forms import ABSENT, Form, Given, Grid, Named, Scaled, Time, Whole
from podium.backtest.lines import LineWriter, json_text
from podium.backtest.result import OrchestratorResult
from podium.core.events import EventKind, Reason
from podium.core.money import RATE_SCALE
from podium.engine.tables import CLOSED, EVENT, MOVED, REACHED, ConflictMode, LimitAction, LimitScope, OrderKind
from podium.stats.comparison import RowKind

__all__ = ["EventColumns", "EventReader", "Record", "event_forms", "event_grids", "event_lines", "event_records"]

#: One event: names of the wire with texts, whole numbers and truth values.
Record = dict[str, object]
_ROWS = 4096
_REASONS = {reason.value: reason.wire for reason in Reason}
_REASON = Named("reason", _REASONS)
_REASON_IF_ANY = Named("reason", _REASONS | {Reason.NONE.value: ABSENT})
_IS_EXIT = Named("exit", {0: False, 1: True})
_ACTIONS = {0: "enter_short", 1: "enter_long", 2: "exit_long", 3: "exit_short"}
_OUTCOMES = {
    ConflictMode.ALLOW: {0: "all entries act"},
    ConflictMode.CANCEL_BOTH: {0: "no entry acts"},
    ConflictMode.NET_SIGNAL: {
        -1: "short entries keep the difference",
        0: "entries of both sides cancel out",
        1: "long entries keep the difference",
    },
} | {
    mode: {-1: "short entries act", 0: "only the winner's entries act", 1: "long entries act"}
    for mode in (ConflictMode.FIRST_WINS, ConflictMode.PRIORITY)
}
_OUTCOME = Named(
    "outcome", {3 * mode + side: text for mode, by_side in _OUTCOMES.items() for side, text in by_side.items()}
)
_PRICE, _QUANTITY, _POSITION = Scaled("price", "tick"), Scaled("quantity", "lot"), Scaled("position", "lot")
_ACCOUNT = {name: Scaled(name, "money") for name in ("cash", "used", "reserved", "allocated")}
_ORDER: Form = {
    "order": Whole("order"),
    "order_kind": Named("order_kind", {kind.value: kind.name.lower() for kind in OrderKind}),
    "side": Named("side", {1: "buy", 0: "sell", -1: "sell"}),
    "is_exit": _IS_EXIT,
    "quantity": _QUANTITY,
    "price": _PRICE,
    "reason": _REASON_IF_ANY,
    **_ACCOUNT,
}
_ABOUT_STRATEGIES = (LimitScope.CELL, LimitScope.STRATEGY)
_ABOUT_SYMBOLS = (LimitScope.CELL, LimitScope.SYMBOL)
_TRADE: Form = {"trade": Whole("order"), "side": Named("side", {1: "long", 0: "short", -1: "short"})}
_POSITION_CHANGED: Form = {**_TRADE, "quantity": _QUANTITY, "position": _POSITION, "price": _PRICE}


def event_forms(names: EventNames) -> dict[EventKind, Form]:
    """Say what the line of each kind of event holds.

    Args:
        names: of the run's strategies and symbols.

    Returns:
        A form for each kind.
    """
    return {kind: {**_head(kind, names), **_content(kind, names)} for kind in EventKind}


def _head(kind: EventKind, names: EventNames) -> dict[str, object]:
    head: dict[str, object] = {"sequence": Whole("sequence"), "time": Time("time", names.is_fine), "kind": kind.name}
    if kind == EventKind.FEE_TIER_CHANGED:
        return head
    if kind in (EventKind.LIMIT_REACHED, EventKind.LIMIT_RELEASED):
        return head | _limited(names)
    if kind not in (EventKind.CONFLICT_DETECTED, EventKind.ORDERS_NETTED):
        head["strategy_id"] = Named("cell", names.strategy_of_cell)
    if kind == EventKind.CAPITAL_MOVED:
        return head
    return head | {"symbol": Named("cell", names.symbol_of_cell)}


def _limited(names: EventNames) -> dict[str, object]:
    """Say whom a limit concerns: what an event names that is about all strategies or symbols is left out."""
    return {
        "scope": Named("scope", {scope.value: scope.name.lower() for scope in LimitScope}),
        "strategy_id": Named("limited_strategy", {-1: ABSENT} | names.strategy_of_cell),
        "symbol": Named("limited_symbol", {-1: ABSENT} | names.symbol_of_cell),
        "group": Named("group", {0: ABSENT} | dict(enumerate(names.groups, 1))),
    }


def _content(kind: EventKind, names: EventNames) -> Form:
    match kind:
        case EventKind.SIGNAL_GENERATED:
            return {
                "action": Named("action", _ACTIONS),
                "price": _PRICE,
                "reason": _REASON_IF_ANY,
                "available": Scaled("available", "money"),
                **_ACCOUNT,
            }
        case EventKind.SIGNAL_REJECTED:
            return {
                "reason": _REASON,
                # A strategy that wants both at once is refused without a side.
                "side": Named("side", {1: "buy", 0: "both", -1: "sell"}),
                "is_exit": _IS_EXIT,
                "quantity": _QUANTITY,
                "price": _PRICE,
                **_ACCOUNT,
            }
        case EventKind.CONFLICT_DETECTED:
            winners = {cell + 1: name for cell, name in names.strategy_of_cell.items()}
            return {
                "strategies": Given("wishes"),
                "resolution_mode": Named("order_kind", {mode.value: mode.name.lower() for mode in ConflictMode}),
                "winner": Named("order", {0: ABSENT, **winners}),
                "outcome": _OUTCOME,
            }
        case EventKind.ORDER_CREATED | EventKind.ORDER_REDUCED | EventKind.ORDER_CANCELLED:
            return _ORDER
        case EventKind.ORDER_LIMITED:
            return {**_ORDER, "filled": Scaled("notional", "lot")}
        case EventKind.ORDER_FILLED:
            moved = {name: Scaled(name, "money") for name in ("notional", "fee", "realised", "slippage")}
            return {**_ORDER, **moved, "position": _POSITION}
        case EventKind.ORDERS_NETTED:
            return {
                "orders": Whole("order"),
                # What cancels out needs no order.
                "side": Named("side", {1: "buy", 0: None, -1: "sell"}),
                "quantity": _QUANTITY,
                "crossed": Scaled("position", "lot"),
                "price": _PRICE,
                **{name: Scaled(name, "money") for name in ("notional", "fee", "slippage")},
                "saved": Scaled("realised", "money"),
                "cash": Scaled("cash", "money"),
            }
        case EventKind.CAPITAL_MOVED:
            return {
                "direction": Named("side", {1: "gets", 0: "gives", -1: "gives"}),
                "other": Named("order", {-1: RowKind.UNALLOCATED.value, **names.strategy_of_cell}),
                "amount": Scaled("notional", "money"),
                "reason": _REASON,
                "equity_before": Scaled("equity_before", "money"),
                "equity_after": Scaled("equity", "money"),
                "other_equity_before": Scaled("other_equity_before", "money"),
                "other_equity_after": Scaled("other_equity", "money"),
                **_ACCOUNT,
            }
        case EventKind.POSITION_OPENED | EventKind.POSITION_MODIFIED:
            return _POSITION_CHANGED
        case EventKind.LIMIT_REACHED:
            return {
                "limit": _REASON,
                "action": Named("order_kind", {action.value: action.name.lower() for action in LimitAction}),
                **{name: Scaled(name, "money") for name in ("maximum", "value", "asked")},
                "side": Named("side", {1: "buy", 0: ABSENT, -1: "sell"}),
                "quantity": _QUANTITY,
                "price": _PRICE,
            }
        case EventKind.LIMIT_RELEASED:
            return {"limit": _REASON, **{name: Scaled(name, "money") for name in ("maximum", "value")}}
        case EventKind.CARRY_POSTED:
            return {**_POSITION_CHANGED, "reason": _REASON, "amount": Scaled("realised", "money"), **_ACCOUNT}
        case EventKind.CURRENCY_CONVERTED:
            amounts = {"returned": Scaled("notional", "money"), "amount": Scaled("realised", "money")}
            return {**_POSITION_CHANGED, "reason": _REASON, **amounts, **_ACCOUNT}
        case EventKind.POSITION_ADJUSTED:
            paid = {"paid": Scaled("notional", "money"), "realised": Scaled("realised", "money")}
            return {**_POSITION_CHANGED, "reason": _REASON, **paid, **_ACCOUNT}
        case EventKind.POSITION_CLOSED:
            return {
                **_TRADE,
                "reason": _REASON,
                "quantity": _QUANTITY,
                "price": _PRICE,
                "pnl": Scaled("pnl", "money"),
                "fees": Scaled("fee", "money"),
                "slippage": Scaled("slippage", "money"),
                "highest": Scaled("highest", "tick"),
                "lowest": Scaled("lowest", "tick"),
                "entry_time": Time("entry_time", names.is_fine),
                "bars_held": Whole("bars_held"),
            }
        case EventKind.FEE_TIER_CHANGED:
            return {
                "tier": Whole("order"),
                "volume": Scaled("notional", "money"),
                "taker_fee": Scaled("fee", "rate"),
                "maker_fee": Scaled("realised", "rate"),
            }


def event_grids(names: EventNames) -> dict[str, Grid]:
    """Say what the numbers of events count.

    Args:
        names: with the instruments of the run's cells.

    Returns:
        By name, for each cell.
    """
    unit = names.unit.to_decimal(1)
    return {
        "money": Grid.of([unit for _ in names.instruments]),
        "tick": Grid.of([instrument.tick for instrument in names.instruments]),
        "lot": Grid.of([instrument.lot for instrument in names.instruments]),
        "rate": Grid.of([Decimal(1) / RATE_SCALE for _ in names.instruments]),
    }


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """Hold some events in order.

    Args:
        numbers: by name, shape ``(events,)``: the fields of the engine's events and what is computed from them.
        texts: JSON, to which the column ``wishes`` points.
    """

    numbers: Mapping[str, NDArray[np.integer]]
    texts: list[bytes]


class EventReader:
    """Read the events of a run in order, wherever they are cut into blocks.

    Args:
        names: what they are about.
    """

    def __init__(self, names: EventNames) -> None:
        self._names, self._wishes = names, _Wishes(names)
        #: The sequence of the next event; gapless from 1.
        self.sequence = 1

    def columns(self, blocks: Iterable[NDArray[np.void]]) -> Iterator[EventColumns]:
        """Give the next events, a few thousand at a time.

        Args:
            blocks: ``EVENT`` rows.

        Returns:
            Columns, ``sequence`` among them.
        """
        for block in blocks:
            for start in range(0, len(block), _ROWS):
                part = block[start : start + _ROWS]
                numbers = _numbers(part, self._names, self.sequence)
                numbers["wishes"], texts = self._wishes.of(numbers)
                self.sequence += len(part)
                yield EventColumns(numbers, texts)

    def times_of(self, block: NDArray[np.void]) -> list[int]:
        """Give the times of some events.

        Args:
            block: ``EVENT`` rows.

        Returns:
            Nanoseconds since 1970 UTC.
        """
        times: list[int] = self._names.times_of(block["step"]).tolist()
        return times

    def lines(self, blocks: Iterable[NDArray[np.void]]) -> Iterator[bytes]:
        """Write the next events, as ``events.jsonl`` has them.

        Args:
            blocks: ``EVENT`` rows.

        Returns:
            Whole lines, about a megabyte at a time.
        """
        writer, form_of = self._lines
        for events in self.columns(blocks):
            yield from writer.write(form_of[events.numbers["kind"]], events.numbers, events.texts)

    @cached_property
    def _lines(self) -> tuple[LineWriter, NDArray[np.int64]]:
        """Give the writer, and the number of the form of each kind of event."""
        forms = event_forms(self._names)
        form_of: NDArray[np.int64] = np.full(max(forms) + 1, -1, np.int64)
        form_of[list(forms)] = np.arange(len(forms))
        return LineWriter(list(forms.values()), event_grids(self._names)), form_of


def _numbers(part: NDArray[np.void], names: EventNames, sequence: int) -> dict[str, NDArray[np.integer]]:
    moved = part.view(MOVED)
    known: dict[str, NDArray[np.integer]] = {name: part[name] for name in EVENT.names or ()}
    for overlay in (CLOSED, REACHED):
        known |= {name: part.view(overlay)[name] for name in overlay.names or ()}
    change = known["side"] * known["notional"]
    other_equity = moved["other_equity"] + np.where(known["order"] < 0, names.unallocated, 0)
    is_limit = (known["kind"] == EventKind.LIMIT_REACHED) | (known["kind"] == EventKind.LIMIT_RELEASED)
    scope = np.where(is_limit, known["maker"], LimitScope.CELL)
    is_closed = known["kind"] == EventKind.POSITION_CLOSED
    free = np.minimum(known["allocated"] - known["used"], known["cash"]) - known["reserved"]
    return known | {
        "sequence": np.arange(sequence, sequence + len(part)),
        "time": names.times_of(known["step"]),
        "entry_time": names.times_of(np.where(is_closed, known["entry_step"], known["step"])),
        "action": 2 * known["exit"] + (known["side"] > 0),
        "outcome": 3 * known["order_kind"] + known["side"],
        "available": np.maximum(free, 0),
        "pnl": known["realised"] - known["fee"] + known["carried"],
        "equity": moved["equity"],
        "equity_before": moved["equity"] - change,
        "other_equity": other_equity,
        "other_equity_before": other_equity + change,
        "scope": scope,
        "limited_strategy": np.where(np.isin(scope, _ABOUT_STRATEGIES), known["cell"], -1),
        "limited_symbol": np.where(np.isin(scope, _ABOUT_SYMBOLS), known["cell"], -1),
        "group": np.where(is_limit, known["exit"], 0),
    }


class _Wishes:
    """Follow who wants to enter which symbol in a step, for conflicts to tell."""

    def __init__(self, names: EventNames) -> None:
        self._strategies, self._symbols = names.strategy_of_cell, names.symbols
        self._has_conflicts = names.has_conflicts
        self._step = -1
        self._entering: dict[str, dict[str, str]] = {}

    def of(self, numbers: Mapping[str, NDArray[np.integer]]) -> tuple[NDArray[np.int64], list[bytes]]:
        """Give for each event the number of its text, and the texts; only conflicts have one."""
        found: NDArray[np.int64] = np.zeros(len(numbers["kind"]), np.int64)
        texts: list[bytes] = []
        if self._has_conflicts:
            is_conflict = numbers["kind"] == EventKind.CONFLICT_DETECTED
            is_entry = (numbers["kind"] == EventKind.SIGNAL_GENERATED) & (numbers["exit"] == 0)
            (rows,) = np.nonzero(is_conflict | is_entry)
            told = (numbers[name][rows].tolist() for name in ("step", "cell", "action"))
            for row, conflict, step, cell, action in zip(rows, is_conflict[rows].tolist(), *told, strict=True):
                entering = self._entering_at(step, self._symbols[cell])
                if conflict:
                    found[row] = len(texts)
                    texts.append(json_text(entering).encode())
                else:
                    entering[self._strategies[cell]] = _ACTIONS[action]
        return found, texts

    def _entering_at(self, step: int, symbol: str) -> dict[str, str]:
        if step != self._step:
            self._step, self._entering = step, {}
        return self._entering.setdefault(symbol, {})


def event_lines(result: OrchestratorResult) -> Iterator[bytes]:
    """Write all events of a run in order, as ``events.jsonl`` has them.

    Args:
        result: the run's result.

    Returns:
        Whole lines, about a megabyte at a time.
    """
    yield from EventReader(EventNames.of(result)).lines(result.engine.events())


def event_records(result: OrchestratorResult) -> Iterator[Record]:
    """Give all events of a run in order.

    Args:
        result: the run's result.

    Returns:
        Records with a gapless ``sequence`` from 1.
    """
    return (json.loads(line) for lines in event_lines(result) for line in lines.splitlines())
