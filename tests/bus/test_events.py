"""The classes of events, and what a whole run makes of them."""

from __future__ import annotations

import ast
import dataclasses
import json
from pathlib import Path
from typing import get_type_hints

import pytest

from podium.bus.events import EVENTS, CandleRouted, Event, Nature
from podium.bus.translation import events_of
from podium.core.times import iso, parse_time

SOURCE = Path(__file__).resolve().parents[2] / "src" / "podium"
LOCAL = {
    "NEW_CANDLE", "DATA_FETCH_FAILED", "INDICATORS_UPDATED", "REGIME_CHANGED", "SIGNAL_GENERATED", "SIGNAL_VALIDATED",
    "SIGNAL_REJECTED", "TRADE_EXECUTED", "TRADE_FAILED", "SERVICE_STARTED", "SERVICE_STOPPED", "SERVICE_ERROR",
    "ORCHESTRATOR_STARTED", "ORCHESTRATOR_STOPPED", "ORCHESTRATOR_PAUSED", "ORCHESTRATOR_RESUMED",
    "ACTION_EXECUTED", "SIGNAL_NEW", "EXIT_SIGNAL", "CANDLE_ROUTED",
}  # fmt: skip
EXTERNAL = {
    "ORDER_CREATED", "ORDER_FILLED", "ORDER_PARTIALLY_FILLED", "ORDER_REJECTED", "ORDER_CANCELLED", "POSITION_OPENED",
    "POSITION_CLOSED", "POSITION_MODIFIED", "RISK_LIMIT_BREACHED", "STOP_LOSS_HIT", "TAKE_PROFIT_HIT", "TRADE_EXECUTED",
}  # fmt: skip


def test_every_event_that_is_promised_exists_and_no_other():
    """By its name on the wire. (C-14, C-15, C-16, C-17, C-18, C-19, C-20, C-21, C-22, C-23)"""
    assert set(EVENTS) == LOCAL | EXTERNAL
    assert {kind for kind, each in EVENTS.items() if each.is_external} == EXTERNAL
    assert all(each.nature is Nature.DOMAIN for each in EVENTS.values() if each.is_external)


def test_every_event_that_is_not_the_engine_s_is_made_by_a_part_of_the_system():
    """Nothing is declared that nobody publishes; domain events are made by the translation, see below. (C-14)"""
    trees = [ast.parse(path.read_text()) for path in (SOURCE / "live").rglob("*.py")]
    made = {
        node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {each.__name__ for each in EVENTS.values() if each.nature is not Nature.DOMAIN} <= made


@pytest.mark.parametrize("each", EVENTS.values(), ids=EVENTS)
def test_an_event_is_a_frozen_value_with_the_tags_of_all_events(each):
    """Time, symbol, strategy and correlation id, on every one."""
    assert each.__dataclass_params__.frozen
    assert "__dict__" not in dir(each)
    assert {field.name for field in dataclasses.fields(Event)} <= {field.name for field in dataclasses.fields(each)}


@pytest.mark.parametrize(
    "kind", ["POSITION_OPENED", "POSITION_CLOSED", "ACTION_EXECUTED", "SIGNAL_NEW", "EXIT_SIGNAL", "CANDLE_ROUTED"]
)
def test_events_of_a_strategy_cannot_be_made_without_it(kind):
    """They carry ``strategy_id``. (A-37, A-38, A-39, A-40, A-41, A-45)"""
    assert get_type_hints(EVENTS[kind])["strategy_id"] is str


def test_a_routed_candle_tells_strategy_symbol_and_timestamp():
    """The close of the bar that was handed over. (A-45)"""
    event = CandleRouted(time=5, symbol="BTC/USDT", strategy_id="trend")
    assert (event.strategy_id, event.symbol, event.timestamp) == ("trend", "BTC/USDT", 5)


def test_every_domain_event_of_a_run_can_be_told(lines):
    """Every name of a domain event is made somewhere, with the members of its line. (C-16, C-17, C-20, C-21, C-22)"""
    kinds = set()
    for number, line in enumerate(lines, 1):
        members = json.loads(line)
        for event in events_of(kind=members["kind"], time=parse_time(members["time"]), body=line):
            kinds.add(event.kind)
            assert (event.sequence, iso(event.time)) == (number, members["time"])
            assert (event.strategy_id, event.symbol) == (members.get("strategy_id"), members.get("symbol"))
            check_types(event)
    assert kinds == {kind for kind, each in EVENTS.items() if each.nature is Nature.DOMAIN}


def check_types(event):
    """Every field holds what its annotation says."""
    for name, wanted in get_type_hints(type(event)).items():
        if name not in ("kind", "nature", "is_external"):
            assert isinstance(getattr(event, name), wanted), (event, name)
