"""The lines of events and of the log, against plain formatting, one by one, in Python."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal

import numpy as np
import pytest
from portfolios import Cross, Swing, lines_of, named, walk

from podium import Instrument, OrchestratorConfig, StrategyOrchestrator
from podium.backtest.event_names import EventNames
from podium.backtest.log import completed_log
from podium.backtest.records import event_forms, event_lines
from podium.core.events import EventKind, Reason
from podium.core.money import MoneyUnit
from podium.engine.tables import (
    CLOSED,
    EVENT,
    MOVED,
    REACHED,
    ConflictMode,
    LimitAction,
    LimitScope,
    OrderKind,
)
from podium.portfolio.risk_options import RiskOptions

#: Ticks and lots of many scales: whole, fine, with zeros at the end, larger than one.
INSTRUMENTS = {
    'X "quoted" \\ \n': Instrument(tick=Decimal("0.05"), lot=Decimal(1)),
    "Ü/USDT": Instrument(tick=Decimal("0.00000001"), lot=Decimal("0.0010")),
    "Z": Instrument(tick=Decimal("2.50"), lot=Decimal("1E+2")),
}
STRATEGIES = ('he said "no"\t', "Straße \u2028", "plain")
RATES = {"taker_fee": "fee", "maker_fee": "realised"}
MONEY = ("cash", "used", "reserved", "allocated")


LIMIT_KINDS = (EventKind.LIMIT_REACHED, EventKind.LIMIT_RELEASED)
ORDER_KINDS = {kind.value: kind.name.lower() for kind in OrderKind}
OUTCOMES = {
    (ConflictMode.ALLOW, 0): "all entries act",
    (ConflictMode.CANCEL_BOTH, 0): "no entry acts",
    (ConflictMode.NET_SIGNAL, -1): "short entries keep the difference",
    (ConflictMode.NET_SIGNAL, 0): "entries of both sides cancel out",
    (ConflictMode.NET_SIGNAL, 1): "long entries keep the difference",
    **{
        (mode, side): outcome
        for mode in (ConflictMode.FIRST_WINS, ConflictMode.PRIORITY)
        for side, outcome in {
            -1: "short entries act",
            0: "only the winner's entries act",
            1: "long entries act",
        }.items()
    },
}


class Recorded:
    """Be an engine that has recorded some events.

    Args:
        unit: its money unit.
        blocks: its events.
        half_step: how far it came.
    """

    def __init__(self, unit, blocks, half_step):
        self.unit, self.half_step = unit, half_step
        self._blocks = blocks

    def events(self):
        return self._blocks


def finished(level="info", shift=0):
    """Run something with names that JSON escapes."""
    bars = {symbol: walk(symbol, 60, 1) for symbol in INSTRUMENTS}
    for series in bars.values():
        series.close_time.setflags(write=True)
        series.close_time[:] += shift
    pairs = [(named(Cross() if number else Swing(), name), Decimal("0.3")) for number, name in enumerate(STRATEGIES)]
    config = OrchestratorConfig(instruments=INSTRUMENTS, logging_level=level)
    return StrategyOrchestrator(pairs, config).run(bars, Decimal(100_000))


def rows_of_every_kind(result, count, seed):
    """Make rows of every kind with every reason: negative, zero and large numbers, absent fields."""
    generator = np.random.default_rng(seed)
    rows = np.zeros(count, EVENT)
    rows["step"] = np.sort(generator.integers(0, len(result.market.timeline.times), count))
    rows["cell"] = generator.integers(0, len(result.cells.members), count)
    rows["kind"] = generator.choice([kind.value for kind in EventKind], count)
    rows["reason"] = generator.choice([reason.value for reason in Reason], count)
    rows["side"] = generator.choice([-1, 0, 1], count)
    rows["order_kind"] = generator.choice([kind.value for kind in OrderKind], count)
    rows["exit"] = generator.integers(0, 2, count)
    rows["order"] = generator.integers(0, 1 << 31, count)
    for name in ("quantity", "position", "price", "notional", "fee", "realised", "slippage", *MONEY):
        magnitude = 10 ** generator.integers(0, 18, count)
        rows[name] = generator.integers(-9, 10, count) * magnitude + generator.choice([0, 0, 1, -7], count)
    is_moved = rows["kind"] == EventKind.CAPITAL_MOVED
    rows["order"][is_moved] = generator.integers(-1, len(result.cells.members), is_moved.sum())
    is_limit = np.isin(rows["kind"], LIMIT_KINDS)
    rows["maker"][is_limit] = generator.integers(0, 5, is_limit.sum())
    rows["exit"][is_limit] = np.where(rows["maker"][is_limit] == LimitScope.GROUP, 1, 0)
    is_closed = rows["kind"] == EventKind.POSITION_CLOSED
    closed = rows.view(CLOSED)
    closed["entry_step"][is_closed] = rows["step"][is_closed] // 2
    closed["bars_held"][is_closed] = generator.integers(0, 100, is_closed.sum())
    is_conflict = rows["kind"] == EventKind.CONFLICT_DETECTED
    modes = generator.choice(list(OUTCOMES), is_conflict.sum())
    rows["order_kind"][is_conflict], rows["side"][is_conflict] = modes.T
    rows["order"][is_conflict] = generator.integers(0, len(result.cells.members) + 1, is_conflict.sum())
    return rows


def recorded(rows, parts=1, **options):
    """Give a result whose engine recorded these rows."""
    result = finished(**options)
    rows = rows_of_every_kind(result, rows, 5)
    risk = RiskOptions.model_validate({"groups": {"some": [next(iter(INSTRUMENTS))]}, "group_exposure": {"some": "1%"}})
    result = dataclasses.replace(result, config=result.config.model_copy(update={"risk": risk}))
    engine = Recorded(MoneyUnit(10), np.array_split(rows, parts), result.engine.half_step)
    return dataclasses.replace(result, engine=engine, conflicts_detected=1), rows


def decimal(number, step):
    """Write a number of steps plainly."""
    text = format(Decimal(int(number)) * step, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


class Plain:
    """Format events one by one, as a reader would write it down."""

    def __init__(self, result, *, digits=0):
        self.result, self.digits = result, digits
        self.entering = []
        self.unit = Decimal(1).scaleb(-result.engine.unit.digits)

    def records(self, rows):
        return [self.record(sequence, row) for sequence, row in enumerate(rows, 1)]

    def time(self, step):
        unit = "us" if self.digits else "s"
        moment = self.result.market.timeline.times[step].astype("M8[ns]")
        return str(np.datetime_as_string(moment, unit=unit, timezone="UTC"))

    def record(self, sequence, row):
        kind, cell = EventKind(row["kind"]), row["cell"]
        strategy, symbol = (
            list(self.result.strategy_results)[self.result.cells.members[cell]],
            self.result.cells.symbols[cell],
        )
        instrument = INSTRUMENTS[symbol]
        money = {name: decimal(row[name], self.unit) for name in ("notional", "fee", "realised", "slippage", *MONEY)}
        account = {name: money[name] for name in MONEY}
        price = decimal(row["price"], instrument.tick)
        quantity, position = (decimal(row[name], instrument.lot) for name in ("quantity", "position"))
        reason, is_exit, buys = Reason(row["reason"]).wire, bool(row["exit"]), row["side"] > 0
        order = {
            "order": int(row["order"]),
            "order_kind": ORDER_KINDS.get(row["order_kind"]),
            "side": "buy" if buys else "sell",
            "is_exit": is_exit,
            "quantity": quantity,
            "price": price,
            **({"reason": reason} if row["reason"] else {}),
            **account,
        }
        trade = {"trade": int(row["order"]), "side": "long" if buys else "short"}
        closed = np.atleast_1d(row).view(CLOSED)[0]
        if kind == EventKind.SIGNAL_GENERATED:
            action = ("exit_short" if buys else "exit_long") if is_exit else ("enter_long" if buys else "enter_short")
            if not is_exit:
                self.entering.append((row["step"], symbol, strategy, action))
            free = min(int(row["allocated"]) - int(row["used"]), int(row["cash"])) - int(row["reserved"])
            content = {
                "action": action,
                "price": price,
                **({"reason": reason} if row["reason"] else {}),
                "available": decimal(max(free, 0), self.unit),
                **account,
            }
        elif kind == EventKind.SIGNAL_REJECTED:
            side = {1: "buy", 0: "both", -1: "sell"}[int(row["side"])]
            content = {
                "reason": reason,
                "side": side,
                "is_exit": is_exit,
                "quantity": quantity,
                "price": price,
            } | account
        elif kind == EventKind.CONFLICT_DETECTED:
            wishes = {
                who: action for step, where, who, action in self.entering if (step, where) == (row["step"], symbol)
            }
            mode = ConflictMode(row["order_kind"])
            members = [list(self.result.strategy_results)[member] for member in self.result.cells.members]
            content = {
                "strategies": wishes,
                "resolution_mode": mode.name.lower(),
                **({"winner": members[row["order"] - 1]} if row["order"] else {}),
                "outcome": OUTCOMES[mode, int(row["side"])],
            }
        elif kind == EventKind.FEE_TIER_CHANGED:
            rates = {name: decimal(row[column], Decimal("1e-9")) for name, column in RATES.items()}
            content = {"tier": int(row["order"]), "volume": money["notional"], **rates}
            return {"sequence": sequence, "time": self.time(row["step"]), "kind": kind.name, **content}
        elif kind in (
            EventKind.ORDER_CREATED,
            EventKind.ORDER_REDUCED,
            EventKind.ORDER_CANCELLED,
            EventKind.ORDER_LIMITED,
        ):
            content = order
            if kind == EventKind.ORDER_LIMITED:
                content = order | {"filled": decimal(row["notional"], instrument.lot)}
        elif kind == EventKind.ORDER_FILLED:
            content = order | {name: money[name] for name in ("notional", "fee", "realised", "slippage")}
            content["position"] = position
        elif kind in (EventKind.POSITION_OPENED, EventKind.POSITION_MODIFIED):
            content = {**trade, "quantity": quantity, "position": position, "price": price}
        elif kind == EventKind.ORDERS_NETTED:
            content = {
                "orders": int(row["order"]),
                "side": {1: "buy", 0: None, -1: "sell"}[int(row["side"])],
                "quantity": quantity,
                "crossed": position,
                "price": price,
                **{name: money[name] for name in ("notional", "fee", "slippage")},
                "saved": money["realised"],
                "cash": money["cash"],
            }
        elif kind == EventKind.CAPITAL_MOVED:
            content = self.moved(row, reason) | account
        elif kind in LIMIT_KINDS:
            head = {"sequence": sequence, "time": self.time(row["step"]), "kind": kind.name}
            return head | self.limited(row, strategy, symbol, {"quantity": quantity, "price": price})
        elif kind in (EventKind.CARRY_POSTED, EventKind.POSITION_ADJUSTED, EventKind.CURRENCY_CONVERTED):
            content = {**trade, "quantity": quantity, "position": position, "price": price, "reason": reason}
            if kind == EventKind.CARRY_POSTED:
                content["amount"] = money["realised"]
            elif kind == EventKind.CURRENCY_CONVERTED:
                content |= {"returned": money["notional"], "amount": money["realised"]}
            else:
                content |= {"paid": money["notional"], "realised": money["realised"]}
            content |= account
        else:
            content = {
                **trade,
                "reason": reason,
                "quantity": quantity,
                "price": price,
                "pnl": decimal(int(row["realised"]) - int(row["fee"]) + int(closed["carried"]), self.unit),
                "fees": money["fee"],
                "slippage": money["slippage"],
                "highest": decimal(closed["highest"], instrument.tick),
                "lowest": decimal(closed["lowest"], instrument.tick),
                "entry_time": self.time(closed["entry_step"]),
                "bars_held": int(closed["bars_held"]),
            }
        of_symbol = (EventKind.CONFLICT_DETECTED, EventKind.ORDERS_NETTED)
        who = {} if kind in of_symbol else {"strategy_id": strategy}
        where = {} if kind == EventKind.CAPITAL_MOVED else {"symbol": symbol}
        head = {"sequence": sequence, "time": self.time(row["step"]), "kind": kind.name}
        return {**head, **who, **where, **content}

    def limited(self, row, strategy, symbol, wish):
        scope, overlay = LimitScope(row["maker"]), np.atleast_1d(row).view(REACHED)[0]
        amounts = {name: decimal(overlay[name], self.unit) for name in ("maximum", "value", "asked")}
        side = {1: {"side": "buy"}, 0: {}, -1: {"side": "sell"}}[int(row["side"])]
        who = {
            **({"strategy_id": strategy} if scope in (LimitScope.CELL, LimitScope.STRATEGY) else {}),
            **({"symbol": symbol} if scope in (LimitScope.CELL, LimitScope.SYMBOL) else {}),
            **({"group": "some"} if scope is LimitScope.GROUP else {}),
        }
        content = {"scope": scope.name.lower(), **who, "limit": Reason(row["reason"]).wire}
        if row["kind"] == EventKind.LIMIT_RELEASED:
            return content | {name: amounts[name] for name in ("maximum", "value")}
        action = LimitAction(row["order_kind"]).name.lower()
        return content | {"action": action, **amounts, **side, **wish}

    def moved(self, row, reason):
        other, told = int(row["order"]), np.atleast_1d(row).view(MOVED)[0]
        names, members = list(self.result.strategy_results), self.result.cells.members
        idle = int(self.result.unallocated / self.unit) if other < 0 else 0
        mine, others = int(told["equity"]), int(told["other_equity"]) + idle
        change = int(row["side"]) * int(row["notional"])
        amounts = {
            "equity_before": mine - change,
            "equity_after": mine,
            "other_equity_before": others + change,
            "other_equity_after": others,
        }
        return {
            "direction": "gets" if row["side"] > 0 else "gives",
            "other": "unallocated" if other < 0 else names[members[other]],
            "amount": decimal(row["notional"], self.unit),
            "reason": reason,
            **{name: decimal(units, self.unit) for name, units in amounts.items()},
        }


def encoded(records):
    """Write records plainly."""
    return "".join(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n" for record in records).encode()


@pytest.mark.parametrize(("rows", "parts"), [(3000, 1), (9000, 7), (0, 1)])
def test_every_kind_of_event_is_written_as_plain_formatting_writes_it(rows, parts):
    """The same bytes for every kind and reason, however the events are cut into blocks; money is exact. (B-28, B-22)"""
    result, rows = recorded(rows, parts)
    expected = Plain(result).records(rows)
    if len(rows):
        assert {record["kind"] for record in expected} == {kind.name for kind in EventKind}
    assert b"".join(event_lines(result)) == encoded(expected)
    assert list(result.events()) == expected


def test_times_between_seconds_are_written_to_the_microsecond():
    """Where any bar closes within a second, all times have six digits. (B-22)"""
    result, rows = recorded(500, shift=1_234_000)
    assert b"".join(event_lines(result)) == encoded(Plain(result, digits=6).records(rows))
    assert all(record["time"].endswith(".001234Z") for record in result.events())


def test_every_kind_of_event_has_a_form():
    """An event of a new kind is not left out. (B-22)"""
    assert set(event_forms(EventNames.of(finished()))) == set(EventKind)


def told(event):
    """Say plainly what the log tells about an event: level, name, members."""
    kind, reason = event["kind"], event.get("reason")
    wish = {name: event[name] for name in ("side", "quantity", "price") if name in event}
    limit = {"used_capital": "used", "allocation_limit": "allocated", "reserved_capital": "reserved"}
    limit = {name: event[source] for name, source in limit.items() if source in event}
    if kind == "SIGNAL_GENERATED":
        members = {"signal_type": event["action"], "bar_date": event["time"], "capital_available": event["available"]}
        return "info", "strategy_signal", members
    if kind in ("SIGNAL_REJECTED", "ORDER_CANCELLED", "ORDER_REDUCED") and reason == "capital_limit":
        name = "capital_limit_reduced" if kind == "ORDER_REDUCED" else "capital_limit_hit"
        return "warning", name, {**limit, "rejected_signal": wish}
    if kind == "SIGNAL_REJECTED":
        return "warning", "signal_rejected", {"reason": reason, "is_exit": event["is_exit"], **wish}
    if kind == "CONFLICT_DETECTED":
        told_of = ("strategies", "resolution_mode", "winner", "outcome")
        return "warning", "conflict_detected", {name: event[name] for name in told_of if name in event}
    if kind == "LIMIT_REACHED":
        names = ("limit", "scope", "action", "maximum", "value", "asked", "side", "quantity", "price")
        return "warning", "limit_reached", {name: event[name] for name in names if name in event}
    if kind == "LIMIT_RELEASED":
        return "info", "limit_released", {name: event[name] for name in ("limit", "scope", "maximum", "value")}
    if kind == "ORDER_LIMITED":
        return "info", "volume_limit_hit", {"order": event["order"], "is_exit": event["is_exit"], **wish}
    if kind == "FEE_TIER_CHANGED":
        return "info", "fee_tier_changed", {n: event[n] for n in ("tier", "volume", "taker_fee", "maker_fee")}
    if kind in ("ORDER_CREATED", "ORDER_CANCELLED") and not event["is_exit"]:
        name = "capital_reserved" if kind == "ORDER_CREATED" else "reservation_released"
        why = {"reason": reason} if reason else {}
        return "info", name, {"order": event["order"], **wish, "reserved_capital": event["reserved"], **why}
    if kind == "ORDER_FILLED":
        money = {name: event[name] for name in ("order", "notional", "fee", "realised", "cash")}
        limits = {name: limit[name] for name in ("used_capital", "reserved_capital", "allocation_limit")}
        return "info", "capital_released" if event["is_exit"] else "capital_allocated", money | limits
    if kind == "ORDERS_NETTED":
        return "info", "orders_netted", {n: event[n] for n in event if n not in ("sequence", "time", "kind", "symbol")}
    if kind == "CAPITAL_MOVED":
        names = ("direction", "other", "amount", "reason")
        names += ("equity_before", "equity_after", "other_equity_before", "other_equity_after")
        return "info", "capital_moved", {**{n: event[n] for n in names}, "allocation_limit": event["allocated"]}
    if kind == "CURRENCY_CONVERTED":
        names = ("reason", "side", "quantity", "price", "returned", "amount", "cash")
        return "info", "currency_converted", {name: event[name] for name in names}
    if kind in ("CARRY_POSTED", "POSITION_ADJUSTED"):
        amount = "amount" if kind == "CARRY_POSTED" else "paid"
        return (
            "info",
            kind.lower(),
            {name: event[name] for name in ("reason", "side", "position", "price", amount, "cash")},
        )
    return None


@pytest.mark.parametrize("level", ["info", "warning"])
def test_the_log_is_written_as_plain_formatting_writes_it(level):
    """The same bytes for whatever the log tells about an event. (B-22, B-55)"""
    result, rows = recorded(5000, 3, level=level)
    expected = []
    for event in Plain(result).records(rows):
        found = told(event)
        if found and (level == "info" or found[0] == "warning"):
            who = {name: event[name] for name in ("sequence", "strategy_id", "symbol", "group") if name in event}
            expected.append({"time": event["time"], "level": found[0], "event": found[1], **who, **found[2]})
    # What is about the whole run, at its beginning and its end, comes from no event.
    lines = b"".join(completed_log(result)).splitlines(keepends=True)
    written = b"".join(line for line in lines if b'"sequence":' in line)
    assert written == encoded(expected)


def test_a_conflict_across_blocks_tells_all_wishes():
    """Entries of the same step count, though the engine's memory was emptied between them and the conflict. (B-58)"""
    result = finished()
    rows = np.zeros(3, EVENT)
    rows["kind"] = EventKind.SIGNAL_GENERATED, EventKind.SIGNAL_GENERATED, EventKind.CONFLICT_DETECTED
    cells = [cell for cell, symbol in enumerate(result.cells.symbols) if symbol == "Z"]
    rows["cell"] = cells[0], cells[1], cells[0]
    rows["side"] = 1, -1, 0
    engine = Recorded(MoneyUnit(8), [rows[:1], rows[1:2], rows[2:]], 2)
    changed = dataclasses.replace(result, engine=engine, conflicts_detected=1)
    conflict = lines_of(event_lines(changed))[-1]
    names = [list(result.strategy_results)[result.cells.members[cell]] for cell in cells[:2]]
    assert conflict["strategies"] == dict(zip(names, ("enter_long", "enter_short"), strict=True))
