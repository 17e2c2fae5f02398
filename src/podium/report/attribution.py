"""Where a portfolio's result came from, as plain rows: strategy × symbol × side × reason.

The rows are data; who makes them is not this module's business. Their sum is the change of the account; what is left
between the two is the residual, and it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["REASONS", "Attribution", "AttributionRow", "TradedValue", "summed"]

#: Every reason, in the order in which it is shown.
REASONS = ("price", "fees", "slippage", "funding", "netting", "conversion", "rebalancing")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """Hold what one reason added to the result.

    Args:
        strategy_id: whose.
        symbol: the market.
        side: ``long`` or ``short``.
        reason: one of ``REASONS``; another one is shown behind them.
        amount: money of the account, negative for a cost.
    """

    strategy_id: str
    symbol: str
    side: str
    reason: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TradedValue:
    """Hold how much a strategy traded of a symbol.

    Args:
        strategy_id: whose.
        symbol: the market.
        value: the notional of all fills, in money.
        fills: how many.
    """

    strategy_id: str
    symbol: str
    value: Decimal
    fills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Hold all rows and what they must sum to.

    Args:
        rows: the rows.
        change: the account's equity at the end − its capital.
        traded: what was traded.
    """

    rows: tuple[AttributionRow, ...]
    change: Decimal
    traded: tuple[TradedValue, ...] = ()

    @property
    def residual(self) -> Decimal:
        """Give what the rows do not explain; 0 when all is well."""
        return self.change - sum((row.amount for row in self.rows), Decimal(0))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Give the reasons that added something; price always."""
        found = {row.reason for row in self.rows if row.amount}
        known = tuple(reason for reason in REASONS if reason in found or reason == "price")
        return (*known, *sorted(found - set(known)))


def summed(rows: Iterable[AttributionRow], reasons: Sequence[str]) -> list[Decimal]:
    """Sum rows by reason.

    Args:
        rows: some rows.
        reasons: the columns.

    Returns:
        The sum of each reason, then the sum of all.
    """
    sums = dict.fromkeys(reasons, Decimal(0))
    for row in rows:
        sums[row.reason] = sums.get(row.reason, Decimal(0)) + row.amount
    return [*(sums[reason] for reason in reasons), sum(sums.values(), Decimal(0))]
