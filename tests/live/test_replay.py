"""Stored bars are played again in lockstep."""

from __future__ import annotations

import asyncio

import pytest
from live_bars import bar, close_of, series

from podium.live.feeds import StreamedFeed
from podium.live.replay import ReplayFeed
from podium.testing.clock import VirtualClock, run_virtually

A, B = "BTC/USDT", "ETH/USDT"


async def listen(feed, symbol, told, pause=0.0):
    async for each in feed.stream(symbol):
        told.append((each.symbol, (feed.clock.now() - close_of(0)) // (close_of(1) - close_of(0)), each))
        await asyncio.sleep(pause)


def play(feed_of, *symbols, clock=None, pauses=None):
    clock, told = clock or VirtualClock(), []

    async def program():
        feed = feed_of(clock)
        await asyncio.gather(*(listen(feed, symbol, told, (pauses or {}).get(symbol, 0.0)) for symbol in symbols))

    run_virtually(program(), clock)
    return told


def test_every_bar_comes_once_in_the_order_of_time_whoever_is_slow():
    """The next time comes when all have asked for more; holes are no bars."""
    stored = {A: series([1, 2, 4]), B: series([2, 3, 4], B)}
    told = play(lambda clock: ReplayFeed(stored, clock), A, B, pauses={A: 5.0})
    assert [(symbol, now) for symbol, now, _ in told] == [(A, 1), (A, 2), (B, 2), (B, 3), (A, 4), (B, 4)]
    assert [each for symbol, _, each in told if symbol == A] == [bar(1), bar(2), bar(4)]


@pytest.mark.parametrize(("speed", "seconds"), [(1, 180.0), (60, 3.0)])
def test_a_replay_takes_as_long_as_its_speed_says(speed, seconds):
    """Three minutes from the first bar to the last."""
    clock = VirtualClock()
    told = play(lambda clock: ReplayFeed({A: series([1, 2, 4])}, clock, speed=speed), A, clock=clock)
    assert len(told) == 3
    assert clock.monotonic() == pytest.approx(seconds, abs=1e-6)


def test_work_counts_into_the_pause():
    """A replay at the market's speed does not fall behind by what its listeners take."""
    clock = VirtualClock()
    play(lambda clock: ReplayFeed({A: series(range(1, 11))}, clock, speed=1), A, clock=clock, pauses={A: 30.0})
    assert clock.monotonic() == pytest.approx(9 * 60 + 30, abs=1e-6)


def test_due_are_those_with_a_bar_at_the_time_that_is_played():
    """A hole is nobody's delay."""
    stored, seen = {A: series([1, 2]), B: series([2], B)}, []

    async def look(feed, symbol):
        async for _ in feed.stream(symbol):
            due = {when: set(feed.due(when)) for when in (feed.clock.now(), close_of(9))}
            seen.append((symbol, *due.values()))

    async def program():
        feed = ReplayFeed(stored, VirtualClock())
        await asyncio.gather(look(feed, A), look(feed, B))

    run_virtually(program(), VirtualClock())
    assert seen == [(A, {A}, set()), (A, {A, B}, set()), (B, {A, B}, set())]


def test_a_replay_waits_for_who_comes_back_and_not_for_who_left():
    """A service that is restarted misses nothing; a symbol that was taken out holds nobody up."""
    stored, told = {A: series([1, 2, 3]), B: series([1, 2, 3], B)}, []

    async def program():
        feed = ReplayFeed(stored, VirtualClock())
        other = asyncio.create_task(listen(feed, B, told))
        first = feed.stream(A)
        await anext(first)
        await first.aclose()
        await asyncio.sleep(100)
        assert [symbol for symbol, *_ in told] == [B]
        again = feed.stream(A)
        assert await anext(again) == bar(2)
        await again.aclose()
        await asyncio.sleep(100)
        assert [symbol for symbol, *_ in told] == [B, B]
        feed.leave(A)
        await other

    run_virtually(program(), VirtualClock())
    assert [symbol for symbol, *_ in told] == [B, B, B]


def test_a_replay_that_goes_on_begins_behind_a_time():
    """What an earlier run has seen is not played, but can be fetched."""
    told = play(lambda clock: ReplayFeed({A: series([1, 2, 3, 4])}, clock, after=close_of(2)), A)
    assert [each for *_, each in told] == [bar(3), bar(4)]


def test_bars_that_were_played_can_be_fetched_and_later_ones_cannot():
    """Nobody sees the future; holes can be filled."""

    async def program():
        feed = ReplayFeed({A: series([1, 2, 3, 5, 6])}, VirtualClock())
        stream = feed.stream(A)
        for _ in range(4):
            await anext(stream)
        assert isinstance(feed, StreamedFeed)
        assert await feed.fetch(A, 2) == [bar(3), bar(5)]
        assert await feed.fetch(A, 99) == [bar(1), bar(2), bar(3), bar(5)]
        assert await feed.fetch_between(A, close_of(1), close_of(5)) == [bar(2), bar(3)]
        assert await feed.fetch_between(A, close_of(3), close_of(5)) == []

    run_virtually(program(), VirtualClock())
