"""The paper venue: orders fill as in a backtest, on the bars that come."""

from __future__ import annotations

from collections.abc import Sequence

from podium.bus.events import OrderCancelled, OrderCreated

__all__ = ["PaperVenue"]


class PaperVenue:
    """Take every order at once.

    The engine's own table of orders is its book, and the engine matches it with each bar; so there is nothing to keep
    here but the count.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.cancelled = 0

    async def send(self, orders: Sequence[OrderCreated]) -> None:
        """Take orders.

        Args:
            orders: in the order in which they were decided.
        """
        self.sent += len(orders)

    async def cancel(self, orders: Sequence[OrderCancelled]) -> None:
        """Take orders back.

        Args:
            orders: in the order in which they ended.
        """
        self.cancelled += len(orders)
