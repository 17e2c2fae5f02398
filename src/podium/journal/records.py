"""What a journal holds: records of four streams, and snapshots; and how each record is tied to the one before it.

The hash of a record covers the hash of the record that was committed before it, whatever its stream. So the hash of
the last record stands for the whole journal, and a record that was changed, added or taken out is found.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "GENESIS",
    "JournalRecord",
    "Row",
    "Snapshot",
    "Stored",
    "Stream",
    "record_hash",
    "row_of",
    "snapshot_digest",
]

GENESIS = bytes(32)
"""what stands for the hash of the record before the first one"""


class Stream(StrEnum):
    """Name the four streams; each has its own gapless sequence from 1."""

    INPUT = "input"
    """what the engine was given: bars, commands, reports of venues, timers"""
    DOMAIN = "domain"
    """what the engine made of it"""
    OPERATIONAL = "operational"
    """what services, orchestrators and people did"""
    CONFIGURATION = "configuration"
    """the files that the run was started with"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRecord:
    """Hold one thing that was given or happened.

    Args:
        stream: which sequence it belongs to.
        sequence: its place there, from 1, without gaps.
        time: nanoseconds since 1970 UTC.
        kind: what it is, such as ``ORDER_FILLED``.
        body: canonical JSON in UTF-8.
        correlation_id: what ties it to the bar that caused it; empty when nothing does.
    """

    stream: Stream
    sequence: int
    time: int
    kind: str
    body: bytes
    correlation_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Hold the state of the engine behind some records, so that a start need not begin at the first one.

    Args:
        schema: the number of the body's form; a reader passes over forms it does not know.
        input_sequence: the last input that is in it.
        domain_sequence: the last domain event that is in it.
        body: the state.
    """

    schema: int
    input_sequence: int
    domain_sequence: int
    body: bytes


Content = tuple[str, int, int, str, str, bytes]
"""stream, sequence, time, kind, correlation id and body of a record"""


Stored = tuple[int, str, int, int, str, str, bytes, bytes]
"""the fields of a row as a storage gives them: a million of them are read at a start, and names for each take time"""


class Row(NamedTuple):
    """Hold one record as it is stored: with its place in the order of commits, and its hash."""

    position: int
    stream: str
    sequence: int
    time: int
    kind: str
    correlation_id: str
    body: bytes
    hash: bytes


def record_hash(previous: bytes, content: Content) -> bytes:
    """Give the hash of a record.

    Args:
        previous: the hash of the record committed before it, ``GENESIS`` for the first.
        content: what it holds.

    Returns:
        SHA-256, 32 bytes. The lengths of the texts go in, so that no two records read the same.
    """
    stream, sequence, time, kind, correlation_id, body = content
    head = f"{stream} {sequence} {time} {len(kind)} {kind} {len(correlation_id)} {correlation_id} "
    return hashlib.sha256(b"".join((previous, head.encode(), body))).digest()


def row_of(position: int, previous: bytes, record: JournalRecord) -> Row:
    """Make the row of a record.

    Args:
        position: its place in the order of commits, from 1.
        previous: the hash of the row before it.
        record: what it holds.

    Returns:
        What is stored.
    """
    content = (
        record.stream.value, record.sequence, record.time, record.kind, record.correlation_id, record.body
    )  # fmt: skip
    return Row(position, *content, record_hash(previous, content))


def snapshot_digest(snapshot: Snapshot) -> bytes:
    """Give the hash of a snapshot.

    Args:
        snapshot: the state with its place.

    Returns:
        SHA-256, 32 bytes.
    """
    head = f"{snapshot.schema} {snapshot.input_sequence} {snapshot.domain_sequence} "
    return hashlib.sha256(head.encode() + snapshot.body).digest()
