"""Where a portfolio's result came from, as plain rows: strategy × symbol × side × reason.

The rows are data; ``postings`` makes them of the events of a run. Their sum is the change of the account; what is left
between the two is the residual, which every run checks to be 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from podium.core.money import format_money
from podium.stats.aligned import aligned, harmless
from podium.stats.comparison import markdown_table

__all__ = ["REASONS", "Attribution", "AttributionRow", "TradedValue", "summed"]

#: Every reason, in the order in which it is shown.
REASONS = ("price", "fees", "slippage", "funding", "borrow", "dividends", "netting", "conversion", "rebalancing")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionRow:
    """Hold what one reason added to the result.

    Args:
        strategy_id: whose.
        symbol: the market; empty where there is none.
        side: ``long`` or ``short``; empty where there is none.
        reason: one of ``REASONS``; another one is shown behind them.
        amount: money of the account, negative for a cost.
    """

    strategy_id: str
    symbol: str
    side: str
    reason: str
    amount: Decimal

    def to_dict(self) -> dict[str, str]:
        """Give the row for JSON, the amount as exact text."""
        return {
            "strategy_id": self.strategy_id,
            "symbol": self.symbol,
            "side": self.side,
            "reason": self.reason,
            "amount": str(self.amount),
        }


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


#: Why money came to a strategy that it did not earn.
_MOVED = "rebalancing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Hold all rows and what they must sum to.

    Args:
        rows: the rows.
        change: the account's equity at the end − its capital.
        traded: what was traded.
        currency: of the amounts.
    """

    rows: tuple[AttributionRow, ...]
    change: Decimal
    traded: tuple[TradedValue, ...] = ()
    currency: str = "USDT"

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

    @property
    def headings(self) -> tuple[str, ...]:
        """Name the columns of the table: each reason, the result, and apart from it what was moved, if anything."""
        earning = tuple(reason for reason in self.reasons if reason != _MOVED)
        return (*earning, "result", *(("moved", "change") if _MOVED in self.reasons else ()))

    def sums(self, rows: Iterable[AttributionRow]) -> list[Decimal]:
        """Sum rows for each column of the table.

        Args:
            rows: some of the rows.

        Returns:
            An amount for each of :attr:`headings`: what was moved to a strategy is no result of it.
        """
        *parts, change = summed(rows, [reason for reason in self.reasons if reason != _MOVED] + [_MOVED])
        moved = parts.pop()
        return [*parts, change - moved, *((moved, change) if _MOVED in self.reasons else ())]

    def texts(self) -> list[list[str]]:
        """Give the table by strategy: headings, a line for each strategy, and the sum, as people read them.

        Returns:
            One list for each line: who, and a column for each of :attr:`headings`.
        """
        whose: dict[str, list[AttributionRow]] = {}
        for row in self.rows:
            whose.setdefault(row.strategy_id, []).append(row)
        lines = [*whose.items(), ("portfolio", list(self.rows))]
        cells = [
            [harmless(name), *(format_money(amount, self.currency) for amount in self.sums(rows))]
            for name, rows in lines
        ]
        return [["strategy", *self.headings], *cells]

    def lines(self, *, gap: int = 3, indent: int = 0) -> list[str]:
        """Set the table by strategy in columns of plain text.

        Args:
            gap: blanks between columns.
            indent: blanks before the first.

        Returns:
            The headings and then one line for each row.
        """
        return aligned(self.texts(), gap=gap, indent=indent)

    def to_markdown(self) -> str:
        """Write the table by strategy as markdown, numbers to the right."""
        return markdown_table(self.texts())

    def __str__(self) -> str:
        return "\n".join(self.lines())


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
