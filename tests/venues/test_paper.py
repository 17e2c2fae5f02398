"""The paper venue takes every order."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from podium.bus.events import OrderCancelled, OrderCreated
from podium.venues.paper import PaperVenue

ORDER = {
    "time": 0, "symbol": "BTC/USDT", "strategy_id": "trend", "sequence": 1, "order": 1, "order_kind": "market",
    "side": "buy", "is_exit": False, "quantity": Decimal(1), "price": Decimal(100),
}  # fmt: skip


def test_orders_are_taken_and_counted():
    """They fill in the engine, as in a backtest. (D-02)"""

    async def program():
        venue = PaperVenue()
        await venue.send([OrderCreated(**ORDER), OrderCreated(**ORDER)])
        await venue.cancel([OrderCancelled(**ORDER)])
        return venue.sent, venue.cancelled

    assert asyncio.run(program()) == (2, 1)
