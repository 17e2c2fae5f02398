"""Move the older part of a journal to compressed files, from which it is still read.

What a start needs, the records behind the newest snapshot, stays in the journal. A file is complete and durable before
its rows leave the journal; after a crash in between they are in both, and the next archive writes the file anew.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from podium.core.errors import ConfigurationError, JournalError, Location, Problem
from podium.journal.reading import StoredJournal
from podium.journal.segments import write_segment
from podium.journal.storage import Segment, Storage

__all__ = ["archive_records"]

_ROWS_OF_A_SEGMENT = 200_000


def archive_records(storage: Storage, folder: Path | None = None) -> list[Segment]:
    """Move everything that the newest snapshot makes unnecessary for a start.

    Args:
        storage: opened for writing.
        folder: where the files go; into the journal's own folder when left out.

    Returns:
        What was moved; nothing where there is no snapshot, or nothing new before it.

    Raises:
        JournalError: when the journal is not as it was written, or a file cannot be written; nothing was moved then.
        ConfigurationError: when a folder has to be named.
    """
    into = folder or storage.archive_folder
    if into is None:
        raise ConfigurationError(
            Problem(
                message="this journal has no folder of its own",
                location=Location(file=storage.name),
                expected="--to FOLDER, where the archives go; they have to stay there",
            )
        )
    journal = StoredJournal(storage)
    if (problem := journal.verify().problem) is not None:
        raise JournalError(problem)
    chain, end = journal.end_of_archives(), journal.behind_snapshot()
    rows = islice(journal.rows(after=chain.position), max(end - chain.position, 0))
    segments = []
    while part := list(islice(rows, _ROWS_OF_A_SEGMENT)):
        segments.append(write_segment(into, chain, part))
    if segments:
        storage.put_away(segments)
    return segments
