"""Segments: the older rows of a journal in compressed files, with their hashes, so that the chain goes through them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from podium.core.errors import JournalError, Location, Problem
from podium.journal.chain import Chain
from podium.journal.records import Row, Stored
from podium.journal.storage import Segment

__all__ = ["cause", "discard", "read_segment", "write_segment"]

_SCHEMA = {
    "position": pl.Int64,
    "stream": pl.String,
    "sequence": pl.Int64,
    "time": pl.Int64,
    "kind": pl.String,
    "correlation_id": pl.String,
    "body": pl.Binary,
    "hash": pl.Binary,
}


def write_segment(folder: Path, chain: Chain, rows: Sequence[Row]) -> Segment:
    """Write rows to a file of their own, durably, and read it once more.

    Args:
        folder: where archives are; it is made when it is not there.
        chain: at the record before the first of them; it goes on to the last.
        rows: in order, at least one.

    Returns:
        The segment.

    Raises:
        JournalError: when it cannot be written, or does not read as it was written.
    """
    path = folder / f"{rows[0].position:012d}-{rows[-1].position:012d}.parquet"
    unfinished = path.with_suffix(".unfinished")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(rows, schema=_SCHEMA, orient="row").write_parquet(unfinished, compression="zstd")
        _sync(unfinished)
        unfinished.replace(path)
        _sync(folder)
    except (OSError, pl.exceptions.PolarsError) as error:
        discard(unfinished)
        told = f"the archive cannot be written: {cause(error)}"
        raise JournalError(_problem(path, told, "a folder that this user can write to, with free space")) from None
    if (flaw := chain.check(list(read_segment(path)))) is not None:
        raise JournalError(_problem(path, f"the archive does not read as it was written: {flaw}", "a disk that works"))
    return Segment(file=path, first=rows[0].position, last=chain.position, hash=chain.hash, sequences=chain.sequences)


def read_segment(path: Path) -> Iterator[Stored]:
    """Read the rows of an archive file.

    Args:
        path: the file.

    Returns:
        Its rows, in order.

    Raises:
        JournalError: when it is gone or cannot be read.
    """
    try:
        frame = pl.read_parquet(path, columns=list(_SCHEMA))
    except (OSError, pl.exceptions.PolarsError) as error:
        what = "is gone" if isinstance(error, FileNotFoundError) else f"cannot be read: {cause(error)}"
        raise JournalError(
            _problem(path, f"an archive of the journal {what}", "the file that `podium journal archive` wrote")
        ) from None
    return frame.iter_rows()


def cause(error: OSError | pl.exceptions.PolarsError) -> str:
    """Say in a line why a file cannot be read or written: polars tells of a full disk with an error of its own.

    Args:
        error: what was raised.
    """
    return getattr(error, "strerror", None) or str(error).partition("\n")[0]


def discard(unfinished: Path) -> None:
    """Remove a file that was not completed, if there is one.

    Args:
        unfinished: the file.
    """
    if unfinished.is_file():  # nor is there one in a folder that is none
        unfinished.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _problem(path: Path, message: str, expected: str) -> Problem:
    return Problem(message=message, location=Location(file=str(path)), expected=expected)
