"""Read a journal, wherever its records are kept, and judge it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from podium.core.errors import JournalError, Location, Problem
from podium.journal.chain import Chain
from podium.journal.records import JournalRecord, Row, Snapshot, Stored, Stream, snapshot_digest
from podium.journal.segments import read_segment
from podium.journal.storage import Head, Storage

__all__ = ["StoredJournal", "Verification"]

_PAGE = 4096
_STREAMS = {stream.value: stream for stream in Stream}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Say what was found when a journal was read from its first record to its last.

    Args:
        records: how many follow one another from the first on.
        sequences: the last sequence of each stream among them.
        snapshots: how many are kept.
        problem: what is wrong first; ``None`` when everything is as it was written.
    """

    records: int
    sequences: dict[Stream, int]
    snapshots: int
    problem: Problem | None


class StoredJournal:
    """Read records and snapshots; see `podium.journal.journal.JournalReader`.

    Args:
        storage: where they are kept; it is closed with the journal.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    def name(self) -> str:
        """Name where the journal is."""
        return self._storage.name

    @property
    def epoch(self) -> str:
        """Give the name that was made once with the journal."""
        return self._storage.epoch

    def read(self, stream: Stream | None = None, after: int = 0) -> Iterator[JournalRecord]:
        """Give the durable records, as far as there are any when they are asked for.

        Args:
            stream: only this one, in the order of its sequence; all in the order of their commits when left out.
            after: begin behind this sequence, or with all streams behind this many records.

        Returns:
            The records; nothing is held open between them.
        """
        for _, name, sequence, time, kind, correlation_id, body, _ in self._stored(stream, after):
            yield JournalRecord(
                stream=_STREAMS[name], sequence=sequence, time=time, kind=kind, body=body, correlation_id=correlation_id
            )

    def rows(self, stream: Stream | None = None, after: int = 0) -> Iterator[Row]:
        """Give the durable records as they are stored.

        Args:
            stream: as for `read`.
            after: as for `read`.

        Returns:
            The rows.
        """
        return map(Row._make, self._stored(stream, after))

    def last(self, stream: Stream) -> int:
        """Give the sequence of the last durable record of a stream, 0 when there is none.

        Args:
            stream: which.
        """
        return self._storage.last(stream) or max(
            (each.sequences[stream] for each in self._storage.segments()), default=0
        )

    def length(self) -> int:
        """Tell how many durable records there are, of all streams."""
        tail = self._storage.tail()
        return tail.position if tail is not None else self.end_of_archives().position

    def latest_snapshot(self, schema: int) -> Snapshot | None:
        """Give the newest snapshot of a form that is as it was written.

        Args:
            schema: the number of the form; others are passed over.

        Returns:
            The snapshot, or ``None``: then everything is replayed.
        """
        fitting = (snapshot for snapshot in self._intact_snapshots() if snapshot.schema == schema)
        return next(fitting, None)

    def verify(self) -> Verification:
        """Read everything and say what is wrong first.

        Returns:
            What was found.
        """
        head, chain = self._storage.head(), Chain()
        try:
            flaw = self._follow(chain, self._stored()) or self._lost(head, chain)
        except JournalError as error:  # an archive file is gone
            return self._verification(chain, 0, error.problems[0])
        kept = self._storage.snapshots()
        if flaw is None and any(snapshot_digest(snapshot) != digest for snapshot, digest in kept):
            flaw = "a snapshot was changed; a start passes over it"
        return self._verification(chain, len(kept), None if flaw is None else self._problem(flaw))

    def close(self) -> None:
        """Let go of everything."""
        self._storage.close()

    def _stored(self, stream: Stream | None = None, after: int = 0) -> Iterator[Stored]:
        place = 0 if stream is None else 2  # position or sequence
        for segment in self._storage.segments():
            end = segment.last if stream is None else segment.sequences[stream]
            if after < end:
                archived = read_segment(segment.file)
                yield from (row for row in archived if stream in (None, row[1]) and cast("int", row[place]) > after)
                after = end
        while page := self._page(stream, after):
            yield from page
            after = cast("int", page[-1][place])

    def _page(self, stream: Stream | None, after: int) -> list[Stored]:
        if stream is None:
            return self._storage.page(after, _PAGE)
        return self._storage.page_of(stream, after, _PAGE)

    def _intact_snapshots(self) -> Iterator[Snapshot]:
        for snapshot, digest in self._storage.snapshots():
            if snapshot_digest(snapshot) == digest:
                yield snapshot

    def _tail_chain(self) -> Chain:
        """Go from the newest snapshot to the last record, and refuse what does not follow."""
        head, chain = self._storage.head(), self._chain_at(self.behind_snapshot())
        flaw = self._follow(chain, self._stored(after=chain.position)) or self._lost(head, chain)
        if flaw is not None:
            raise JournalError(self._problem(flaw))
        return chain

    def _chain_at(self, position: int) -> Chain:
        """Stand at a record; at the end of the archives, or at the beginning, when there is no such record."""
        found = self._storage.page(position - 1, 1) if position else []
        if found and (row := Row._make(found[0])).position == position:
            return Chain(position, row.hash, {})
        return self.end_of_archives()

    def end_of_archives(self) -> Chain:
        """Stand at the last record that was moved to an archive, at the beginning when none was."""
        segments = self._storage.segments()
        return Chain(segments[-1].last, segments[-1].hash, segments[-1].sequences) if segments else Chain()

    def behind_snapshot(self) -> int:
        """Give the position of the last record before the first one that is not in the newest snapshot."""
        snapshot = next(self._intact_snapshots(), None)
        if snapshot is None:
            return 0
        behind = (
            self._storage.page_of(Stream.INPUT, snapshot.input_sequence, 1),
            self._storage.page_of(Stream.DOMAIN, snapshot.domain_sequence, 1),
        )
        tail = self._storage.tail()
        positions = [rows[0][0] - 1 for rows in behind if rows]
        return min(positions, default=tail.position if tail else 0)

    def _follow(self, chain: Chain, rows: Iterator[Stored]) -> str | None:
        while page := list(islice(rows, _PAGE)):
            if (flaw := chain.check(page)) is not None:
                return flaw
        return None

    def _lost(self, head: Head | None, chain: Chain) -> str | None:
        """Say whether the record that was the last durable one is still there."""
        if head is None or head.position == 0:
            return None
        if head.position > chain.position:
            return f"the journal ends with record {chain.position}, but record {head.position} was durable"
        found = self._chain_at(head.position)
        if found.position == head.position and found.hash != head.hash:
            return f"record {head.position} is another one than was durable"
        return None

    def _verification(self, chain: Chain, snapshots: int, problem: Problem | None) -> Verification:
        return Verification(records=chain.position, sequences=chain.sequences, snapshots=snapshots, problem=problem)

    def _problem(self, message: str) -> Problem:
        return Problem(
            message=message,
            location=Location(file=self.name),
            expected="the records as they were written",
            hint="put back a copy of the journal, or start with another one",
        )
