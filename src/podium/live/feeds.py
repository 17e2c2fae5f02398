"""Where bars come from while the system runs: the port of all feeds.

A feed has the run's clock: a replay's clock is its data, so that a replay says the same on every machine and at every
speed. A feed knows which markets are due at a time, because it knows their calendars.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol, runtime_checkable

from podium.core.clock import Clock
from podium.data.bars import Bar

__all__ = ["Feed", "StreamedFeed"]


class Feed(Protocol):
    """Bring bars when asked for them."""

    @property
    def clock(self) -> Clock:
        """Give the run's clock."""
        ...

    def due(self, time: int) -> Collection[str]:
        """Tell which symbols have a bar that closes at a time.

        Args:
            time: nanoseconds since 1970 UTC.
        """
        ...

    def is_open(self, symbol: str) -> bool:
        """Tell whether a market trades now.

        Args:
            symbol: which one.
        """
        ...

    async def fetch(self, symbol: str, count: int) -> Sequence[Bar]:
        """Bring the newest bars.

        Args:
            symbol: of which market.
            count: how many, ≥ 1.

        Returns:
            At most so many, the oldest first; where the source includes it, the last one is still forming.
        """
        ...

    async def fetch_between(self, symbol: str, after: int, before: int) -> Sequence[Bar]:
        """Bring the closed bars between two that are known.

        Args:
            symbol: of which market.
            after: the close of the earlier one, nanoseconds since 1970 UTC.
            before: the close of the later one, nanoseconds since 1970 UTC.

        Returns:
            What the source has, the oldest first, without the two.
        """
        ...


@runtime_checkable
class StreamedFeed(Feed, Protocol):
    """Bring bars by itself as soon as they close."""

    def stream(self, symbol: str) -> AsyncIterator[Bar]:
        """Bring the closed bars of a market from now on; the end of the stream is the end of the market.

        Args:
            symbol: of which market.
        """
        ...

    def leave(self, symbol: str) -> None:
        """Learn that nobody will listen to a symbol any more.

        Args:
            symbol: of which market.
        """
        ...
