"""A journal in memory, that is as slow as it is told to be, and fails when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

from podium.core.errors import JournalFailed, Problem, invariant
from podium.journal.reading import Verification
from podium.journal.records import JournalRecord, Snapshot, Stream

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """Keep records in a list, in the order in which they were taken.

    Args:
        seconds: how long a commit takes, by the time of the event loop; 0 is at once.
        fails_after: so many records can be kept, as on a full disk; by default any number.
    """

    name = "memory"
    epoch = "memory"

    def __init__(self, *, seconds: float = 0.0, fails_after: int | None = None) -> None:
        self.seconds, self.fails_after = seconds, fails_after
        #: All records that were taken, durable or not.
        self.records: list[JournalRecord] = []
        self._last = dict.fromkeys(Stream, 0)
        self._snapshots: list[Snapshot] = []

    def append(self, records: Sequence[JournalRecord]) -> Future[None]:
        """Take records.

        Args:
            records: each the next of its stream.

        Returns:
            A future that is done when they count as durable.

        Raises:
            JournalFailed: when they are too many.
        """
        for record in records:
            if self.fails_after is not None and len(self.records) >= self.fails_after:
                raise JournalFailed(Problem(message="no space left on device", hint="make room and start again"))
            invariant(record.sequence == self._last[record.stream] + 1, "sequences are gapless", record=record)
            self._last[record.stream] = record.sequence
            self.records.append(record)
        return self._done()

    def _done(self) -> Future[None]:
        future: Future[None] = Future()
        if self.seconds:
            asyncio.get_running_loop().call_later(self.seconds, future.set_result, None)
        else:
            future.set_result(None)
        return future

    def read(self, stream: Stream | None = None, after: int = 0) -> Iterator[JournalRecord]:
        """Give records, as the journals on disk do.

        Args:
            stream: only this one.
            after: begin behind this sequence, or this many records.
        """
        if stream is None:
            return iter(self.records[after:])
        return (record for record in self.records if record.stream is stream and record.sequence > after)

    def last(self, stream: Stream) -> int:
        """Give the sequence of the last record of a stream.

        Args:
            stream: which.
        """
        return self._last[stream]

    def save_snapshot(self, snapshot: Snapshot) -> Future[None]:
        """Keep a snapshot.

        Args:
            snapshot: the state.
        """
        self._snapshots.append(snapshot)
        return self._done()

    def latest_snapshot(self, schema: int) -> Snapshot | None:
        """Give the newest snapshot of a form.

        Args:
            schema: the number of the form.
        """
        return next((each for each in reversed(self._snapshots) if each.schema == schema), None)

    def verify(self) -> Verification:
        """Say that all is as it was written, since nobody else can write."""
        return Verification(
            records=len(self.records), sequences=dict(self._last), snapshots=len(self._snapshots), problem=None
        )

    def close(self) -> None:
        """Keep everything, so that a test can look at it."""
