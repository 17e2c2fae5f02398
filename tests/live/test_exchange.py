"""A whole system on a synthetic exchange: its inputs, taken again by a fresh engine, give the same events."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from live_bars import MINUTE, START
from live_system import Lines
from portfolios import FORMS, configuration, named, orchestrate

from podium.core.times import to_nanoseconds
from podium.journal.records import Stream
from podium.live.inputs import GateInput, read_input
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.stepper import Stepper
from podium.live.synthetic import SyntheticFeed
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.testing.clock import VirtualClock, run_virtually
from podium.testing.faults import Faults
from podium.testing.journal import MemoryJournal
from podium.venues.paper import PaperVenue

SYMBOLS = ("X", "Y", "Z")
MINUTES = 240


class SlowFor(SyntheticFeed):
    """An exchange whose bars of Z come late every third minute."""

    async def stream(self, symbol):
        async for bar in super().stream(symbol):
            if symbol == "Z" and to_nanoseconds(bar.close_time) // MINUTE.nanoseconds % 3 == 0:
                await asyncio.sleep(1.5)
            yield bar


def make_stepper():
    weight = (Decimal(9) / 10 / len(FORMS)).quantize(Decimal("0.01"))
    members = [(named(form(), f"{form.__name__}{place}"), weight, SYMBOLS) for place, form in enumerate(FORMS)]
    portfolio = orchestrate(members, configuration(*SYMBOLS, conflicts="net_signal", finish="keep"))
    return Stepper(
        portfolio.members, portfolio.config, capital=Decimal(100_000), timeframe=MINUTE,
        instruments={symbol: portfolio.config.instruments[symbol] for symbol in SYMBOLS},
    )  # fmt: skip


def run(components=None):
    clock, journal = VirtualClock(START), MemoryJournal()
    ticks = dict.fromkeys(SYMBOLS, Decimal("0.01"))

    async def program():
        system = MultiSymbolTradingOrchestrator(
            make_stepper(), services=ServicesSection.model_validate({"data_fetching": {"fetch_interval": 3600}}), options=OrchestratorSection(),
            feed=SlowFor(ticks, MINUTE, clock, delay=0.2), venue=PaperVenue(), journal=journal, log=Lines(),
            components=components,
        )  # fmt: skip
        running = asyncio.create_task(system.run())
        await asyncio.sleep(60 * MINUTES / 2)
        system.pause()
        await asyncio.sleep(600)
        system.resume()
        await asyncio.sleep(60 * MINUTES / 2 - 600 + 5)
        system.request_stop()
        await running

    run_virtually(program(), clock)
    return journal


def taken_again(journal):
    """Feed the recorded inputs to a fresh engine, as recovery and parity do."""
    stepper, events = make_stepper(), []
    for record in journal.read(Stream.INPUT):
        given = read_input(record.kind, record.body)
        if isinstance(given, GateInput):
            given.apply(stepper)
        else:
            calculated = {symbol: stepper.calculate(symbol, bar) for symbol, bar in given.bars.items()}
            given.apply(stepper, calculated, MINUTE.nanoseconds)
        events += [event.body for event in stepper.events()]
    return events


@pytest.mark.parametrize("components", [None, {"Y": Faults(service="strategy_evaluation", skip=40, works=3)}])
def test_the_recorded_inputs_give_the_recorded_events(components):
    """With late bars, a pause, conflicts and a service that fails for a while: nothing else matters. (D-01, D-02)"""
    journal = run(components)
    recorded = [record.body for record in journal.read(Stream.DOMAIN)]
    assert taken_again(journal) == recorded
    assert len(recorded) > 200
    late = [record for record in journal.read(Stream.OPERATIONAL) if record.kind == "BAR_LATE"]
    assert len(late) >= MINUTES // 3
    reasons = {b'"reason":"paused"' in body for body in recorded}
    assert reasons == {True, False}


def test_equal_runs_leave_equal_journals():
    """Record for record, times and sequences included: nothing comes from the machine. (D-01)"""
    assert run().records == run().records


def test_nothing_is_lost_and_nothing_comes_twice():
    """Every bar of every symbol is in exactly one step, in order. (C-30, D-02)"""
    steps = [read_input(each.kind, each.body) for each in run().read(Stream.INPUT) if each.kind == "STEP"]
    for symbol in SYMBOLS:
        closes = [to_nanoseconds(step.bars[symbol].close_time) for step in steps if symbol in step.bars]
        assert closes == [START + MINUTE.nanoseconds * number for number in range(len(closes))]
        assert len(closes) >= MINUTES
    times = [step.time for step in steps]
    assert times == sorted(times)
