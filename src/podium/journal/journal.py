"""The journal as the rest of Podium sees it, and how one is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from podium.journal.archive import archive_records
from podium.journal.reading import StoredJournal, Verification
from podium.journal.records import JournalRecord, Snapshot, Stream
from podium.journal.sqlite import SqliteStorage
from podium.journal.storage import Segment, Storage
from podium.journal.writing import DurableJournal

__all__ = [
    "Journal",
    "JournalReader",
    "archive_journal",
    "is_address",
    "open_journal",
    "read_journal",
    "reading_journal",
]


class JournalReader(Protocol):
    """Read what is durable."""

    @property
    def name(self) -> str:
        """Name where the journal is."""
        ...

    @property
    def epoch(self) -> str:
        """Give the name that was made once with the journal."""
        ...

    def read(self, stream: Stream | None = None, after: int = 0) -> Iterator[JournalRecord]:
        """Give the durable records, as far as there are any when they are asked for.

        Args:
            stream: only this one, in the order of its sequence; all in the order of their commits when left out.
            after: begin behind this sequence, or with all streams behind this many records.
        """
        ...

    def last(self, stream: Stream) -> int:
        """Give the sequence of the last durable record of a stream, 0 when there is none.

        Args:
            stream: which.
        """
        ...

    def latest_snapshot(self, schema: int) -> Snapshot | None:
        """Give the newest snapshot of a form that is as it was written.

        Args:
            schema: the number of the form; others are passed over.
        """
        ...

    def verify(self) -> Verification:
        """Read everything and say what is wrong first."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class Journal(JournalReader, Protocol):
    """Write and read; one process at a time."""

    def append(self, records: Sequence[JournalRecord]) -> Future[None]:
        """Take records at once, in order; they are durable when the future is done.

        Args:
            records: each the next of its stream; with none the future is done when all taken before are durable.

        Returns:
            A future that cannot be cancelled; it fails with `JournalFailed` when the records may not be durable.

        Raises:
            JournalFailed: when an earlier record could not be made durable; nothing is taken any more.
            InvariantBroken: when a sequence has a gap; nothing of these is taken.
        """
        ...

    def save_snapshot(self, snapshot: Snapshot) -> Future[None]:
        """Take a snapshot; it becomes durable behind all records that were taken before.

        Args:
            snapshot: the state behind records that were taken already.

        Returns:
            A future, as `append` gives.
        """
        ...


def is_address(place: str | Path) -> bool:
    """Tell whether a place is the address of a PostgreSQL database, and no folder.

    Args:
        place: where a journal is.
    """
    return isinstance(place, str) and place.startswith(("postgresql://", "postgres://"))


def open_journal(place: str | Path, *, epoch: str | None = None) -> Journal:
    """Open a journal for writing, or make it where none is.

    Args:
        place: a folder such as ``live/demo.journal``, or ``postgresql://…``.
        epoch: of a new journal; drawn when left out. An existing journal keeps its own.

    Returns:
        The journal; this process alone writes it until it is closed or the process ends.

    Raises:
        JournalError: when it cannot be written, another process writes it, it is no journal of this version, or the
            records behind its newest snapshot are not as they were written.
    """
    storage = _storage(place, read_only=False, epoch=epoch)
    try:
        return DurableJournal(storage)
    except BaseException:
        storage.close()
        raise


def read_journal(place: str | Path) -> JournalReader:
    """Open a journal for reading, also while another process writes it.

    Args:
        place: a folder, or ``postgresql://…``.

    Returns:
        The journal.

    Raises:
        JournalError: when there is none, or it is no journal of this version.
    """
    return StoredJournal(_storage(place, read_only=True))


@contextmanager
def reading_journal(place: str | Path) -> Iterator[StoredJournal]:
    """Read a journal for a while.

    Args:
        place: a folder, or ``postgresql://…``.

    Returns:
        A context manager; inside it the journal is open.

    Raises:
        JournalError: when there is none, or it is no journal of this version.
    """
    journal = StoredJournal(_storage(place, read_only=True))
    try:
        yield journal
    finally:
        journal.close()


def archive_journal(place: str | Path, folder: Path | None = None) -> list[Segment]:
    """Move what the newest snapshot makes unnecessary for a start into compressed files.

    Args:
        place: a folder, or ``postgresql://…``; no other process may write it.
        folder: where the files go and stay; into the journal's own folder when left out.

    Returns:
        What was moved.

    Raises:
        JournalError: when another process writes the journal, or it is not as it was written; nothing was moved then.
    """
    read_journal(place).close()  # says that there is none, where one would be made
    storage = _storage(place, read_only=False)
    try:
        return archive_records(storage, folder)
    finally:
        storage.close()


def _storage(place: str | Path, *, read_only: bool, epoch: str | None = None) -> Storage:
    if is_address(place):
        from podium.journal.postgres import PostgresStorage  # noqa: PLC0415  # psycopg is an extra

        return PostgresStorage(str(place), read_only=read_only, epoch=epoch)
    return SqliteStorage(Path(place), read_only=read_only, epoch=epoch)
