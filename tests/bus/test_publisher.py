"""From the journal to the stream, whatever happens to the server."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import replace

import pytest
from journals import MemoryJournal, expected_entries, records_of
from redis.asyncio import Redis
from servers import RedisServer

from podium.bus.publisher import Publisher, entries_of
from podium.bus.redis_streams import RedisBus
from podium.bus.stream import BEGINNING, EntryId
from podium.core.errors import ConfigurationError, Location
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Stream

KEY = "podium:demo"
#: Every write is on the disk before it is answered: what the server confirmed survives SIGKILL.
KEEPING = ("--appendonly", "yes", "--appendfsync", "always")
SECONDS = 60


@pytest.fixture
def server():
    made = RedisServer(*KEEPING)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "memory"])
def journal(request, tmp_path):
    opened = open_journal(tmp_path / "demo.journal") if request.param == "sqlite" else MemoryJournal()
    yield opened
    opened.close()


@pytest.fixture
def records(lines):
    return records_of(lines)


def appended(journal, records):
    done = journal.append(records)
    if done is not None:
        done.result(SECONDS)


async def told(server, *command):
    """Tell a server something behind the publisher's back."""
    async with Redis.from_url(server.url) as client:
        return await client.execute_command(*command)


@contextlib.asynccontextmanager
async def publishing(server, journal, on_change=lambda _: None, **options):
    """Run a publisher."""
    bus = RedisBus(server.url, KEY, **{"max_length": 1_000_000, **options})
    publisher = Publisher(journal, bus, on_change)
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await bus.close()


async def held(server):
    """Read all entries of the stream as a reader would."""
    bus = RedisBus(server.url, KEY, max_length=1)
    found, last = [], BEGINNING
    while page := await bus.read(last, count=500, wait_seconds=0):
        last = page[-1].id
        found += page
    await bus.close()
    return found


def as_tuples(entries):
    return [
        (str(each.id), each.event, each.strategy_id, each.symbol, each.time, each.correlation_id, each.body,
         str(each.previous))
        for each in entries
    ]  # fmt: skip


async def connected(changes):
    """Wait until the publisher has told that it reaches the stream."""
    async with asyncio.timeout(SECONDS):
        while await changes.get():
            pass


def test_every_external_event_is_in_the_stream_once_in_order(server, journal, records):
    """By sequence, with its tags, its line and its predecessor. (C-12, C-20, C-21, C-22, C-23, A-42)"""
    appended(journal, records)
    server.start()

    async def act():
        async with publishing(server, journal) as publisher:
            assert await publisher.finish(SECONDS)
            assert (publisher.redis_connected, publisher.last_error) == (True, "")
        return await held(server)

    found = asyncio.run(act())
    assert as_tuples(found) == expected_entries(records)
    assert {each.epoch for each in found} == {journal.epoch}


def test_what_is_committed_later_is_sent_when_it_is_woken(server, journal, records):
    """Group by group, without looking at the whole journal again. (C-12)"""
    server.start()

    async def act():
        async with publishing(server, journal) as publisher:
            for start in range(0, len(records), 500):
                appended(journal, records[start : start + 500])
                assert await publisher.finish(SECONDS)
                assert as_tuples(await held(server)) == expected_entries(records[: start + 500])

    asyncio.run(act())


def test_what_nobody_wakes_it_for_is_sent_within_a_second(server, records):
    """It looks at the journal by itself. (C-12)"""
    server.start()
    journal = MemoryJournal()

    async def act():
        async with publishing(server, journal) as publisher:
            assert await publisher.finish(SECONDS)
            journal.append(records)
            bus = RedisBus(server.url, KEY, max_length=1)
            assert await bus.read(BEGINNING, count=1, wait_seconds=4)
            await bus.close()

    asyncio.run(act())


def test_only_domain_events_go_out(server, journal, records):
    """Inputs and what happened to services stay inside. (C-12)"""
    server.start()
    other = JournalRecord(stream=Stream.OPERATIONAL, sequence=1, time=0, kind="ORDER_FILLED", body=records[0].body)
    appended(journal, [other, replace(other, stream=Stream.INPUT), *records[:9]])

    async def act():
        async with publishing(server, journal) as publisher:
            assert await publisher.finish(SECONDS)
        return await held(server)

    assert as_tuples(asyncio.run(act())) == expected_entries(records[:9])


def test_a_trimmed_gap_can_be_seen(server, journal, records):
    """The oldest entry names one that is no longer there. (C-12)"""
    server.start()
    appended(journal, records)

    async def act():
        async with publishing(server, journal, max_length=10) as publisher:
            assert await publisher.finish(SECONDS)
        return await held(server)

    assert as_tuples(asyncio.run(act())) == expected_entries(records)[-10:]


def test_a_server_that_comes_late_gets_everything(server, journal, records):
    """Nothing waits for it; ``redis_connected`` tells. (C-13)"""
    appended(journal, records)
    changes = asyncio.Queue()

    async def act():
        async with publishing(server, journal, changes.put_nowait) as publisher:
            assert "connecting to" in await changes.get()
            assert not publisher.redis_connected
            assert "connecting to" in publisher.last_error
            assert not await publisher.finish(0.01)
            server.start()
            await connected(changes)
            assert await publisher.finish(SECONDS)
            assert publisher.redis_connected
        return await held(server)

    assert as_tuples(asyncio.run(act())) == expected_entries(records)


@pytest.mark.parametrize("options", [KEEPING, ()], ids=["it kept everything", "it kept nothing"])
def test_a_server_that_is_killed_in_the_middle_holds_every_event_once(journal, records, options):
    """Killed with SIGKILL at random moments and restarted: what was lost is sent again, nothing twice. (C-13)"""
    seed = 7
    draw = random.Random(seed)
    server = RedisServer(*options).start()
    changes = asyncio.Queue()

    async def act():
        async with publishing(server, journal, changes.put_nowait) as publisher:
            await connected(changes)
            rest = list(records)
            for _ in range(5):
                part, rest = rest[: len(records) // 6], rest[len(records) // 6 :]
                appended(journal, part)
                publisher.wake()
                for _ in range(draw.randrange(3_000)):
                    await asyncio.sleep(0)
                server.kill()
                while not await changes.get():
                    pass
                server.start()
                await connected(changes)
            appended(journal, rest)
            assert await publisher.finish(SECONDS)
        return await held(server)

    try:
        assert as_tuples(asyncio.run(act())) == expected_entries(records), f"seed {seed}"
    finally:
        server.close()


def test_a_server_that_comes_back_with_an_older_state_gets_the_rest(journal, records):
    """It goes on behind what the server knows, not behind what was sent. (C-13)"""
    server = RedisServer().start()
    changes = asyncio.Queue()

    async def act():
        async with publishing(server, journal, changes.put_nowait) as publisher:
            appended(journal, records[:100])
            assert await publisher.finish(SECONDS)
            await told(server, "SAVE")
            appended(journal, records[100:])
            assert await publisher.finish(SECONDS)
            await connected(changes)
            server.kill()
            while not await changes.get():
                pass
            server.start()
            await connected(changes)
            assert await publisher.finish(SECONDS)
        return await held(server)

    try:
        assert as_tuples(asyncio.run(act())) == expected_entries(records)
    finally:
        server.close()


def test_a_new_publisher_goes_on_in_the_middle_of_an_event(server, journal, records):
    """Of an event with three names one had arrived when the process was killed. (C-13)"""
    expected = expected_entries(records)
    cut = next(number for number, each in enumerate(expected) if each[1] == "STOP_LOSS_HIT")
    appended(journal, records)
    server.start()

    async def act():
        bus = RedisBus(server.url, KEY, max_length=1_000_000)
        await bus.position()
        await bus.append(list(entries_of(records, BEGINNING, journal.epoch))[:cut])
        await bus.close()
        async with publishing(server, journal) as publisher:
            assert await publisher.finish(SECONDS)
            assert publisher.published == len(expected) - cut
        return await held(server)

    assert as_tuples(asyncio.run(act())) == expected


def test_a_repeat_that_the_server_refuses_is_no_loss(server, records):
    """What arrived although the answer was lost is found behind the stream's last id. (C-13)"""
    server.start()
    journal, changes = MemoryJournal(), asyncio.Queue()

    async def act():
        async with publishing(server, journal, changes.put_nowait) as publisher:
            await connected(changes)
            journal.append(records)
            other = RedisBus(server.url, KEY, max_length=1_000_000)
            await other.position()
            await other.append(list(entries_of(records, BEGINNING, journal.epoch))[:40])
            await other.close()
            publisher.wake()
            assert "equal or smaller" in await changes.get()
            await connected(changes)
            assert await publisher.finish(SECONDS)
        return await held(server)

    assert as_tuples(asyncio.run(act())) == expected_entries(records)


def test_a_slow_server_holds_nothing_up(server, journal, records):
    """While it does not answer the journal takes what comes; afterwards everything is sent. (C-13)"""
    server.start()

    async def act():
        async with publishing(server, journal) as publisher:
            assert await publisher.finish(SECONDS)
            await told(server, "CLIENT", "PAUSE", "300", "ALL")
            appended(journal, records)
            assert not await publisher.finish(0.05)
            assert await publisher.finish(SECONDS)
        return await held(server)

    assert as_tuples(asyncio.run(act())) == expected_entries(records)


def foreign(server, journal, records, epoch, before):
    """Publish to a stream in which something stands, and give what is told; then remove it."""
    changes = asyncio.Queue()

    async def act():
        bus = RedisBus(server.url, KEY, max_length=1_000_000)
        await bus.position()
        await bus.append(list(entries_of(before, BEGINNING, epoch)))
        async with publishing(server, journal, changes.put_nowait) as publisher:
            said = await changes.get()
            assert not publisher.redis_connected
            assert as_tuples(await held(server)) == expected_entries(before)
            await told(server, "DEL", KEY)
            await connected(changes)
            assert await publisher.finish(SECONDS)
        await bus.close()
        return said, await held(server)

    said, found = asyncio.run(act())
    assert as_tuples(found) == expected_entries(records)
    return said


def test_a_stream_of_another_journal_is_left_alone(server, journal, records):
    """Its sequences mean other events. Once it is removed everything is sent. (C-12)"""
    server.start()
    appended(journal, records)
    said = foreign(server, journal, records, "another", records[:20])
    assert said.startswith("it holds events of another journal; remove the stream, or name another one")


def test_a_stream_that_is_ahead_of_the_journal_is_left_alone(server, journal, records):
    """The journal was put back, or somebody else writes there. (C-12)"""
    server.start()
    appended(journal, records[:50])
    said = foreign(server, journal, records[:50], journal.epoch, records)
    last = expected_entries(records)[-1][0]
    assert said.startswith(f"its last entry is {last}, the journal's last event 50; remove the stream")


def test_a_break_is_noticed_while_nothing_happens(server, journal):
    """``redis_connected`` does not wait for the next event. (C-13)"""
    server.start()
    changes = asyncio.Queue()

    async def act():
        async with publishing(server, journal, changes.put_nowait) as publisher:
            await connected(changes)
            assert publisher.redis_connected
            server.kill()
            async with asyncio.timeout(SECONDS):
                assert await changes.get()
            assert not publisher.redis_connected

    asyncio.run(act())


def test_each_change_is_told_once(server):
    """A server that stays away is told once, however often it is tried. (C-13)"""
    changes = []

    async def act():
        async with publishing(server, MemoryJournal(), changes.append) as publisher:
            assert not await publisher.finish(0.5)
            server.start()
            assert await publisher.finish(SECONDS)

    asyncio.run(act())
    assert len(changes) == 2
    assert changes[1] == ""


def checked(server, journal, *, is_required=True, location=None):
    async def act():
        bus = RedisBus(server.url, KEY, max_length=10, is_required=is_required)
        try:
            await Publisher(journal, bus).check(location)
        finally:
            await bus.close()

    asyncio.run(act())


def test_a_required_server_that_is_away_refuses_the_start(server):
    """Where the file asks for it, what is wrong, what to do. (C-13, D-06)"""
    location = Location(file="portfolio.yaml", line=5, column=1)
    with pytest.raises(ConfigurationError, match="required: false") as raised:
        checked(server, MemoryJournal(), location=location)
    (problem,) = raised.value.problems
    assert problem.location == location
    assert problem.message.startswith("the event bus cannot be used: Error 2 connecting")
    assert server.url in problem.expected
    checked(server, MemoryJournal(), is_required=False)
    server.start()
    checked(server, MemoryJournal())


def test_a_required_stream_of_another_journal_refuses_the_start(server, records):
    """Nothing would be sent. (C-12, D-06)"""
    server.start()
    journal = MemoryJournal()
    journal.append(records[:9])

    async def act():
        async with publishing(server, journal) as publisher:
            assert await publisher.finish(SECONDS)

    asyncio.run(act())
    checked(server, journal)
    with pytest.raises(ConfigurationError, match="it holds events of another journal"):
        checked(server, MemoryJournal("another"))


def test_entries_behind_an_id_begin_behind_it():
    """Nothing makes nothing. (C-12)"""
    assert list(entries_of([], EntryId(1, 0), "abc")) == []
