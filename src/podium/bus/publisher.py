"""What brings the journal's domain events to the stream that other systems read.

It reads what is durable and sends what the stream does not hold yet. Nothing waits for it. After every break it asks
the server how far the stream has come and goes on behind that, so each event arrives once, in order: what the server
took although the answer was lost is not sent again, and what the server lost is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import islice

from podium.bus.stream import EntryId, EventStream, StreamEntry, StreamPosition
from podium.bus.translation import events_of
from podium.core.errors import BusUnavailable, ConfigurationError, Location, Problem
from podium.core.times import iso
from podium.journal.journal import JournalReader
from podium.journal.records import JournalRecord, Stream

__all__ = ["Publisher", "entries_of"]

#: Records that are sent at once: few, since nothing else happens on the event loop for the two milliseconds they take.
_BATCH = 16
_POLL_SECONDS = 1.0
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.1, 5.0


class Publisher:
    """Send domain events from a journal to a stream, for as long as it runs.

    Args:
        journal: where the events are durable.
        stream: where they go.
        on_change: is told when the stream can be reached again, with an empty text, and when it cannot, with why.
    """

    def __init__(
        self, journal: JournalReader, stream: EventStream, on_change: Callable[[str], None] = lambda _: None
    ) -> None:
        self._journal, self._stream, self._on_change = journal, stream, on_change
        self._is_woken, self._is_even = asyncio.Event(), asyncio.Event()
        self._delay_seconds = _FIRST_DELAY_SECONDS
        self.redis_connected = False
        """whether the stream could be reached when that was tried last"""
        self.last_error = ""
        """why it could not; empty while it can"""
        self.published = 0
        """how many entries were sent"""

    def wake(self) -> None:
        """Look at the journal now instead of within a second; to be called on the event loop."""
        self._is_even.clear()
        self._is_woken.set()

    async def check(self, location: Location | None = None) -> None:
        """Refuse to start without a stream that is required.

        Args:
            location: where a file asks for it.

        Raises:
            ConfigurationError: when it is required and cannot be reached, or holds events of another journal.
        """
        if not self._stream.is_required:
            return
        try:
            await self._refuse_foreign(await self._stream.position())
        except BusUnavailable as error:
            await self._stream.close()
            raise ConfigurationError(
                Problem(
                    message=f"the event bus cannot be used: {error.cause}",
                    location=location,
                    expected=f"a Redis server at {error.bus.partition(' ')[0]} with a stream for this journal",
                    hint="or write required: false; then events are sent once the bus can be used",
                )
            ) from None

    async def run(self) -> None:
        """Send what there is and what comes, until cancelled; come back after every break, with growing delays."""
        try:
            while True:
                try:
                    await self._send_from_position()
                except BusUnavailable as error:
                    self._tell(error.cause)
                await asyncio.sleep(self._delay_seconds)
                self._delay_seconds = min(2 * self._delay_seconds, _LONGEST_DELAY_SECONDS)
        finally:
            await self._stream.close()

    async def finish(self, seconds: float) -> bool:
        """Wait until everything durable is sent.

        Args:
            seconds: how long at most.

        Returns:
            Whether it was.
        """
        self.wake()
        try:
            async with asyncio.timeout(seconds):
                await self._is_even.wait()
        except TimeoutError:
            return False
        return True

    async def _send_from_position(self) -> None:
        position = await self._stream.position()
        await self._refuse_foreign(position)
        self._tell("")
        # The last entry's event may stand for further names that did not arrive.
        last, after = position.last, max(position.last.sequence - 1, 0)
        while True:
            self._is_woken.clear()
            last, after = await self._send_behind(last, after)
            if not self._is_woken.is_set():
                self._is_even.set()
            await self._wait()

    async def _refuse_foreign(self, position: StreamPosition) -> None:
        """Leave a stream alone that does not hold the events of this journal."""
        hint = "remove the stream, or name another one with 'stream' in 'event_bus'"
        if position.epoch not in (None, self._journal.epoch):
            raise BusUnavailable(bus=self._stream.name, cause=f"it holds events of another journal; {hint}")
        last = await asyncio.to_thread(self._journal.last, Stream.DOMAIN)
        if position.last.sequence > last:
            cause = f"its last entry is {position.last}, the journal's last event {last}; {hint}"
            raise BusUnavailable(bus=self._stream.name, cause=cause)

    async def _send_behind(self, last: EntryId, after: int) -> tuple[EntryId, int]:
        """Send what makes entries behind ``last``, of the events behind ``after``; give both as they are then."""
        records = self._journal.read(Stream.DOMAIN, after)
        # The journal is read in a thread: a file may be slow.
        while batch := await asyncio.to_thread(_next, records):
            entries = list(entries_of(batch, last, self._journal.epoch))
            if entries:
                await self._stream.append(entries)
                self.published += len(entries)
                last = entries[-1].id
            after = batch[-1].sequence
        self._delay_seconds = _FIRST_DELAY_SECONDS
        return last, after

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._is_woken.wait()
        except TimeoutError:
            await self._stream.ping()

    def _tell(self, error: str) -> None:
        is_news = error != self.last_error or not (self.redis_connected or error)
        self.redis_connected, self.last_error = not error, error
        if is_news:
            self._on_change(error)


def entries_of(records: list[JournalRecord], last: EntryId, epoch: str) -> Iterator[StreamEntry]:
    """Give the entries that domain events make, those behind an id.

    Args:
        records: domain events in order.
        last: the id of the last entry that the stream holds.
        epoch: the journal's.

    Returns:
        The entries; events that are not for other systems make none.
    """
    for record in records:
        events = events_of(kind=record.kind, time=record.time, body=record.body, correlation_id=record.correlation_id)
        for part, event in enumerate(each for each in events if each.is_external):
            identifier = EntryId(record.sequence, part)
            if identifier <= last:
                continue
            yield StreamEntry(
                id=identifier,
                event=event.kind,
                strategy_id=event.strategy_id or "",
                symbol=event.symbol or "",
                time=iso(record.time),
                correlation_id=record.correlation_id,
                body=record.body,
                previous=last,
                epoch=epoch,
            )
            last = identifier


def _next(records: Iterator[JournalRecord]) -> list[JournalRecord]:
    return list(islice(records, _BATCH))
