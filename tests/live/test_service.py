"""What all services share: states, errors, recovery, heartbeat, health, figures."""

from __future__ import annotations

import asyncio

import pytest
from live_bars import START, bar

from podium.bus.events import NewCandle
from podium.bus.local import LocalBus
from podium.core.errors import IllegalTransition
from podium.live.service import Service, ServiceMetrics
from podium.testing.clock import VirtualClock, run_virtually

A = "BTC/USDT"


class Collecting(Service):
    """Takes candles, and fails at what it is told to."""

    name = "collecting"

    def __init__(self, bus, clock):
        super().__init__(A, bus, clock)
        self.taken, self.fails, self.opened, self.closed, self.at_close = [], 0, 0, 0, None

    def _subscribe(self):
        self._on(NewCandle, self._take)

    async def _open(self):
        self.opened += 1

    async def _close(self):
        self.closed += 1
        if self.at_close is not None:
            await self.at_close()

    def _take(self, candle):
        if self.fails:
            self.fails -= 1
            raise ValueError("no\nmore to say")
        self.taken.append(candle.time)


@pytest.fixture
def made():
    clock, told = VirtualClock(START), []
    bus = LocalBus(A, told.append)
    service = Collecting(bus, clock)
    events = []
    from podium.bus.events import Event

    bus.subscribe(Event, lambda event: events.append(event.kind))
    return service, bus, clock, events


def candle(number):
    return NewCandle(time=number, symbol=A, bar=bar(number))


def run(made, program):
    service, bus, clock, _ = made

    async def outer():
        await service.start()
        found = await program(service, bus, clock)
        await service.stop()
        return found

    return run_virtually(outer(), clock)


def test_a_service_tells_its_status_and_its_figures(made):
    """State, health, errors, time, work. (C-36, C-60)"""

    async def program(service, bus, clock):
        bus.publish(candle(1))
        await asyncio.sleep(5)
        return service.status(), service.metrics

    status, metrics = run(made, program)
    assert status == {
        "service_name": "collecting", "symbol": A, "state": "running", "is_healthy": True, "error_count": 0,
        "uptime": 5.0, "last_error": None,
    }  # fmt: skip
    assert metrics == ServiceMetrics(handled=1, errors=0, recoveries=0, waiting=0)
    assert made[3] == ["SERVICE_STARTED", "NEW_CANDLE", "SERVICE_STOPPED"]


def test_work_that_fails_is_kept_and_done_first_after_the_recovery(made):
    """What came meanwhile waits behind it; nothing is done twice. (C-36, C-67)"""

    async def program(service, bus, clock):
        service.fails = 1
        for number in (1, 2, 3):
            bus.publish(candle(number))
        failed = service.status(), service.metrics.waiting, list(service.taken)
        assert await service.recover()
        bus.publish(candle(4))
        return failed, service.taken, service.metrics

    (status, waiting, before), taken, metrics = run(made, program)
    assert (status["state"], status["is_healthy"], status["last_error"]) == ("error", False, "ValueError: no")
    assert (waiting, before) == (3, [])
    assert taken == [1, 2, 3, 4]
    assert metrics == ServiceMetrics(handled=4, errors=1, recoveries=1, waiting=0)


def test_a_recovery_that_fails_leaves_it_in_error(made):
    """And can be tried again. (C-36, C-67)"""

    async def program(service, bus, clock):
        service.fails = 2
        bus.publish(candle(1))
        return await service.recover(), service.state.value, await service.recover(), service.taken

    assert run(made, program) == (False, "error", True, [1])


def test_handlers_of_others_get_the_event_that_one_fails_at(made):
    """A failing handler stops no other and makes its service unhealthy. (C-11, C-61)"""

    async def program(service, bus, clock):
        heard = []
        bus.subscribe(NewCandle, heard.append)
        service.fails = 1
        bus.publish(candle(1))
        return heard, service.is_healthy

    heard, is_healthy = run(made, program)
    assert (len(heard), is_healthy) == (1, False)


def test_work_that_comes_while_it_is_stopped_waits_for_the_start(made):
    """Nothing is lost between a stop and a start. (C-36)"""

    async def program(service, bus, clock):
        await service.stop()
        bus.publish(candle(1))
        before = list(service.taken)
        await service.start()
        return before, service.taken

    assert run(made, program) == ([], [1])


def test_what_hangs_while_it_is_closed_does_not_keep_it_from_stopping(made):
    """And is counted as an error. (C-05, C-36)"""
    service, _, clock, _ = made

    async def hang():
        await asyncio.get_running_loop().create_future()

    async def program(service, bus, clock):
        service.at_close = hang

    run(made, program)
    assert service.state.value == "stopped"
    assert service.status()["last_error"] == "TimeoutError"
    assert clock.monotonic() == 2.0


def test_only_what_the_table_allows_can_be_asked_for(made):
    """A service that runs is not started again. (C-36, C-41)"""

    async def program(service, bus, clock):
        with pytest.raises(IllegalTransition, match="collecting of BTC/USDT is running and cannot become starting"):
            await service.start()
        with pytest.raises(IllegalTransition, match="cannot become recovering"):
            await service.recover()

    run(made, program)


def test_a_heartbeat_is_as_old_as_the_piece_of_work_that_it_is_at(made):
    """Who waits for work does not hang. (C-36, C-62)"""

    async def program(service, bus, clock):
        await asyncio.sleep(100)
        idle = service.heartbeat_age
        with service._at_work():
            await asyncio.sleep(7)
            busy = service.heartbeat_age
        return idle, busy, service.heartbeat_age

    assert run(made, program) == (0.0, 7.0, 0.0)
