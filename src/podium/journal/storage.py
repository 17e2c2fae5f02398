"""The port between a journal and where its records are kept.

A storage knows tables and files; it knows neither streams' sequences nor hashes. It is written by one thread and read
by any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from podium.journal.records import Row, Snapshot, Stored, Stream

__all__ = ["FORMAT", "Head", "Segment", "Storage", "StoredSnapshot"]

FORMAT = 1
"""the form of the tables; a journal of another one is refused"""


class Head(NamedTuple):
    """Say which record was the last to become durable, apart from the records themselves."""

    position: int
    hash: bytes


class StoredSnapshot(NamedTuple):
    """Hold a snapshot with the digest that was made when it was saved."""

    snapshot: Snapshot
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Say which records were moved to an archive file.

    Args:
        file: the file.
        first: the position of its first record.
        last: the position of its last record.
        hash: of the last record.
        sequences: the last sequence of each stream up to its end.
    """

    file: Path
    first: int
    last: int
    hash: bytes
    sequences: dict[Stream, int]


class Storage(Protocol):
    """Keep rows and snapshots."""

    @property
    def name(self) -> str:
        """Name where it is, for messages: a file or an address without its password."""
        ...

    @property
    def archive_folder(self) -> Path | None:
        """Give the folder where archives are kept unless another is named, if there is one."""
        ...

    @property
    def epoch(self) -> str:
        """Give the name that was made once with the journal."""
        ...

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows behind the last one, all or none; they are durable on return.

        Args:
            rows: at least one.

        Raises:
            JournalFailed: when they are not durable, or it is not known.
        """
        ...

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot durably; older ones than the one before it are dropped.

        Args:
            snapshot: the state.

        Raises:
            JournalFailed: when it is not durable.
        """
        ...

    def page(self, after: int, limit: int) -> list[Stored]:
        """Give the rows behind a position, in the order of commits.

        Args:
            after: a position.
            limit: the most rows.
        """
        ...

    def page_of(self, stream: Stream, after: int, limit: int) -> list[Stored]:
        """Give the rows of a stream behind a sequence, in order.

        Args:
            stream: which.
            after: a sequence.
            limit: the most rows.
        """
        ...

    def last(self, stream: Stream) -> int:
        """Give the last sequence among the rows of a stream, 0 when there is none.

        Args:
            stream: which.
        """
        ...

    def tail(self) -> Row | None:
        """Give the last row."""
        ...

    def head(self) -> Head | None:
        """Give what was noted beside the rows when the last of them became durable, if anything was."""
        ...

    def snapshots(self) -> list[StoredSnapshot]:
        """Give the snapshots, the newest first."""
        ...

    def segments(self) -> list[Segment]:
        """Give what was moved to archives, in order."""
        ...

    def put_away(self, segments: Sequence[Segment]) -> None:
        """Drop the rows of segments whose files are complete, and remember the files.

        Args:
            segments: in order, from the first row on.

        Raises:
            JournalFailed: when nothing was dropped.
        """
        ...

    def close(self) -> None:
        """Let go of files, connections and the lock."""
        ...
