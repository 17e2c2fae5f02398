"""What the system needs of a place where orders go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from podium.bus.events import OrderCancelled, OrderCreated

__all__ = ["Venue"]


class Venue(Protocol):
    """Take orders that are durable in the journal.

    An order is named by its strategy, symbol and number; the same order may come again after a crash or a failure, and
    counts once.
    """

    async def send(self, orders: Sequence[OrderCreated]) -> None:
        """Take orders.

        Args:
            orders: in the order in which they were decided.
        """
        ...

    async def cancel(self, orders: Sequence[OrderCancelled]) -> None:
        """Take orders back.

        Args:
            orders: in the order in which they ended.
        """
        ...
