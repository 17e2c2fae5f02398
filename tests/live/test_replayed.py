"""The running system around the real engine and a journal on disk does what a backtest does."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest
from live_bars import START
from live_system import Lines
from portfolios import FORMS, Swing, configuration, named, orchestrate, walk
from stepping import stepper_of

from podium import Strategy
from podium.backtest.records import event_lines
from podium.journal.journal import open_journal
from podium.journal.records import Stream
from podium.live.action_queue import ActionQueue
from podium.live.correlation import Correlations
from podium.live.holdings import holdings
from podium.live.inputs import StepInput, read_input
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.position_lifecycle import PositionLifecycle
from podium.live.replay import ReplayFeed
from podium.live.sides import EntrySide, ExitSide
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.testing.clock import VirtualClock, VirtualLoop, run_virtually
from podium.testing.faults import Faults
from podium.venues.paper import PaperVenue

CAPITAL = Decimal(100_000)
SYMBOLS = ("X", "Y", "Z")


class Waited:
    """A journal on disk that is waited for with the clock standing still."""

    def __init__(self, journal):
        self._journal = journal

    def __getattr__(self, name):
        return getattr(self._journal, name)

    def append(self, records):
        loop = asyncio.get_event_loop()
        future = self._journal.append(records)
        return loop.outside(future) if isinstance(loop, VirtualLoop) and loop.is_running() else future


@pytest.fixture
def market():
    """A portfolio of every form, its bars with holes, and its backtest."""
    bars = {symbol: walk(symbol, 300, missing=0.1) for symbol in SYMBOLS}
    weight = (Decimal(9) / 10 / len(FORMS)).quantize(Decimal("0.01"))
    members = [(named(form(), f"{form.__name__}{place}"), weight, SYMBOLS) for place, form in enumerate(FORMS)]
    orchestrator = orchestrate(members, configuration(*SYMBOLS, finish="keep"))
    return orchestrator, orchestrator.run(bars, CAPITAL)


def live(market, journal, components=None, before=lambda _system: None):
    orchestrator, result = market
    stepper = stepper_of(orchestrator, result.market, CAPITAL)
    clock = VirtualClock(START)
    series = {symbol: result.market.store.series(symbol) for symbol in SYMBOLS}

    async def program():
        system = MultiSymbolTradingOrchestrator(
            stepper, services=ServicesSection(), options=OrchestratorSection(), feed=ReplayFeed(series, clock),
            venue=PaperVenue(), journal=journal, log=Lines(), components=components, correlations=Correlations(),
        )  # fmt: skip
        before(system)
        await system.run()
        return system

    return run_virtually(program(), clock)


def test_a_replay_at_full_speed_equals_the_backtest_event_for_event(market, tmp_path):
    """Through feed, buses, four services a symbol, sequencer, journal and venue. (D-01, C-24)"""
    journal = open_journal(tmp_path / "x.journal")
    system = live(market, Waited(journal))
    expected = b"".join(event_lines(market[1])).splitlines()
    found = [record.body for record in journal.read(Stream.DOMAIN)]
    assert found == expected
    assert len(found) > 100
    steps = [read_input(record.kind, record.body) for record in journal.read(Stream.INPUT)]
    assert all(isinstance(step, StepInput) and step.released_at == step.time for step in steps)
    assert system.runner.steps == len(market[1].market.timeline)
    created = sum(record.kind == "ORDER_CREATED" for record in journal.read(Stream.DOMAIN))
    assert created > 0
    assert journal.verify().problem is None
    journal.close()


@pytest.mark.parametrize("name", ["data_fetching", "indicator_calculation", "strategy_evaluation", "trade_execution"])
def test_services_that_fail_and_recover_change_nothing(market, tmp_path, name):
    """A restart loses no bar and does nothing twice: the events are still those of the backtest. (D-01, C-67)"""
    journal = open_journal(tmp_path / "x.journal")
    live(market, Waited(journal), {"Y": Faults(service=name, skip=20, works=1)})
    assert [record.body for record in journal.read(Stream.DOMAIN)] == b"".join(event_lines(market[1])).splitlines()
    journal.close()


def test_every_entry_is_traced_to_the_bar_that_decided_it(market, tmp_path):
    """The id of a fill is that of its order, and an order's is that of a bar of its symbol. (C-28)"""
    journal = open_journal(tmp_path / "x.journal")
    live(market, Waited(journal))
    ids = {}
    for record in journal.read(Stream.DOMAIN):
        line = json.loads(record.body)
        key = line.get("strategy_id"), line.get("symbol"), line.get("order")
        if record.kind == "ORDER_CREATED":
            ids[key] = record.correlation_id
            assert record.correlation_id == f"{line['symbol']}@{line['time']}"
        elif record.kind == "ORDER_FILLED" and line["order"]:
            assert record.correlation_id == ids[key]
    assert ids
    journal.close()


def test_views_of_a_strategy_follow_its_events_and_no_others(market, tmp_path):
    """Positions, orders, entries and exits, with a strategy or for all; what is open is what the engine holds. (A-36, A-38, A-39, A-40, A-41, A-43)"""
    views = (PositionLifecycle, ActionQueue, EntrySide, ExitSide)
    made = {}

    def look(system):
        for strategy_id in (None, *system.runner.stepper.strategies):
            made[strategy_id] = [view(system.bus, strategy_id) for view in views]

    journal = open_journal(tmp_path / "x.journal")
    system = live(market, Waited(journal), before=look)
    lines = [json.loads(record.body) for record in journal.read(Stream.DOMAIN)]
    journal.close()
    held = holdings(system.runner.stepper)
    for strategy_id, (positions, queue, entries, exits) in made.items():
        mine = [line for line in lines if strategy_id in (None, line.get("strategy_id"))]

        def count(kind, mine=mine, **members):
            return sum(line["kind"] == kind and all(line.get(k) == v for k, v in members.items()) for line in mine)

        own = [each for each in held if strategy_id in (None, each.strategy_id)]
        assert {(key, each.quantity) for key, each in positions.open.items()} == {
            ((each.strategy_id, each.symbol), each.quantity) for each in own
        }
        assert all(each.correlation_id and each.opened_at for each in positions.open.values())
        assert positions.completed == count("POSITION_CLOSED")
        assert sum(queue.executed.values()) == count("ORDER_CREATED") + queue.executed["cancel"]
        assert entries.orders == count("ORDER_CREATED", is_exit=False)
        assert entries.refusals.total() == count("SIGNAL_REJECTED", is_exit=False)
        assert entries.signals + exits.signals == count("SIGNAL_GENERATED")
        assert exits.fills.total() == count("ORDER_FILLED", is_exit=True)
        created = {
            (line["strategy_id"], line["symbol"], line["order"]) for line in mine if line["kind"] == "ORDER_CREATED"
        }
        ended = {
            (line["strategy_id"], line["symbol"], line["order"])
            for line in mine
            if line["kind"] in ("ORDER_FILLED", "ORDER_CANCELLED")
        }
        assert set(queue.working) == created - ended
    assert made[None][0].completed > 0


class Careless(Strategy):
    """Code that enters, and later raises or asks for nonsense."""

    how = "quiet"

    def on_bar(self, bar):
        self.bars = getattr(self, "bars", 0) + 1
        if self.bars == 30:
            self.sell(fraction=0.5, stop=bar.close * 1.02)
        elif self.bars >= 40 and self.how == "raise":
            raise ZeroDivisionError("division by zero")
        elif self.bars >= 40 and self.how == "nonsense":
            self.buy(quantity="a lot")


@pytest.mark.parametrize("how", ["raise", "nonsense"])
def test_a_strategy_that_fails_is_quarantined_alone_and_its_positions_stay_protected(tmp_path, how):
    """The events of all others are those of a run in which it did not fail; an alert; its stop still works. (C-08, D-01)"""
    bars = {symbol: walk(symbol, 300) for symbol in SYMBOLS}

    def portfolio(form):
        members = [
            (named(Swing(), "Swing"), Decimal("0.4"), SYMBOLS),
            (named(form, "Careless"), Decimal("0.4"), ("X",)),
        ]
        return orchestrate(members, configuration(*SYMBOLS, finish="keep"))

    result = portfolio(type("Quiet", (Careless,), {"how": "quiet"})()).run(bars, CAPITAL)
    failing = portfolio(type("Failing", (Careless,), {"how": how})())
    journal = open_journal(tmp_path / "x.journal")
    system = live((failing, result), Waited(journal))
    lines = [json.loads(record.body) for record in journal.read(Stream.DOMAIN)]
    alerts = [json.loads(record.body) for record in journal.read(Stream.OPERATIONAL) if record.kind == "ALERT"]
    journal.close()

    def of(found, name):
        return [
            {key: value for key, value in line.items() if key != "sequence"}
            for line in found
            if line["strategy_id"] == name
        ]

    expected = [json.loads(line) for line in b"".join(event_lines(result)).splitlines()]
    assert of(lines, "Swing") == of(expected, "Swing")
    assert [(each["alert"], each["strategy_id"], each["symbol"]) for each in alerts] == [
        ("strategy_quarantined", "Careless", "X")
    ]
    mine = of(lines, "Careless")
    assert mine == of(expected, "Careless")
    assert [line["reason"] for line in mine if line["kind"] == "POSITION_CLOSED"] == ["stop_loss"]
    assert system.state.value == "stopped"
