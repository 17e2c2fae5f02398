"""The hash chain over the records of a journal, in the order in which they were committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from podium.core.times import iso
from podium.journal.records import GENESIS, JournalRecord, Row, Stored, Stream, record_hash, row_of

__all__ = ["Chain"]


class Chain:
    """Be at one record of a journal: make the rows that follow it, or say whether rows follow it.

    Args:
        position: of that record; 0 before the first.
        hash_: of that record.
        sequences: the last sequence of each stream up to it; a stream that is not named may begin anywhere.
    """

    def __init__(
        self, position: int = 0, hash_: bytes = GENESIS, sequences: Mapping[Stream, int] | None = None
    ) -> None:
        self.position = position
        self.hash = hash_
        start = dict.fromkeys(Stream, 0) if sequences is None else sequences
        self._sequences = {stream.value: number for stream, number in start.items()}

    @property
    def sequences(self) -> dict[Stream, int]:
        """Tell the last sequence of each stream that was seen."""
        return {Stream(name): number for name, number in self._sequences.items()}

    def rows(self, records: Iterable[JournalRecord]) -> list[Row]:
        """Make the rows of records that follow; the chain itself stays where it is until `follow`.

        Args:
            records: in order.

        Returns:
            What is to be stored.
        """
        position, found, rows = self.position, self.hash, []
        for record in records:
            position += 1
            row = row_of(position, found, record)
            found = row.hash
            rows.append(row)
        return rows

    def follow(self, row: Row) -> None:
        """Go on to a row.

        Args:
            row: the last of rows that became durable.
        """
        self.position, self.hash = row.position, row.hash

    def check(self, rows: Sequence[Stored]) -> str | None:
        """Go on through rows as long as they follow.

        Args:
            rows: in the order of their positions.

        Returns:
            What is wrong with the first one that does not follow, ``None`` when all do.
        """
        sequences = self._sequences
        for row in rows:
            position, stream, sequence, *_, found = row
            if position != self.position + 1:
                return f"record {self.position + 1} is missing: {_named(row)} follows record {self.position}"
            if record_hash(self.hash, row[1:7]) != found:
                return f"{_named(row)} was changed: its hash does not follow from it and the records before it"
            if sequence != sequences.get(stream, sequence - 1) + 1:
                return f"{_named(row)} is out of sequence: it follows {stream} {sequences[stream]}"
            sequences[stream] = sequence
            self.position, self.hash = position, found
        return None


def _named(stored: Stored) -> str:
    row = Row._make(stored)
    try:
        when = iso(row.time)
    except (OverflowError, TypeError, ValueError):  # it was changed, too
        when = f"time {row.time!r}"
    return f"record {row.position} ({row.stream} {row.sequence}, {row.kind}, {when})"
