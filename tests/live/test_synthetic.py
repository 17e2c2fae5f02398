"""The synthetic exchange closes bars by its clock."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from live_bars import MINUTE, START, close_of

from podium.core.times import from_nanoseconds
from podium.data.bars import BarSeries
from podium.data.grid import off_grid
from podium.live.arrivals import flaw_of
from podium.live.synthetic import SyntheticFeed
from podium.testing.clock import VirtualClock, run_virtually

TICKS = {"BTC/USDT": Decimal("0.1"), "ETH/USDT": Decimal("0.01")}


def feed_at(clock, **options):
    return SyntheticFeed(TICKS, MINUTE, clock, **options)


def take(count, delay=0.0):
    """Listen to some bars, with the second of each arrival."""
    clock = VirtualClock(START)

    async def program():
        stream, found = feed_at(clock, delay=delay).stream("BTC/USDT"), []
        for _ in range(count):
            each = await anext(stream)
            found.append((clock.monotonic(), each))
        return found

    return run_virtually(program(), clock)


def test_bars_arrive_at_their_close_and_later_by_the_delay():
    """A bar is not known before it closed."""
    assert [(at, each.close_time) for at, each in take(3, delay=0.25)] == [
        (60.0 * number + 0.25, from_nanoseconds(close_of(number))) for number in (0, 1, 2)
    ]


def test_bars_are_sound_on_the_grid_and_joined():
    """The market is continuous: a bar opens where the last one closed."""
    bars = [each for _, each in take(500)]
    assert [flaw_of(each, MINUTE) for each in bars] == [None] * 500
    assert [each.open for each in bars[1:]] == [each.close for each in bars[:-1]]
    made = BarSeries.of("BTC/USDT", MINUTE, bars)
    assert not any(off_grid(getattr(made, name), TICKS["BTC/USDT"]).any() for name in ("open", "high", "low", "close"))
    assert len({each.close for each in bars}) > 100


def test_a_bar_is_the_same_however_it_is_asked_for():
    """Holes can be filled with what would have been streamed."""
    streamed = [each for _, each in take(10)]
    clock = VirtualClock(close_of(10) + 1)

    async def program():
        feed = feed_at(clock)
        newest = await feed.fetch("BTC/USDT", 3)
        assert newest[:2] == streamed[8:]
        assert newest[2].close_time == from_nanoseconds(close_of(11))
        assert await feed.fetch_between("BTC/USDT", close_of(2), close_of(6)) == streamed[2:5]
        assert (await feed.fetch_between("BTC/USDT", close_of(8), close_of(99)))[-1] == streamed[9]
        assert set(feed.due(close_of(1))) == set(TICKS)

    run_virtually(program(), clock)


def test_seeds_and_symbols_make_different_markets():
    """And equal ones equal markets."""
    clock = VirtualClock(close_of(100))

    async def closes(seed, symbol):
        return [each.close for each in await feed_at(clock, seed=seed).fetch(symbol, 50)]

    async def program():
        return await asyncio.gather(
            closes(1, "BTC/USDT"), closes(1, "BTC/USDT"), closes(2, "BTC/USDT"), closes(1, "ETH/USDT")
        )

    first, same, seeded, other = run_virtually(program(), clock)
    assert first == same
    assert first != seeded
    assert first != other
