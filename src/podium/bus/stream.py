"""The stream that other systems read: what an entry holds, and the port to where the stream is.

An entry's id is ``<sequence>-<part>``: the sequence of the domain event, and 0 for the event itself, 1, 2, … for
further names that it stands for. So a repeat is refused by the server, and the last id tells where to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["BEGINNING", "EntryId", "EventStream", "StreamEntry", "StreamPosition"]


class EntryId(NamedTuple):
    """Name an entry; ids compare in the order of the stream."""

    sequence: int
    part: int

    def __str__(self) -> str:
        return f"{self.sequence}-{self.part}"

    @classmethod
    def parse(cls, text: str) -> EntryId:
        """Read an id as it is written."""
        sequence, _, part = text.partition("-")
        return cls(int(sequence), int(part))


BEGINNING = EntryId(0, 0)
"""stands before the first entry"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEntry:
    """Hold one entry.

    Args:
        id: its place in the stream.
        event: the name of the event, such as ``STOP_LOSS_HIT``.
        strategy_id: the strategy it is about; empty for the portfolio as a whole.
        symbol: the symbol it is about; empty for the portfolio as a whole.
        time: when it happened, ISO 8601 UTC.
        correlation_id: the same for everything that one bar brought about.
        body: the domain event, the very line of ``events.jsonl``.
        previous: the id of the entry before it, so that a reader sees what was trimmed; ``0-0`` for the first.
        epoch: the journal's; sequences count within it.
    """

    id: EntryId
    event: str
    strategy_id: str
    symbol: str
    time: str
    correlation_id: str
    body: bytes
    previous: EntryId
    epoch: str


class StreamPosition(NamedTuple):
    """Say how far a stream has come.

    Args:
        last: the greatest id it ever held; ``BEGINNING`` when it is new.
        epoch: the journal its entries come from; ``None`` when it holds none.
    """

    last: EntryId
    epoch: str | None


class EventStream(Protocol):
    """Reach a stream; any call may raise ``BusUnavailable``."""

    @property
    def is_required(self) -> bool:
        """Tell whether a run must not start without it."""
        ...

    @property
    def name(self) -> str:
        """Name server and stream, for messages; never with a password."""
        ...

    async def position(self) -> StreamPosition:
        """Connect, and tell how far the stream has come."""
        ...

    async def append(self, entries: Sequence[StreamEntry]) -> None:
        """Add entries, all or none. It fails when the connection is not that of the last ``position``.

        Args:
            entries: in the order of their ids.
        """
        ...

    async def ping(self) -> None:
        """Find out whether the connection of the last ``position`` still holds."""
        ...

    async def read(self, after: EntryId, *, count: int, wait_seconds: float) -> list[StreamEntry]:
        """Give the entries behind an id.

        Args:
            after: begin behind this one.
            count: the most entries.
            wait_seconds: how long to wait for the first one; 0 does not wait.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...
