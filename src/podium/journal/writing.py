"""Write a journal: records are taken in order at once and made durable in groups by a thread of their own.

Whatever was handed over while a group was being committed is the next group. So a run never waits for the disk unless
it asks to, and the busier it is, the larger the groups are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from podium.core.errors import JournalFailed, Location, Problem, invariant
from podium.journal.reading import StoredJournal
from podium.journal.records import JournalRecord, Snapshot, Stream
from podium.journal.storage import Storage

__all__ = ["DurableJournal"]

_RECORDS_OF_A_GROUP = 8192


@dataclass(frozen=True, slots=True)
class _Request:
    """Hold what is to become durable, and who waits for it."""

    records: Sequence[JournalRecord] = ()
    snapshot: Snapshot | None = None
    done: Future[None] = field(default_factory=Future)


class DurableJournal(StoredJournal):
    """Write and read records and snapshots; see `podium.journal.journal.Journal`.

    Args:
        storage: where they are kept; it was opened for writing, and is closed with the journal.

    Raises:
        JournalError: when the records behind the newest snapshot are not as they were written, or some are missing.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self._chain = self._tail_chain()
        self._next = {stream: self.last(stream) + 1 for stream in Stream}
        self._order = threading.Lock()
        self._failure: JournalFailed | None = None
        self._is_closed = False
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[JournalRecord]) -> Future[None]:
        """Take records; they are durable when the future is done.

        Args:
            records: each the next of its stream; with none the future is done when all taken before are durable.

        Returns:
            A future that cannot be cancelled; it fails with `JournalFailed` when the records may not be durable.

        Raises:
            JournalFailed: when an earlier record could not be made durable; nothing is taken any more.
            InvariantBroken: when a sequence has a gap; nothing of these is taken.
        """
        request = _Request(tuple(records))
        with self._order:
            self._check_open()
            coming = self._sequences_behind(request.records)
            self._take(request)
            self._next = coming
        return request.done

    def save_snapshot(self, snapshot: Snapshot) -> Future[None]:
        """Take a snapshot; it becomes durable behind all records that were taken before.

        Args:
            snapshot: the state behind records that were taken already.

        Returns:
            A future, as `append` gives.

        Raises:
            JournalFailed: as `append`.
            InvariantBroken: when the snapshot holds records that were never taken.
        """
        request = _Request(snapshot=snapshot)
        with self._order:
            self._check_open()
            invariant(
                snapshot.input_sequence < self._next[Stream.INPUT]
                and snapshot.domain_sequence < self._next[Stream.DOMAIN],
                "a snapshot holds only records that are in the journal",
                input_sequence=snapshot.input_sequence,
                domain_sequence=snapshot.domain_sequence,
            )
            self._take(request)
        return request.done

    def close(self) -> None:
        """Make durable what was taken, and let go of the journal; a second time does nothing."""
        with self._order:
            is_first, self._is_closed = not self._is_closed, True
        if is_first:
            self._requests.put(None)
            self._thread.join()
            super().close()

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        invariant(not self._is_closed, "nothing is added to a closed journal", journal=self.name)

    def _sequences_behind(self, records: Sequence[JournalRecord]) -> dict[Stream, int]:
        coming = dict(self._next)
        for record in records:
            invariant(
                record.sequence == coming[record.stream],
                "the sequence of a stream has no gaps",
                stream=record.stream.value,
                sequence=record.sequence,
                next=coming[record.stream],
            )
            coming[record.stream] += 1
        return coming

    def _take(self, request: _Request) -> None:
        # Who waits may be cancelled; the record is not.
        request.done.set_running_or_notify_cancel()
        self._requests.put(request)

    def _work(self) -> None:
        """Make groups durable, one after the other, until the journal is closed."""
        is_last = False
        while not is_last:
            group, is_last = self._group()
            if self._failure is None:
                self._failure = self._commit(group)
            for request in group:
                if self._failure is None:
                    request.done.set_result(None)
                else:
                    request.done.set_exception(self._failure)

    def _group(self) -> tuple[list[_Request], bool]:
        """Wait for a request and take those that wait too, to the next snapshot; also tell whether it is the end."""
        group: list[_Request] = []
        count = 0
        request = self._requests.get()
        while request is not None:
            group.append(request)
            count += len(request.records)
            if request.snapshot is not None or count >= _RECORDS_OF_A_GROUP:
                return group, False
            try:
                request = self._requests.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: Sequence[_Request]) -> JournalFailed | None:
        """Make a group durable; whatever goes wrong ends the journal, since what was taken later builds on it."""
        try:
            rows = self._chain.rows(record for request in group for record in request.records)
            if rows:
                self._storage.write(rows)
                self._chain.follow(rows[-1])
            for request in group:
                if request.snapshot is not None:
                    self._storage.write_snapshot(request.snapshot)
        except JournalFailed as error:
            return error
        except Exception as error:  # noqa: BLE001  # a defect must not leave anybody waiting for ever
            message = f"a record could not be made durable: {type(error).__name__}: {error}"
            return JournalFailed(Problem(message=message, location=Location(file=self.name)))
        return None
