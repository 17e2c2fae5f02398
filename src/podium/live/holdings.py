"""What the portfolio holds and is worth at the moment, for people and programs that look from outside."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from podium.live.stepper import Stepper

__all__ = ["Holding", "equities", "holdings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Be the position of one strategy on one symbol.

    Args:
        strategy_id: whose.
        symbol: on which.
        quantity: how much, negative when short; never 0.
        value: what it is worth at the last mark and rate, money of the account, negative when short.
    """

    strategy_id: str
    symbol: str
    quantity: Decimal
    value: Decimal


def holdings(stepper: Stepper) -> list[Holding]:
    """List the open positions.

    Args:
        stepper: the engine, between two steps.

    Returns:
        The positions, symbols in portfolio order, strategies in the file's.
    """
    tables = stepper.engine.tables
    found: list[Holding] = []
    for cell in tables.cells[tables.cells["quantity"] != 0]:
        number, lots = int(cell["symbol"]), int(cell["quantity"])
        symbol, row = stepper.symbols[number], tables.instruments[number]
        worth = stepper.engine.converted(number, lots * int(row["mark"]) * int(row["money_per_tick_lot"]))
        found.append(
            Holding(
                strategy_id=stepper.strategies[int(cell["strategy"])],
                symbol=symbol,
                quantity=lots * stepper.config.instruments[symbol].lot,
                value=stepper.unit.to_decimal(worth),
            )
        )
    return found


def equities(stepper: Stepper) -> dict[str, Decimal]:
    """Tell what every strategy, the cash that none has, and the whole are worth.

    Args:
        stepper: the engine, between two steps.

    Returns:
        Money of the account by strategy, then ``netting`` where orders are netted, ``unallocated`` and ``portfolio``.
    """
    equity = stepper.equity()
    units = dict(zip(stepper.strategies, equity.strategies, strict=True))
    if stepper.config.execution == "netted":
        units["netting"] = equity.netting
    units["unallocated"] = equity.unallocated
    units["portfolio"] = sum(units.values())
    return {name: stepper.unit.to_decimal(amount) for name, amount in units.items()}
