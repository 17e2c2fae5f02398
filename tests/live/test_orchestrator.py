"""The whole is started, watched, paused, resumed, restarted and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest
from live_system import A, B, C, System, entry, minutes

from podium.core.clock import SystemClock
from podium.core.errors import IllegalTransition, InputError
from podium.testing.clock import run_virtually
from podium.testing.feed import Cue, ScriptedFeed

NAMES = ("data_fetching", "indicator_calculation", "strategy_evaluation", "trade_execution")


def inside(system, program):
    """Do something while the system runs, and stop it."""

    async def outer():
        running = asyncio.create_task(system.orchestrator.run())
        await asyncio.sleep(0.5)
        found = await program(system.orchestrator)
        system.orchestrator.request_stop()
        await running
        return found

    return run_virtually(outer(), system.clock)


def test_every_symbol_has_an_orchestrator_with_a_bus_and_four_services_of_its_own():
    """In the order of the pipeline, fetching first. (C-01, C-02, C-06)"""
    system = System((A, B))
    assert list(system.orchestrator.orchestrators) == [A, B]
    for symbol, orchestrator in system.orchestrator.orchestrators.items():
        assert tuple(service.name for service in orchestrator.services) == NAMES
        assert {service.symbol for service in orchestrator.services} == {symbol}
        assert orchestrator.bus.symbol == symbol
    assert len({id(each.bus) for each in system.orchestrator.orchestrators.values()}) == 2


def test_services_start_in_order_and_stop_in_reverse():
    """So that nobody publishes into the void. (C-06, C-18, C-19)"""
    system = System((A,), feed=minutes((A,), ())).play(until=1)
    started = [event.service_name for event in system.events if event.kind == "SERVICE_STARTED"]
    stopped = [event.service_name for event in system.events if event.kind == "SERVICE_STOPPED"]
    assert tuple(started) == NAMES
    assert tuple(stopped) == NAMES[::-1]
    assert [kind for kind, _ in system.kinds("SERVICE_STARTED", "SERVICE_STOPPED")] == [
        "ORCHESTRATOR_STARTED", "ORCHESTRATOR_STARTED", "ORCHESTRATOR_STOPPED", "ORCHESTRATOR_STOPPED"
    ]  # fmt: skip


def test_health_is_told_exactly():
    """Of the whole, of each symbol, of each service. (C-58, C-59, C-60)"""
    system = System((A, B))

    async def look(orchestrator):
        await asyncio.sleep(9.5)
        return orchestrator.check_health()

    def service(symbol, name):
        return {
            "service_name": name, "symbol": symbol, "state": "running", "is_healthy": True, "error_count": 0,
            "uptime": 10.0, "last_error": None,
        }  # fmt: skip

    def symbol_health(symbol):
        return {
            "symbol": symbol, "state": "running", "is_healthy": True, "healthy_services": 4, "total_services": 4,
            "services": {name: service(symbol, name) for name in NAMES}, "uptime": 10.0,
        }  # fmt: skip

    assert inside(system, look) == {
        "state": "running", "is_healthy": True, "healthy_symbols": 2, "total_symbols": 2,
        "symbols": {A: symbol_health(A), B: symbol_health(B)}, "uptime": 10.0, "redis_connected": False,
    }  # fmt: skip


def test_before_and_after_a_run_nothing_is_healthy():
    """And nothing is up. (C-58, C-61)"""
    system = System((A,))
    before = system.orchestrator.check_health()
    assert (before["state"], before["is_healthy"], before["uptime"]) == ("initializing", False, 0.0)
    assert before["symbols"][A]["services"]["data_fetching"]["state"] == "created"
    after = system.play().orchestrator.check_health()
    assert (after["state"], after["is_healthy"], after["uptime"]) == ("stopped", False, 0.0)
    assert after["symbols"][A]["services"]["data_fetching"]["state"] == "stopped"


def test_the_whole_is_healthy_only_if_all_children_are():
    """One failed service makes its symbol and the whole unhealthy, and no other symbol. (C-61)"""
    system = System((A, B), options={"enable_auto_restart": False})

    async def look(orchestrator):
        orchestrator.orchestrators[A].service("strategy_evaluation").fail(RuntimeError("boom"))
        return orchestrator.check_health()

    health = inside(system, look)
    assert (health["is_healthy"], health["healthy_symbols"]) == (False, 1)
    assert (health["symbols"][A]["is_healthy"], health["symbols"][A]["healthy_services"]) == (False, 3)
    assert health["symbols"][B]["is_healthy"]
    status = health["symbols"][A]["services"]["strategy_evaluation"]
    assert (status["state"], status["error_count"], status["last_error"]) == ("error", 1, "RuntimeError: boom")


class Server:
    """An external bus without a server."""

    redis_connected = True

    def __init__(self):
        self.finished = False

    def wake(self):
        pass

    async def run(self):
        await asyncio.get_running_loop().create_future()

    async def finish(self, seconds):
        self.finished = seconds > 0
        return True


def test_health_tells_whether_the_external_bus_is_connected():
    """And what is durable is published before the end. (C-13, C-58)"""
    external = Server()
    system = System((A,), external=external)

    async def look(orchestrator):
        return orchestrator.check_health()["redis_connected"]

    assert inside(system, look) is True
    assert external.finished


def test_a_paused_system_is_healthy_works_on_and_enters_nothing():
    """run survives it; resume lets entries pass again. (C-04, C-45)"""
    system = System((A, B), feed=minutes((A, B), range(1, 10)))

    async def pause_for_a_while(orchestrator):
        orchestrator.pause()
        await asyncio.sleep(130)
        health = orchestrator.check_health()
        steps = orchestrator.runner.steps
        orchestrator.resume()
        return health, steps, orchestrator.check_health()["state"]

    health, steps, resumed = inside(system, pause_for_a_while)
    assert (health["state"], health["is_healthy"], steps, resumed) == ("paused", True, 2, "running")
    assert {each["state"] for each in health["symbols"][A]["services"].values()} == {"paused"}
    assert system.stepper.gates == [
        ("closed", "paused", None, A), ("closed", "paused", None, B),
        ("open", "paused", None, A), ("open", "paused", None, B),
    ]  # fmt: skip
    told = [(kind, symbol) for kind, symbol in system.kinds() if kind.endswith(("PAUSED", "RESUMED"))]
    assert told == [
        ("ORCHESTRATOR_PAUSED", A), ("ORCHESTRATOR_PAUSED", B), ("ORCHESTRATOR_PAUSED", None),
        ("ORCHESTRATOR_RESUMED", A), ("ORCHESTRATOR_RESUMED", B), ("ORCHESTRATOR_RESUMED", None),
    ]  # fmt: skip
    assert system.operations("SERVICE_RESTARTED", "SYMBOL_RESTARTED") == []


def test_a_symbol_is_paused_while_its_market_is_closed():
    """With the reason; the other trades on, and nothing is gated, since no bar comes. (C-45)"""
    system = System((A, B), feed=minutes((A, B), range(1, 8)))

    async def close_a_market(orchestrator):
        system.feed.open[A] = False
        await asyncio.sleep(60)
        closed = [each.state.value for each in orchestrator.orchestrators.values()]
        system.feed.open[A] = True
        await asyncio.sleep(60)
        return closed, [each.state.value for each in orchestrator.orchestrators.values()]

    assert inside(system, close_a_market) == (["paused", "running"], ["running", "running"])
    paused = [(event.symbol, event.reason) for event in system.events if event.kind == "ORCHESTRATOR_PAUSED"]
    assert paused == [(A, "closed_market")]
    assert system.stepper.gates == []


def test_a_pause_by_hand_outlives_a_market_that_opens():
    """Every reason must have gone. (C-45)"""
    system = System((A,), feed=minutes((A,), range(1, 8)))

    async def both(orchestrator):
        mine = orchestrator.orchestrators[A]
        mine.pause()
        mine.pause("closed_market")
        mine.resume("closed_market")
        still = mine.state.value
        mine.resume()
        return still, mine.state.value

    assert inside(system, both) == ("paused", "running")


def test_what_the_state_does_not_allow_is_an_error():
    """Nothing is resumed that is not paused. (C-43)"""
    system = System((A,))

    async def resume(orchestrator):
        with pytest.raises(
            IllegalTransition, match=r"the orchestrator is running \(paused for no reason\) and cannot become running"
        ):
            orchestrator.resume()

    inside(system, resume)


def test_one_service_is_restarted_and_no_other():
    """By hand. (C-10, C-63)"""
    system = System((A, B), feed=minutes((A, B), range(1, 4)))

    async def restart(orchestrator):
        system.events.clear()
        assert await orchestrator.restart_service(A, "indicator_calculation")
        return system.kinds()

    assert inside(system, restart) == [("SERVICE_STOPPED", A), ("SERVICE_STARTED", A)]


def test_one_symbol_is_restarted_and_no_other():
    """All its services, in their orders; no bar is lost. (C-08, C-10)"""
    system = System((A, B), feed=minutes((A, B), range(1, 4)))

    async def restart(orchestrator):
        await asyncio.sleep(60)
        system.events.clear()
        assert await orchestrator.restart_symbol(A)
        found = system.kinds()
        await asyncio.sleep(120)
        return found

    assert inside(system, restart) == [("SERVICE_STOPPED", A)] * 4 + [("SERVICE_STARTED", A)] * 4
    assert system.stepper.steps == [(1, {A: 1, B: 1}), (2, {A: 2, B: 2}), (3, {A: 3, B: 3})]


def test_an_unknown_name_is_an_error_that_says_what_there_is():
    """Symbol and service. (C-10, D-06)"""
    system = System((A, B))

    async def ask(orchestrator):
        with pytest.raises(InputError, match=r"(?s)'BTC/USD' is not a symbol.*did you mean 'BTC/USDT'"):
            await orchestrator.restart_symbol("BTC/USD")
        with pytest.raises(InputError, match=r"(?s)no service 'data_fetch'.*did you mean 'data_fetching'"):
            await orchestrator.restart_service(A, "data_fetch")

    inside(system, ask)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_soon(number):
    """Within five seconds, even when a service does not let go. (C-05)"""

    class Stubborn:
        async def send(self, orders):
            try:
                await asyncio.sleep(1_000)
            except asyncio.CancelledError:
                await asyncio.sleep(1_000)

        async def cancel(self, orders):
            pass

    system = System((A, B), feed=minutes((A, B), range(1, 100)), script={1: entry(A)}, venue=Stubborn())

    async def program():
        running = asyncio.create_task(system.orchestrator.run())
        await asyncio.sleep(70)
        os.kill(os.getpid(), number)
        await running
        return system.clock.monotonic()

    assert 70.0 <= run_virtually(program(), system.clock) < 75.0
    assert system.orchestrator.state.value == "stopped"
    assert signal.getsignal(number) is not signal.SIG_IGN


def test_a_line_of_status_every_so_many_checks():
    """As the file says. (C-51, C-69)"""
    options = {"health_check_interval": 25, "status_log_interval": 3}
    system = System((A, B), feed=minutes((A, B), range(1, 100)), options=options).play(until=160)
    lines = [line for line in system.log.lines if line["event"] == "status"]
    assert [line["uptime"] for line in lines] == [75.0, 150.0]
    assert lines[1] == {
        "level": "info", "event": "status", "state": "running", "healthy_symbols": 2, "total_symbols": 2,
        "unhealthy": [], "steps": 2, "uptime": 150.0, "redis_connected": False,
    }  # fmt: skip


def test_checks_come_in_the_interval_that_run_is_given():
    """By default that of the file. (C-04, C-51)"""
    system = System((A,), feed=minutes((A,), range(1, 100)), options={"status_log_interval": 1})

    async def program():
        running = asyncio.create_task(system.orchestrator.run(check_interval=15))
        await asyncio.sleep(50)
        system.orchestrator.request_stop()
        await running

    run_virtually(program(), system.clock)
    assert [line["uptime"] for line in system.log.lines if line["event"] == "status"] == [15.0, 30.0, 45.0]


def test_it_ends_when_every_market_has_ended():
    """A replay is over with its data, at once. (C-05)"""
    system = System((A, B, C), feed=minutes((A, B, C), (1, 2))).play()
    assert system.clock.monotonic() == 120.0
    assert system.orchestrator.state.value == "stopped"


def test_what_was_stopped_can_be_started_again():
    """Nothing is lost in between. (C-04)"""
    system = System((A,), feed=minutes((A,), (1, 2, 3)))

    async def program():
        await system.orchestrator.start()
        await asyncio.sleep(70)
        await system.orchestrator.stop()
        await system.orchestrator.stop()
        await system.orchestrator.start()
        await asyncio.sleep(170)
        await system.orchestrator.stop()

    run_virtually(program(), system.clock)
    assert [time for time, _ in system.stepper.steps] == [1, 2, 3]


def test_a_port_in_the_file_opens_the_endpoint_while_it_runs():
    """Off unless asked for; closed with the end of the run. (C-58, C-77)"""
    assert System((A,)).orchestrator._endpoint is None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clock = SystemClock()
    system = System(
        (A,), clock=clock, options={"http_port": port}, feed=lambda _: ScriptedFeed({A: [Cue(at=0)]}, clock)
    )

    async def program():
        running = asyncio.create_task(system.orchestrator.run())
        while system.orchestrator.state.value != "running":  # noqa: ASYNC110 - a turn of the loop or two
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health HTTP/1.1\r\n\r\n")
        answer = await reader.read()
        writer.close()
        system.orchestrator.request_stop()
        await running
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        return answer

    assert asyncio.run(program()).startswith(b"HTTP/1.1 200 OK")


def test_a_pause_by_hand_and_one_for_a_limit_do_not_undo_each_other():
    """Entries pass again when every reason has gone. (C-04, C-45)"""
    system = System((A, B), feed=minutes((A, B), range(1, 10)))

    async def both(orchestrator):
        orchestrator.pause("risk_limit")
        orchestrator.pause()
        with pytest.raises(IllegalTransition):
            orchestrator.pause()
        orchestrator.resume("risk_limit")
        still = orchestrator.state.value
        with pytest.raises(IllegalTransition, match=r"paused \(paused by hand\) and cannot become running"):
            orchestrator.resume("risk_limit")
        orchestrator.resume()
        return still, orchestrator.state.value

    assert inside(system, both) == ("paused", "running")
    assert [each.state.value for each in system.orchestrator.orchestrators.values()] == ["stopped", "stopped"]


def test_a_symbol_that_comes_back_while_all_is_paused_is_paused():
    """It was not there when the pause began. (C-10, C-45)"""
    system = System((A, B), feed=minutes((A, B), range(1, 10)))

    async def come_back(orchestrator):
        mine = orchestrator.orchestrators[A]
        await mine.take_out()
        orchestrator.pause()
        assert await orchestrator.restart_symbol(A)
        paused = mine.state.value
        orchestrator.resume()
        return paused, mine.state.value

    assert inside(system, come_back) == ("paused", "running")


def test_nothing_runs_on_when_a_stop_took_too_long():
    """Whatever a service hangs at, all tasks of the system have ended or are ended. (C-05)"""

    class Deaf:
        async def send(self, orders):
            for _ in range(3):
                try:
                    await asyncio.sleep(100)
                except asyncio.CancelledError:
                    continue

        async def cancel(self, orders):
            pass

    system = System((A, B), feed=minutes((A, B), range(1, 100)), script={1: entry(A)}, venue=Deaf())

    async def program():
        running = asyncio.create_task(system.orchestrator.run())
        await asyncio.sleep(70)
        steps = system.orchestrator.runner.steps
        system.orchestrator.request_stop()
        await running
        states = {each.state.value for own in system.orchestrator.orchestrators.values() for each in own.services}
        await asyncio.sleep(1_000)
        return steps, system.orchestrator.runner.steps, states

    steps, later, states = run_virtually(program(), system.clock)
    assert (steps, later, states) == (1, 1, {"stopped"})
