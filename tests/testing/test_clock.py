"""A virtual clock lets long waits pass at once, always in the same order."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading

import pytest

from podium.core.errors import InvariantBroken
from podium.testing.clock import VirtualClock, run_virtually

HOUR = 3_600 * 10**9


def test_a_year_of_waiting_is_exact():
    """Timers go off at their very time, but for what a float of seconds can hold."""
    clock = VirtualClock(start=5 * HOUR)

    async def program():
        for _ in range(365 * 24):
            await asyncio.sleep(3_600)
        return clock.now()

    assert run_virtually(program(), clock) == pytest.approx(366 * 24 * HOUR - 19 * HOUR, abs=100)
    assert clock.monotonic() == pytest.approx(365 * 24 * 3_600, abs=1e-7)


def test_the_clock_stands_still_while_the_program_works():
    """What takes time says so itself."""
    clock = VirtualClock()

    async def program():
        await asyncio.sleep(0)
        clock.advance(2.5)
        return clock.monotonic(), asyncio.get_running_loop().time()

    assert run_virtually(program(), clock) == (2.5, 2.5)


def test_waits_end_in_the_order_of_their_times():
    """Whatever the order in which they began."""
    seen = []

    async def wait(seconds):
        await asyncio.sleep(seconds)
        seen.append(seconds)

    async def program():
        await asyncio.gather(*(wait(seconds) for seconds in (3, 1, 2, 0.5)))

    run_virtually(program(), VirtualClock())
    assert seen == [0.5, 1, 2, 3]


def test_a_thread_is_waited_for_with_the_clock_standing_still():
    """A writer in a thread takes no virtual time, and its failure arrives."""
    clock, gate = VirtualClock(), threading.Event()

    async def program(pool):
        loop = asyncio.get_running_loop()
        alarm = asyncio.create_task(asyncio.sleep(10))
        first = loop.outside(pool.submit(gate.wait))
        second = loop.outside(pool.submit(int, "x"))
        loop.call_soon(gate.set)
        assert await asyncio.wrap_future(first)
        with pytest.raises(ValueError, match="invalid literal"):
            await asyncio.wrap_future(second)
        assert clock.monotonic() == 0.0
        await alarm

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run_virtually(program(pool), clock)
    assert clock.monotonic() == 10.0


def test_a_wait_that_can_never_end_is_an_error():
    """Instead of a test that hangs."""

    async def program():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(InvariantBroken, match="never happen"):
        run_virtually(program(), VirtualClock())
