"""What fails, and what then happens: the states, events, restarts and alerts of each fault, to the second."""

from __future__ import annotations

import pytest
from live_bars import bar, close_of
from live_system import A, B, System, entry, fill, minutes

from podium.core.times import parse_time
from podium.journal.records import Stream
from podium.live.inputs import read_input
from podium.testing.clock import run_virtually
from podium.testing.faults import Faults
from podium.testing.feed import Cue, ScriptedFeed, ScriptedPolls

NAMES = ("data_fetching", "indicator_calculation", "strategy_evaluation", "trade_execution")
FOREVER = 10**9


def faulty(name, *, numbers=range(1, 7), script=None, options=None, until=400, **faults):
    """Run two symbols; a service of the first fails."""
    components = {A: Faults(service=name, **faults)}
    script = script if script is not None else {number: entry(A, order=number) for number in numbers}
    return System(
        (A, B), feed=minutes((A, B), numbers), components=components, script=script, options=options or {}
    ).play(until=until)


def restarts(system):
    """Name what was restarted, and whether it worked then."""
    kinds = ("SERVICE_RESTARTED", "SYMBOL_RESTARTED")
    return [(body.get("service_name", "symbol"), body["works"]) for _, body in system.operations(*kinds)]


def seconds(system, *kinds):
    """Tell when operational events happened, seconds from the start."""
    records = system.journal.read(Stream.OPERATIONAL)
    return [(record.kind, (record.time - close_of(0)) / 1e9) for record in records if record.kind in kinds]


def alerts(system):
    return [(body["alert"], body.get("symbol"), body.get("service_name")) for _, body in system.operations("ALERT")]


def all_steps(numbers=range(1, 7)):
    return [(number, {A: number, B: number}) for number in numbers]


def errors(system):
    return [(event.symbol, event.service_name) for event in system.events if event.kind == "SERVICE_ERROR"]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_raises_once_is_restarted_alone_and_nothing_is_lost(name):
    """It recovers at once, does what it failed at, and every step has both symbols. (C-03, C-62, C-63, C-64, C-67)"""
    system = faulty(name, skip=2, works=1)
    assert errors(system) == [(A, name)]
    assert restarts(system) == [(name, True)]
    assert system.stepper.steps == all_steps()
    assert alerts(system) == []
    assert system.venue.sent == 6
    started = [event.symbol for event in system.events if event.kind == "SERVICE_STARTED"]
    assert started.count(A) == 5
    assert started.count(B) == 4


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_does_not_start_at_first_is_restarted_until_it_does(name):
    """With growing pauses, while the other symbol works; no bar is lost. (C-08, C-67)"""
    system = faulty(name, starts=3)
    assert errors(system) == [(A, name)] * 3
    assert restarts(system) == [(name, False), (name, False), (name, True)]
    assert seconds(system, "SERVICE_RESTARTED") == [
        ("SERVICE_RESTARTED", 0.0), ("SERVICE_RESTARTED", 1.0), ("SERVICE_RESTARTED", 3.0)
    ]  # fmt: skip
    assert system.stepper.steps == all_steps()
    assert alerts(system) == []


@pytest.mark.parametrize("name", NAMES)
def test_after_three_restarts_the_symbol_is_restarted(name):
    """Which helps, here: the service starts the fifth time. (C-65, C-67)"""
    system = faulty(name, starts=4)
    assert restarts(system) == [(name, False)] * 3 + [("symbol", True)]
    assert seconds(system, "SYMBOL_RESTARTED") == [("SYMBOL_RESTARTED", 7.0)]
    assert system.stepper.steps == all_steps()
    assert alerts(system) == []
    assert system.orchestrator.orchestrators[B].service("data_fetching").metrics.errors == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_never_starts_costs_its_symbol_and_no_other(name):
    """Taken out with an alert; the other goes on without waiting for it. (C-08, C-65, C-67)"""
    system = faulty(name, starts=FOREVER, script={}, until=None)
    assert restarts(system) == [(name, False)] * 3 + [("symbol", False)]
    assert alerts(system) == [("symbol_out", A, name)]
    assert system.stepper.steps == [(number, {B: number}) for number in range(1, 7)]
    assert system.stepper.gates == [("closed", "symbol_down", None, A)]
    released = [read_input(each.kind, each.body) for each in system.journal.read(Stream.INPUT)]
    assert [each.released_at for each in released[1:]] == [close_of(number) for number in range(1, 7)]
    assert system.feed.left == {A}


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_always_raises_costs_its_symbol_and_no_other(name):
    """From its third piece of work on: three restarts with back-off, the symbol, out; an alert. (C-08, C-65, C-67)"""
    system = faulty(name, skip=2, works=FOREVER, until=None)
    assert alerts(system) == [("symbol_out", A, name)]
    assert restarts(system)[-1][0] == "symbol"
    assert [each for each, _ in restarts(system)] == [name] * 3 + ["symbol"]
    health = system.orchestrator.orchestrators[A].check_health()
    assert not health["is_healthy"]
    numbers = [step for step, bars in system.stepper.steps if B in bars]
    assert numbers == [1, 2, 3, 4, 5, 6]


def test_the_states_of_a_failure_are_those_of_the_table():
    """RUNNING, ERROR, RECOVERING, RUNNING; the symbol runs throughout. (C-41, C-67)"""
    seen = []
    components = {A: Faults(service="indicator_calculation", skip=1, works=2)}
    system = System((A, B), feed=minutes((A, B), range(1, 4)), components=components)
    service = system.orchestrator.orchestrators[A].service("indicator_calculation")
    service._machine._on_change = lambda _old, new: seen.append(new.value)
    system.play()
    assert seen == [
        "starting", "running", "error", "recovering", "error", "recovering", "running", "stopping", "stopped"
    ]  # fmt: skip


def test_failures_that_lie_apart_are_counted_apart():
    """A service that has worked for a while begins anew. (C-67)"""
    script = dict.fromkeys(range(1, 20), ())
    components = {A: Faults(service="indicator_calculation", skip=1, works=1)}
    system = System((A, B), feed=minutes((A, B), range(1, 20)), components=components, script=script)

    def fail_again(_candle):
        components[A].works = 1

    from podium.bus.events import NewCandle

    system.orchestrator.orchestrators[A].bus.subscribe(
        NewCandle, lambda candle: fail_again(candle) if candle.time == close_of(12) else None
    )
    system.play()
    attempts = [body["attempt"] for _, body in system.operations("SERVICE_RESTARTED")]
    assert attempts == [1, 1]
    assert system.stepper.steps == all_steps(range(1, 20))


def test_failures_in_a_row_are_counted_together_though_each_restart_worked():
    """A service that fails at every bar is no better for recovering in between. (C-67)"""
    components = {A: Faults(service="strategy_evaluation")}
    system = System((A, B), feed=minutes((A, B), range(1, 9)), components=components)

    from podium.bus.events import NewCandle

    def fail_again(_candle):
        components[A].works = 1

    system.orchestrator.orchestrators[A].bus.subscribe(NewCandle, fail_again)
    system.play()
    assert restarts(system) == [("strategy_evaluation", True)] * 3 + [("symbol", True)]
    assert alerts(system) == [("symbol_out", A, "strategy_evaluation")]


def test_nothing_is_restarted_where_the_file_says_so():
    """The failed service stays in error, and is told. (C-66)"""
    system = faulty("indicator_calculation", skip=2, works=1, options={"enable_auto_restart": False}, script={})
    assert errors(system) == [(A, "indicator_calculation")]
    assert restarts(system) == []
    assert [bars for _, bars in system.stepper.steps] == [{A: 1, B: 1}, {A: 2, B: 2}] + [
        {B: number} for number in range(3, 7)
    ]


def test_a_symbol_that_was_taken_out_comes_back_by_hand():
    """Its gate opens, what it missed is filled in, and it is waited for again. (C-10, C-65)"""
    components = {A: Faults(service="indicator_calculation", skip=1, works=5)}
    history = {A: [bar(number) for number in range(1, 9)]}

    def feed(clock):
        cues = {symbol: [Cue(at=close_of(n), bar=bar(n, symbol)) for n in range(1, 9)] for symbol in (A, B)}
        return ScriptedFeed(cues, clock, history)

    system = System((A, B), feed=feed, components=components)

    async def program():
        import asyncio

        running = asyncio.create_task(system.orchestrator.run())
        await asyncio.sleep(250)
        assert system.orchestrator.orchestrators[A].is_out
        assert await system.orchestrator.restart_symbol(A)
        await running

    run_virtually(program(), system.clock)
    mine = [bars[A] for _, bars in system.stepper.steps if A in bars]
    assert mine == [1, 3, 4, 5, 6, 7, 8]
    assert system.orchestrator.supervisor._rows == {}
    assert system.stepper.gates[:2] == [("closed", "symbol_down", None, A), ("open", "symbol_down", None, A)]


class Hanging:
    """A venue that never answers the first so many times."""

    def __init__(self, times):
        self.times, self.sent = times, []

    async def send(self, orders):
        import asyncio

        if self.times:
            self.times -= 1
            await asyncio.get_running_loop().create_future()
        self.sent += [order.order for order in orders]

    async def cancel(self, orders):
        pass


def test_execution_that_hangs_counts_as_failed_and_hands_over_once():
    """At the check after its limit; the order that it hung at is handed over by the restarted service. (C-62, C-67)"""
    options = {"heartbeat_limit": 10, "health_check_interval": 15}
    venue = Hanging(1)
    system = System(
        (A, B), feed=minutes((A, B), range(1, 5)), options=options, venue=venue,
        script={number: entry(A, order=number) for number in range(1, 5)},
    ).play()  # fmt: skip
    assert errors(system) == [(A, "trade_execution")]
    [failed] = [event for event in system.events if event.kind == "SERVICE_ERROR"]
    assert failed.error == "ServiceHangs: at one piece of work for 15 s"
    assert restarts(system) == [("trade_execution", True)]
    assert seconds(system, "SERVICE_ERROR") == [("SERVICE_ERROR", 75.0)]
    assert venue.sent == [1, 2, 3, 4]
    assert system.stepper.steps == all_steps(range(1, 5))


def test_execution_that_always_hangs_costs_its_symbol():
    """Like any other failure. (C-67)"""
    options = {"heartbeat_limit": 10, "health_check_interval": 15}
    system = System(
        (A, B), feed=minutes((A, B), range(1, 9)), options=options, venue=Hanging(FOREVER), script={1: entry(A)}
    ).play()
    assert errors(system) == [(A, "trade_execution")] * 5
    assert alerts(system) == [("symbol_out", A, "trade_execution")]


def test_fetching_that_hangs_counts_as_failed():
    """A question that is never answered; the next one is. (C-30, C-62)"""

    class Once(ScriptedPolls):
        """Hangs at the first question for one symbol."""

        hung = False

        async def fetch(self, symbol, count):
            import asyncio

            if symbol == A and not self.hung:
                self.hung = True
                await asyncio.get_running_loop().create_future()
            return await super().fetch(symbol, count)

    def feed(clock):
        cues = {symbol: [Cue(at=close_of(n), bar=bar(n, symbol)) for n in range(1, 5)] for symbol in (A, B)}
        return Once(cues, clock)

    services = {"data_fetching": {"fetch_interval": 10, "candle_index": 1, "nbr_bars": 1}}
    options = {"heartbeat_limit": 20, "health_check_interval": 15}
    system = System((A, B), feed=feed, services=services, options=options).play(until=250)
    assert errors(system) == [(A, "data_fetching")]
    assert seconds(system, "SERVICE_ERROR") == [("SERVICE_ERROR", 30.0)]
    assert system.stepper.steps == all_steps(range(1, 5))


def test_a_strategy_that_loops_for_seconds_is_told_and_nobody_is_blamed_for_hanging():
    """The whole program was held up: the services that were at work are not restarted. (C-62)"""

    def loop(stepper):
        system.clock.advance(45.0)

    options = {"heartbeat_limit": 10, "health_check_interval": 15}
    system = System((A, B), feed=minutes((A, B), range(1, 5)), options=options, script={2: loop}, venue=Hanging(0))
    system.play()
    assert system.operations("STEP_SLOW") == [("STEP_SLOW", {"time": "2024-01-01T00:02:00Z", "seconds": 45.0})]
    assert errors(system) == []
    assert restarts(system) == []
    assert system.stepper.steps == all_steps(range(1, 5))


def test_a_strategy_that_raises_is_told_as_an_alert():
    """Who quarantines it is the engine; the system goes on. (C-08)"""

    class Failure:
        strategy_id, symbol, time = "trend", A, close_of(2)
        error = RuntimeError("trend failed on BTC/USDT: division by zero")

    def fail(stepper):
        stepper._failures.append(Failure())

    system = System((A, B), feed=minutes((A, B), range(1, 5)), script={2: fail}).play()
    [(_, body)] = system.operations("ALERT")
    assert body == {
        "alert": "strategy_quarantined", "strategy_id": "trend", "symbol": A,
        "text": "trend failed on BTC/USDT: division by zero; it enters nothing more, and its positions stay protected",
    }  # fmt: skip
    assert system.stepper.steps == all_steps(range(1, 5))


def test_a_venue_that_fails_takes_each_order_once():
    """What it had taken before the failure is not handed over again. (C-34, C-67)"""

    class Failing(Hanging):
        async def send(self, orders):
            [order] = orders
            if order.order == 2 and self.times:
                self.times -= 1
                raise ConnectionError("gone")
            self.sent.append(order.order)

    venue = Failing(2)
    script = {1: [*entry(A, order=1), *entry(A, order=2), *entry(A, order=3)], 2: fill(A)}
    system = System((A, B), feed=minutes((A, B), (1, 2)), script=script, venue=venue).play(until=200)
    assert venue.sent == [1, 2, 3]
    assert errors(system) == [(A, "trade_execution")] * 2
    created = [event.order for event in system.events if event.kind == "ORDER_CREATED"]
    assert created == [1, 2, 3]


def test_a_pause_outlives_a_restart():
    """A service that fails while it is paused is restarted, since exits must work, and is paused again. (C-45, C-67)"""
    components = {A: Faults(service="indicator_calculation", skip=1, works=4)}
    system = System((A, B), feed=minutes((A, B), range(1, 5)), components=components)

    async def program():
        import asyncio

        running = asyncio.create_task(system.orchestrator.run())
        await asyncio.sleep(1)
        system.orchestrator.pause()
        await asyncio.sleep(150)
        states = {each["state"] for each in system.orchestrator.check_health()["symbols"][A]["services"].values()}
        state = system.orchestrator.orchestrators[A].state.value
        await running
        return states, state

    assert run_virtually(program(), system.clock) == ({"paused"}, "paused")
    assert restarts(system) == [("indicator_calculation", False)] * 3 + [("symbol", True)]
    assert parse_time("2024-01-01T00:01Z") == close_of(1)
