"""Events as they come, from a journal or from the stream that other systems read, in one form."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from podium.bus.stream import BEGINNING, EntryId, EventStream, StreamEntry
from podium.bus.translation import names_of
from podium.core.errors import BusUnavailable
from podium.core.times import parse_time
from podium.journal.reading import StoredJournal
from podium.journal.records import JournalRecord, Stream
from podium.journal.selection import body_of

__all__ = ["EventFilter", "journal_events", "stream_events"]

_TOLD = (Stream.DOMAIN, Stream.OPERATIONAL)
_POLL_SECONDS = 0.2
_WAIT_SECONDS = 1.0
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Say which events are wanted; what is left out does not matter.

    Args:
        kind: of this name; of a domain event also a further name, such as ``STOP_LOSS_HIT``.
        strategy_id: about this strategy.
        symbol: about this symbol.
    """

    kind: str | None = None
    strategy_id: str | None = None
    symbol: str | None = None

    def takes(self, record: JournalRecord, *further_names: str) -> bool:
        """Tell whether an event is wanted.

        Args:
            record: what happened.
            further_names: what else it is called.
        """
        if self.kind not in (None, record.kind, *further_names):
            return False
        if self.strategy_id is None and self.symbol is None:
            return True
        body = body_of(record)
        return self.strategy_id in (None, body.get("strategy_id")) and self.symbol in (None, body.get("symbol"))


def journal_events(journal: StoredJournal, wanted: EventFilter, *, follow: bool) -> Iterator[JournalRecord | None]:
    """Give what happened, as a journal holds it: domain and operational events in the order of their commits.

    Args:
        journal: opened for reading.
        wanted: which events.
        follow: whether to wait for more at its end.

    Returns:
        The records; ``None`` each time its end is reached.
    """
    position = 0
    while True:
        for record in journal.read(None, position):
            position += 1
            if record.stream in _TOLD and wanted.takes(record, *_further_names(record)):
                yield record
        yield None
        if not follow:
            return
        time.sleep(_POLL_SECONDS)


async def stream_events(
    stream: EventStream, wanted: EventFilter, *, follow: bool, on_notice: Callable[[str], None]
) -> AsyncIterator[JournalRecord | None]:
    """Give what happened, as other systems see it: one record for each name of an event.

    Args:
        stream: where to read.
        wanted: which events.
        follow: whether to wait for more at its end, and for the server when it is away.
        on_notice: is told what was trimmed, and when the server cannot be reached.

    Returns:
        The records; ``None`` each time its end is reached.

    Raises:
        BusUnavailable: when the server cannot be reached and nothing is to be followed.
    """
    last = BEGINNING
    while True:
        try:
            page = await stream.read(last, count=_PAGE, wait_seconds=_WAIT_SECONDS if follow else 0)
        except BusUnavailable as error:
            if not follow:
                raise
            on_notice(str(error))
            await asyncio.sleep(_WAIT_SECONDS)
            continue
        for entry in page:
            if entry.previous != last:
                on_notice(_trimmed(last, entry.previous))
            last = entry.id
            if wanted.takes(record := _record(entry)):
                yield record
        if len(page) < _PAGE:
            yield None
            if not follow:
                return


def _further_names(record: JournalRecord) -> tuple[str, ...]:
    return names_of(record.kind, record.body) if record.stream == Stream.DOMAIN else ()


def _trimmed(last: EntryId, previous: EntryId) -> str:
    what = "the entries" if last == BEGINNING else f"the entries behind {last}"
    return f"{what} up to {previous} were trimmed"


def _record(entry: StreamEntry) -> JournalRecord:
    return JournalRecord(
        stream=Stream.DOMAIN,
        sequence=entry.id.sequence,
        time=parse_time(entry.time),
        kind=entry.event,
        body=entry.body,
        correlation_id=entry.correlation_id,
    )
