"""A bar goes through the services of its symbol, its time step, the journal and out."""

from __future__ import annotations

import json

import pytest
from live_bars import START, bar, close_of
from live_system import A, B, System, entry, fill, minutes

from podium.bus.events import EVENTS, Event
from podium.core.errors import JournalFailed
from podium.journal.records import Stream
from podium.live.inputs import StepInput, read_input
from podium.testing.clock import VirtualClock
from podium.testing.feed import Cue, ScriptedFeed
from podium.testing.journal import MemoryJournal
from podium.venues.paper import PaperVenue

SERVICES = ("SERVICE_STARTED", "SERVICE_STOPPED")


def test_a_bar_becomes_an_order_and_a_trade():
    """Fetch, candle, indicators, signal, execution, order, position: in this order. (C-24, C-32, C-33, A-45)"""
    system = System((A,), script={1: entry(A), 2: fill(A)}, feed=minutes((A,), (1, 2))).play()
    flow = [kind for kind, _ in system.kinds(*SERVICES)]
    assert flow == [
        "ORCHESTRATOR_STARTED", "ORCHESTRATOR_STARTED",
        "NEW_CANDLE", "INDICATORS_UPDATED", "CANDLE_ROUTED", "CANDLE_ROUTED", "SIGNAL_GENERATED", "SIGNAL_NEW",
        "SIGNAL_VALIDATED", "ORDER_CREATED", "ACTION_EXECUTED",
        "NEW_CANDLE", "INDICATORS_UPDATED", "CANDLE_ROUTED", "CANDLE_ROUTED",
        "ORDER_FILLED", "TRADE_EXECUTED", "POSITION_OPENED",
        "ORCHESTRATOR_STOPPED", "ORCHESTRATOR_STOPPED",
    ]  # fmt: skip
    assert system.venue.sent == 1


def test_one_correlation_id_leads_from_the_candle_to_the_trade():
    """The fill of the next bar carries the id of the bar that decided it, in the journal and on the bus. (C-28)"""
    system = System((A,), script={1: entry(A), 2: fill(A)}, feed=minutes((A,), (1, 2))).play()
    first = f"{A}@2024-01-01T00:01:00Z"
    told = {event.kind for event in system.events if event.correlation_id == first}
    assert {"NEW_CANDLE", "INDICATORS_UPDATED", "SIGNAL_GENERATED", "ORDER_CREATED", "ORDER_FILLED"} <= told
    assert {"TRADE_EXECUTED", "POSITION_OPENED", "ACTION_EXECUTED"} <= told
    assert {record.correlation_id for record in system.journal.read(Stream.DOMAIN)} == {first}


def test_events_of_a_strategy_carry_its_tag_end_to_end():
    """From the engine to the bus and the journal. (A-37, A-42)"""
    system = System((A,), script={1: entry(A), 2: fill(A)}, feed=minutes((A,), (1, 2))).play()
    tagged = [event for event in system.events if event.nature.value == "domain" or event.kind == "ACTION_EXECUTED"]
    assert len(tagged) == 8
    assert {event.strategy_id for event in tagged} == {"trend"}
    assert all(json.loads(record.body)["strategy_id"] == "trend" for record in system.journal.read(Stream.DOMAIN))


def test_one_bus_reaches_listeners_of_all_symbols_and_strategies():
    """A listener for one strategy gets only its events; one for all gets untagged ones, too. (A-28, A-43, A-44)"""
    system = System(script={1: [*entry(A), *entry(B, "reversal")]}, feed=minutes((A, B), (1,)))
    mine, everything = [], []
    system.orchestrator.bus.on_strategy_event("reversal", mine.append)
    system.orchestrator.bus.on_strategy_event(None, everything.append)
    system.play()
    assert {event.strategy_id for event in mine} == {"reversal"}
    assert {event.symbol for event in mine if event.kind == "ORDER_CREATED"} == {B}
    assert {event.strategy_id for event in everything} == {None, "trend", "reversal"}
    assert {event.symbol for event in everything} == {None, A, B}


def test_an_input_is_recorded_before_what_came_of_it():
    """And each step with all that the engine was given. (D-02)"""
    system = System(script={1: entry(A)}, feed=minutes((A, B), (1, 2))).play()
    order = [record.stream for record in system.journal.records if record.stream is not Stream.OPERATIONAL]
    assert order == [Stream.INPUT, Stream.DOMAIN, Stream.DOMAIN, Stream.INPUT]
    first, second = (read_input(record.kind, record.body) for record in system.journal.read(Stream.INPUT))
    assert first == StepInput(time=close_of(1), released_at=close_of(1), bars={A: bar(1, A), B: bar(1, B)})
    assert second.time == close_of(2)


class NotingVenue(PaperVenue):
    """A venue that notes when it was given what."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.noted = clock, []

    async def send(self, orders):
        self.noted.append((self.clock.monotonic(), [order.order for order in orders]))
        await super().send(orders)


def noting(**options):
    clock = VirtualClock(START)
    return System((A,), clock=clock, venue=NotingVenue(clock), **options)


def test_an_order_leaves_only_when_it_is_durable():
    """A slow journal holds orders back, and nothing else. (D-02)"""
    journal = MemoryJournal(seconds=5.0)
    system = noting(script={1: entry(A)}, feed=minutes((A,), (1, 2)), journal=journal).play()
    assert system.venue.noted == [(65.0, [1])]
    assert system.stepper.steps == [(1, {A: 1}), (2, {A: 2})]
    assert system.orchestrator.check_health()["state"] == "stopped"


@pytest.mark.parametrize(("mode", "noted"), [("immediate", [[1], [2]]), ("batch", [[1, 2]])])
def test_orders_go_one_by_one_or_all_of_a_step_at_once(mode, noted):
    """As the file says. (C-50)"""
    script = {1: [*entry(A), *entry(A, "reversal", order=2)]}
    services = {"trade_execution": {"execution_mode": mode}}
    system = noting(script=script, feed=minutes((A,), (1,)), services=services).play()
    assert [orders for _, orders in system.venue.noted] == noted


def test_a_full_disk_ends_trading_with_the_error_and_no_order_leaves():
    """What cannot be recorded is not done: the engine is not even asked. (D-02)"""
    journal = MemoryJournal(fails_after=8)  # what was started, and the first step
    system = noting(script={1: [], 2: entry(A)}, feed=minutes((A,), (1, 2, 3)), journal=journal)
    with pytest.raises(JournalFailed, match="no space left"):
        system.play()
    assert system.stepper.steps == [(1, {A: 1}), (2, {A: 2})]
    assert system.venue.noted == []
    assert system.orchestrator.state.value == "stopped"
    assert [line for line in system.log.lines if line["event"] == "halted"] == [
        {"level": "error", "event": "halted", "error": "JournalFailed",
         "message": "no space left on device\n  hint: make room and start again"}
    ]  # fmt: skip


def test_an_engine_that_fails_ends_trading_with_its_error():
    """It may be halfway through a step. (D-02)"""

    def fail(_stepper):
        raise ArithmeticError("the ledger does not add up")

    system = System(script={2: fail}, feed=minutes((A, B), (1, 2, 3)))
    with pytest.raises(ArithmeticError, match="ledger"):
        system.play()
    assert [time for time, _ in system.stepper.steps] == [1, 2]


def test_a_symbol_that_is_late_gets_a_step_of_its_own():
    """The others wait for a second, and the late bar is reported. (C-30)"""
    system = System(feed=minutes((A, B), (1, 2), {(B, 1): 3.0})).play()
    assert system.stepper.steps == [(1, {A: 1}), (1, {B: 1}), (2, {A: 2, B: 2})]
    assert system.operations("BAR_LATE") == [("BAR_LATE", {"symbol": B, "close_time": "2024-01-01T00:01:00Z"})]
    released = [read_input(each.kind, each.body).released_at for each in system.journal.read(Stream.INPUT)]
    assert released == [close_of(1) + 10**9, close_of(1) + 3 * 10**9, close_of(2)]


def test_entries_on_a_stale_bar_are_refused_and_only_those():
    """A bar that was filled in closed too long ago to enter on it. (C-30)"""

    def feed(clock):
        cues = [Cue(at=close_of(number), bar=bar(number)) for number in (1, 4)]
        return ScriptedFeed({A: cues}, clock, {A: [bar(number) for number in range(1, 5)]})

    system = System((A,), feed=feed).play()
    assert system.stepper.steps == [(1, {A: 1}), (2, {A: 2}), (3, {A: 3}), (4, {A: 4})]
    assert system.stepper.gates == [("closed", "stale", None, A), ("open", "stale", None, A)]
    filled = [event.is_back_filled for event in system.events if event.kind == "NEW_CANDLE"]
    assert filled == [False, True, True, False]


def test_entries_wait_for_the_bars_that_the_file_asks_for():
    """The gate is an input of the journal, like everything that the engine is given. (C-49)"""
    services = {"strategy_evaluation": {"min_rows_required": 3}}
    system = System((A,), feed=minutes((A,), (1, 2, 3, 4)), services=services).play()
    assert system.stepper.gates == [("closed", "warming", None, A), ("open", "warming", None, A)]
    kinds = [record.kind for record in system.journal.read(Stream.INPUT)]
    assert kinds == ["GATE", "STEP", "STEP", "GATE", "STEP", "STEP"]
    gate = next(system.journal.read(Stream.INPUT))
    assert read_input(gate.kind, gate.body).symbol == A


def test_the_last_rows_are_kept_and_no_more():
    """So many as the file says. (C-48)"""
    services = {"indicator_calculation": {"recent_rows_limit": 2}}
    system = System((A,), feed=minutes((A,), range(1, 6)), services=services).play()
    recent = system.orchestrator.orchestrators[A].service("indicator_calculation").recent
    assert [delivery.bar for delivery in recent] == [bar(4), bar(5)]


@pytest.mark.parametrize(
    ("tracks", "changes"), [(True, [(None, "calm"), ("calm", "wild"), ("wild", "calm")]), (False, [])]
)
def test_a_regime_is_told_only_when_it_changes(tracks, changes):
    """And not at all where the file says so; an unknown one changes nothing. (C-32, C-48)"""
    section = {"track_regime_changes": tracks, "regimes": {"calm": "close < 104", "wild": "close > 105"}}
    system = System((A,), feed=minutes((A,), range(1, 8)), services={"indicator_calculation": section}).play()
    assert [(each.previous, each.current) for each in system.events if each.kind == "REGIME_CHANGED"] == changes


def test_a_service_that_is_disabled_is_not_made():
    """Bars and indicators go on; nothing is decided. (C-52)"""
    off = {"enabled": False}
    services = {"strategy_evaluation": off, "trade_execution": off}
    system = System((A,), feed=minutes((A,), (1, 2)), services=services).play()
    assert [each.name for each in system.orchestrator.orchestrators[A].services] == [
        "data_fetching", "indicator_calculation"
    ]  # fmt: skip
    assert system.stepper.calculated[A] == [close_of(1), close_of(2)]
    assert system.stepper.steps == []


def test_without_execution_strategies_are_watched_and_nothing_is_entered():
    """Every entry is gated from the start. (C-34, C-52)"""
    system = System((A,), feed=minutes((A,), (1, 2)), services={"trade_execution": {"enabled": False}}).play()
    assert system.stepper.gates == [("closed", "paused", None, None)]
    assert [time for time, _ in system.stepper.steps] == [1, 2]


def test_what_concerns_the_portfolio_is_published_and_pauses_it_while_it_lasts():
    """A limit of the account that closes everything: paused until it lets go; entries are refused by the engine. (C-45, C-68)"""
    limit = {
        "limit": "daily_loss", "scope": "portfolio", "action": "close", "maximum": "5", "value": "6", "asked": "6",
        "quantity": "0", "price": "0",
    }  # fmt: skip
    released = {"limit": "daily_loss", "scope": "portfolio", "maximum": "5", "value": "0"}
    script = {1: [("LIMIT_REACHED", None, None, limit)], 3: [("LIMIT_RELEASED", None, None, released)]}
    system = System((A,), script=script, feed=minutes((A,), (1, 2, 3, 4)))
    states = []
    system.orchestrator.bus.subscribe(EVENTS["NEW_CANDLE"], lambda _: states.append(system.orchestrator.state.value))
    system.play()
    assert states == ["running", "paused", "paused", "running"]
    assert ("RISK_LIMIT_BREACHED", None) in system.kinds()
    told = [(event.kind, event.symbol, event.reason) for event in system.events if event.kind in (
        "ORCHESTRATOR_PAUSED", "ORCHESTRATOR_RESUMED")]  # fmt: skip
    assert told == [
        ("ORCHESTRATOR_PAUSED", None, "risk_limit"), ("ORCHESTRATOR_PAUSED", A, "risk_limit"),
        ("ORCHESTRATOR_RESUMED", None, "risk_limit"), ("ORCHESTRATOR_RESUMED", A, "risk_limit"),
    ]  # fmt: skip
    assert system.stepper.gates == []


def test_every_operational_event_is_in_the_journal_and_messages_are_not():
    """Each with its sequence. (C-14, C-18, C-19)"""
    system = System((A,), feed=minutes((A,), (1,))).play()
    operational = [event.kind for event in system.events if event.nature.value == "operational"]
    assert sorted(kind for kind, _ in system.operations()) == sorted(operational)
    assert {"SERVICE_STARTED", "SERVICE_STOPPED", "ORCHESTRATOR_STARTED", "ORCHESTRATOR_STOPPED"} <= set(operational)
    assert not {"NEW_CANDLE", "INDICATORS_UPDATED", "CANDLE_ROUTED"} & {
        record.kind for record in system.journal.records
    }


def test_a_listener_that_raises_disturbs_nobody_and_is_recorded():
    """The others still get the event. (A-46, C-11)"""
    system = System((A,), feed=minutes((A,), (1, 2)))
    heard = []

    def raise_always(_event):
        raise RuntimeError("not my day")

    system.orchestrator.bus.subscribe(EVENTS["NEW_CANDLE"], raise_always, owner="somebody")
    system.orchestrator.bus.subscribe(EVENTS["NEW_CANDLE"], heard.append)
    system.play()
    assert len(heard) == 2
    assert [body for _, body in system.operations("LISTENER_FAILED")] == [
        {"symbol": A, "owner": "somebody", "event_kind": "NEW_CANDLE", "error": "RuntimeError: not my day"}
    ] * 2
    assert [time for time, _ in system.stepper.steps] == [1, 2]
    assert isinstance(heard[0], Event)
