"""The stream on a real server."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis
from servers import RedisServer

from podium.bus.redis_streams import RedisBus
from podium.bus.stream import BEGINNING, EntryId, StreamEntry, StreamPosition
from podium.core.errors import BusUnavailable

KEY = "podium:demo"


@pytest.fixture(scope="module")
def shared():
    server = RedisServer().start()
    yield server
    server.close()


@pytest.fixture
def server(shared):
    """Give the server without any keys."""
    asyncio.run(told(shared, "FLUSHALL"))
    return shared


async def told(server, *command):
    """Tell a server something behind the bus's back."""
    async with Redis.from_url(server.url) as client:
        return await client.execute_command(*command)


def entry(sequence=1, part=0, previous=BEGINNING, body=b"{}"):
    return StreamEntry(
        id=EntryId(sequence, part),
        event="ORDER_FILLED",
        strategy_id="trend",
        symbol="Ü/USDT",
        time="2024-01-01T00:00:00Z",
        correlation_id="bar-1",
        body=body,
        previous=previous,
        epoch="abc",
    )


def connected(server, act, **options):
    """Run something with a bus that has asked for the position."""

    async def run():
        bus = RedisBus(server.url, KEY, **{"max_length": 100, **options})
        try:
            await bus.position()
            return await act(bus)
        finally:
            await bus.close()

    return asyncio.run(run())


async def held(bus):
    return await bus.read(BEGINNING, count=1_000, wait_seconds=0)


def test_a_new_stream_is_at_its_beginning(server):
    """There is no key before the first entry. (C-12)"""
    assert connected(server, lambda bus: bus.position()) == StreamPosition(BEGINNING, None)


def test_entries_are_read_as_they_were_written(server):
    """The id is the sequence; all fields arrive. (C-12)"""
    written = [entry(1), entry(1, 1, EntryId(1, 0), '{"a":"ü"}'.encode()), entry(9, 0, EntryId(1, 1))]

    async def act(bus):
        await bus.append(written)
        return await held(bus), await bus.position(), await bus.read(EntryId(1, 0), count=1, wait_seconds=0)

    assert connected(server, act) == (written, StreamPosition(EntryId(9, 0), "abc"), written[1:2])


def test_the_length_is_bounded(server):
    """The oldest entries are trimmed; who comes then sees what went before. (C-12)"""

    async def act(bus):
        await bus.append([entry(number, 0, EntryId(number - 1, 0)) for number in range(1, 30)])
        return await held(bus)

    found = connected(server, act, max_length=7)
    assert [each.id.sequence for each in found] == list(range(23, 30))
    assert found[0].previous == EntryId(22, 0)


def test_a_repeat_is_refused_by_the_server(server):
    """Nothing is in the stream twice. (C-12)"""

    async def act(bus):
        await bus.append([entry(1), entry(2)])
        with pytest.raises(BusUnavailable, match="equal or smaller"):
            await bus.append([entry(2), entry(3)])
        return await held(bus)

    assert [each.id.sequence for each in connected(server, act)] == [1, 2, 3]


def test_nothing_is_sent_over_a_connection_that_was_made_anew():
    """Behind a new connection the server may know less; the position has to be asked for first. (C-13)"""
    server = RedisServer().start()

    async def act(bus):
        await bus.append([entry(1)])
        server.kill()
        server.start()
        for _ in range(3):
            with pytest.raises(BusUnavailable):
                await bus.append([entry(2)])
        with pytest.raises(BusUnavailable):
            await bus.ping()
        assert await bus.position() == StreamPosition(BEGINNING, None)
        await bus.ping()
        await bus.append([entry(1), entry(2)])
        return await held(bus)

    try:
        assert connected(server, act) == [entry(1), entry(2)]
    finally:
        server.close()


async def fill(bus):
    for number in range(1, 1_000):
        await bus.append([entry(number, body=b"x" * 100_000), entry(number, 1, body=b"")])


def test_a_full_server_takes_all_or_none():
    """An entry that is refused is not overtaken by the next one. (C-13)"""
    server = RedisServer("--maxmemory", "2mb").start()

    async def act(bus):
        with pytest.raises(BusUnavailable, match="maxmemory"):
            await fill(bus)
        return await held(bus)

    try:
        found = connected(server, act)
        assert [each.id for each in found] == [
            EntryId(n, part) for n in range(1, len(found) // 2 + 1) for part in (0, 1)
        ]
    finally:
        server.close()


def test_a_server_that_is_away_is_told_with_its_name():
    """Which server, and what is wrong. (C-13)"""
    server = RedisServer()
    with pytest.raises(BusUnavailable, match=r"podium.*socket podium:demo: Error 2 connecting") as raised:
        connected(server, lambda bus: bus.ping())
    assert raised.value.bus.startswith(server.url)
    server.close()


def test_another_kind_of_key_is_told(server):
    """It is not overwritten. (C-12)"""
    asyncio.run(told(server, "SET", KEY, "mine"))
    with pytest.raises(BusUnavailable, match="wrong kind of value"):
        connected(server, lambda bus: bus.ping())
    assert asyncio.run(told(server, "GET", KEY)) == b"mine"


def test_a_password_is_given_and_never_told():
    """A wrong one is refused; messages are free of it. (D-10)"""
    server = RedisServer("--requirepass", "secret1").start()
    try:
        with pytest.raises(BusUnavailable) as raised:
            connected(server, lambda bus: bus.ping(), password="secret2")
        assert "secret" not in str(raised.value)
        assert connected(server, lambda bus: bus.position(), password="secret1").last == BEGINNING
    finally:
        server.close()


def test_a_reader_waits_for_the_next_entry(server):
    """It gets what comes while it waits. (C-12)"""

    async def act(bus):
        other = RedisBus(server.url, KEY, max_length=100)
        waiting = asyncio.create_task(other.read(BEGINNING, count=10, wait_seconds=4))
        while b"cmd=xread" not in await told(server, "CLIENT", "LIST"):
            pass
        await bus.append([entry(4)])
        found = await waiting
        await other.close()
        return found, await bus.read(EntryId(4, 0), count=10, wait_seconds=0.01)

    assert connected(server, act) == ([entry(4)], [])


def test_a_cancelled_task_ends_wherever_it_is(server):
    """The library may take a cancellation for a time limit of its own; the task ends nevertheless. (C-13)"""

    async def forever(bus):
        while True:
            await bus.ping()

    async def act(bus):
        await bus.append([entry(1)])
        for moment in range(60):
            task = asyncio.create_task(forever(bus))
            for _ in range(moment):
                await asyncio.sleep(0)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=10)
            assert done == {task}, moment
            await bus.position()

    connected(server, act)


def test_what_others_wrote_into_the_stream_has_no_epoch(server):
    """So that a publisher sees that it is not its own. (C-12)"""
    asyncio.run(told(server, "XADD", KEY, "5-0", "some", "thing"))
    assert connected(server, lambda bus: bus.position()) == StreamPosition(EntryId(5, 0), "")


def test_a_stream_that_was_emptied_keeps_its_place(server):
    """Trimmed to nothing it still knows its last id. (C-13)"""

    async def act(bus):
        await bus.append([entry(1), replace(entry(2), previous=EntryId(1, 0))])
        await told(server, "XTRIM", KEY, "MAXLEN", "0")
        return await bus.position()

    assert connected(server, act) == StreamPosition(EntryId(2, 0), None)
