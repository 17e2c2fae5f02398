"""The comparison table: who earned what, side by side, with cash that nobody had and the portfolio as a whole.

Values stay values (``rows``); texts are made once, in ``Column.text``, and serve the plain table, markdown, the
terminal and the HTML report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from podium.core.money import format_money
from podium.stats.aligned import aligned, harmless
from podium.stats.metrics import StrategyMetrics
from podium.stats.sparkline import BLOCK_MARKS, sample_curve, sparkline

__all__ = ["COLUMNS", "Column", "ComparisonRow", "ComparisonTable", "RowKind", "lefts", "markdown_table", "percent"]

#: How many points of an equity curve a row keeps for its sparkline.
EQUITY_POINTS = 64


class RowKind(StrEnum):
    """Say what a row is about; a strategy may be called ``portfolio`` too."""

    STRATEGY = "strategy"
    """One strategy with its own capital."""
    UNALLOCATED = "unallocated"
    """Cash that no strategy was given."""
    NETTING = "netting"
    """What netting saved, which is no strategy's."""
    PORTFOLIO = "portfolio"
    """The whole: all strategies and the cash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """Hold one row.

    Args:
        kind: what the row is about.
        strategy_id: whose row; the kind's name for cash and portfolio.
        allocated_capital: what it started with, in money.
        final_equity: what it ended with, in money.
        transferred: what rebalancing moved to it, in money; negative when it was moved away.
        total_return: a fraction, free of what was moved; ``None`` when it started with nothing.
        sharpe_ratio: a year, from daily equity; ``None`` where undefined.
        max_drawdown: a positive fraction; ``None`` for cash.
        win_rate: a fraction; ``None`` without trades.
        total_trades: closed trades; ``None`` for cash.
        capital_limit_blocks: entries refused because the capital did not allow them; ``None`` for cash.
        equity: the equity curve in at most 64 points, for the sparkline.
    """

    kind: RowKind
    strategy_id: str
    allocated_capital: Decimal
    final_equity: Decimal
    transferred: Decimal = Decimal(0)
    total_return: float | None = None
    sharpe_ratio: float | None = None
    max_drawdown: float | None = None
    win_rate: float | None = None
    total_trades: int | None = None
    capital_limit_blocks: int | None = None
    equity: tuple[float, ...] = ()

    @classmethod
    def of_strategy(
        cls,
        strategy_id: str,
        *,
        allocated_capital: Decimal,
        final_equity: Decimal,
        metrics: StrategyMetrics,
        capital_limit_blocks: int,
        equity: NDArray[np.int64] | NDArray[np.float64],
        transferred: Decimal = Decimal(0),
        kind: RowKind = RowKind.STRATEGY,
    ) -> ComparisonRow:
        """Make the row of a strategy, or of the portfolio.

        Args:
            strategy_id: its id.
            allocated_capital: what it started with.
            final_equity: what it ended with.
            metrics: its metrics.
            capital_limit_blocks: refused entries.
            equity: its equity curve, money or units, shape ``(steps,)``.
            transferred: what rebalancing moved to it.
            kind: ``STRATEGY`` or ``PORTFOLIO``.

        Returns:
            The row.
        """
        return cls(
            kind=kind,
            strategy_id=strategy_id,
            allocated_capital=allocated_capital,
            final_equity=final_equity,
            transferred=transferred,
            total_return=metrics.total_return,
            sharpe_ratio=metrics.sharpe_ratio,
            max_drawdown=metrics.max_drawdown,
            win_rate=metrics.win_rate,
            total_trades=metrics.total_trades,
            capital_limit_blocks=capital_limit_blocks,
            equity=sample_curve(equity, EQUITY_POINTS),
        )

    @classmethod
    def of_portfolio(
        cls,
        *,
        allocated_capital: Decimal,
        final_equity: Decimal,
        metrics: StrategyMetrics,
        capital_limit_blocks: int,
        equity: NDArray[np.int64] | NDArray[np.float64],
    ) -> ComparisonRow:
        """Make the row of the whole portfolio; arguments as for ``of_strategy``."""
        return cls.of_strategy(
            RowKind.PORTFOLIO.value,
            allocated_capital=allocated_capital,
            final_equity=final_equity,
            metrics=metrics,
            capital_limit_blocks=capital_limit_blocks,
            equity=equity,
            kind=RowKind.PORTFOLIO,
        )

    @classmethod
    def of_cash(cls, unallocated: Decimal, final: Decimal | None = None) -> ComparisonRow:
        """Make the row of cash that no strategy has.

        Args:
            unallocated: the amount at the start; it neither earns nor loses.
            final: the amount at the end; by default the same, it differs by what rebalancing moved.

        Returns:
            The row.
        """
        final = unallocated if final is None else final
        return cls(
            kind=RowKind.UNALLOCATED,
            strategy_id=RowKind.UNALLOCATED.value,
            allocated_capital=unallocated,
            transferred=final - unallocated,
            final_equity=final,
            total_return=0.0 if unallocated > 0 else None,
            equity=(float(unallocated), float(final)),
        )

    @classmethod
    def of_netting(cls, saved: Decimal, equity: NDArray[np.int64]) -> ComparisonRow:
        """Make the row of what netting saved.

        Args:
            saved: the amount at the end.
            equity: what was saved up to each step, units, shape ``(steps,)``.

        Returns:
            The row.
        """
        return cls(
            kind=RowKind.NETTING,
            strategy_id=RowKind.NETTING.value,
            allocated_capital=Decimal(0),
            final_equity=saved,
            equity=sample_curve(equity, EQUITY_POINTS),
        )

    def to_dict(self) -> dict[str, str | float | int | None]:
        """Give the row for JSON: money as exact text, figures as numbers; without the curve."""
        return {
            "kind": self.kind.value,
            "strategy_id": self.strategy_id,
            "allocated_capital": _exact(self.allocated_capital),
            "transferred": _exact(self.transferred),
            "final_equity": _exact(self.final_equity),
            "total_return": self.total_return,
            "sharpe_ratio": self.sharpe_ratio,
            "win_rate": self.win_rate,
            "max_drawdown": self.max_drawdown,
            "total_trades": self.total_trades,
            "capital_limit_blocks": self.capital_limit_blocks,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Say how one column is called and printed.

    Args:
        name: the field of ``ComparisonRow``.
        heading: what people read above it.
        text: makes a cell from a row and the currency.
        left: whether it stands at the left; numbers stand at the right.
    """

    name: str
    heading: str
    text: Callable[[ComparisonRow, str], str]
    left: bool = False


def percent(fraction: float | None) -> str:
    """Print a fraction as people read it.

    Args:
        fraction: 0.224, or ``None``.

    Returns:
        ``22.4 %``, or an empty text.
    """
    if fraction is None:
        return ""
    text = f"{fraction * 100:,.1f}"
    return f"{text.lstrip('-') if float(text.replace(',', '')) == 0 else text} %"


def _ratio(number: float | None) -> str:
    if number is None:
        return ""
    text = f"{number:,.2f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _exact(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


COLUMNS: tuple[Column, ...] = (
    Column(name="strategy_id", heading="strategy", text=lambda row, _: harmless(row.strategy_id), left=True),
    Column(name="allocated_capital", heading="allocated", text=lambda row, of: format_money(row.allocated_capital, of)),
    Column(name="transferred", heading="moved", text=lambda row, of: format_money(row.transferred, of)),
    Column(name="final_equity", heading="final equity", text=lambda row, of: format_money(row.final_equity, of)),
    Column(name="total_return", heading="return", text=lambda row, _: percent(row.total_return)),
    Column(name="sharpe_ratio", heading="Sharpe", text=lambda row, _: _ratio(row.sharpe_ratio)),
    Column(name="max_drawdown", heading="max DD", text=lambda row, _: percent(row.max_drawdown)),
    Column(name="win_rate", heading="win rate", text=lambda row, _: percent(row.win_rate)),
    Column(name="total_trades", heading="trades", text=lambda row, _: _count(row.total_trades)),
    Column(name="capital_limit_blocks", heading="blocked", text=lambda row, _: _count(row.capital_limit_blocks)),
    Column(name="equity", heading="equity", text=lambda row, _: sparkline(row.equity), left=True),
)


def lefts(columns: Sequence[Column]) -> frozenset[int]:
    """Give the places of the columns that stand at the left."""
    return frozenset(place for place, column in enumerate(columns) if column.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTable:
    """Hold the rows of all strategies, then of netting if it is on, then of unallocated cash, then of the portfolio.

    Args:
        currency: the account currency.
        rows: in this order.
    """

    currency: str
    rows: tuple[ComparisonRow, ...]

    @classmethod
    def of(
        cls,
        strategies: Sequence[ComparisonRow],
        *,
        unallocated: Decimal,
        portfolio: ComparisonRow,
        currency: str,
        final_unallocated: Decimal | None = None,
        netting: ComparisonRow | None = None,
    ) -> ComparisonTable:
        """Put a table together.

        Args:
            strategies: their rows, in the order of the portfolio.
            unallocated: cash that no strategy was given at the start.
            portfolio: the row of the whole.
            currency: the account currency.
            final_unallocated: cash that no strategy had at the end; by default as much as at the start.
            netting: the row of what netting saved, if it is on.

        Returns:
            The table.
        """
        cash = ComparisonRow.of_cash(unallocated, final_unallocated)
        saved = () if netting is None else (netting,)
        return cls(currency=currency, rows=(*strategies, *saved, cash, portfolio))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Give the columns that have something to say: what was moved only where something was."""
        has_moved = any(row.transferred for row in self.rows)
        return tuple(column for column in COLUMNS if has_moved or column.name != "transferred")

    def texts(self, columns: Sequence[Column] | None = None) -> list[list[str]]:
        """Give the headings and then the cells of each row, as people read them.

        Args:
            columns: which to show; by default those that have something to say.

        Returns:
            One list for each line.
        """
        columns = self.columns if columns is None else columns
        cells = [[column.text(row, self.currency) for column in columns] for row in self.rows]
        return [[column.heading for column in columns], *cells]

    def lines(self, columns: Sequence[Column] | None = None, *, gap: int = 3, indent: int = 0) -> list[str]:
        """Set the table in columns of plain text.

        Args:
            columns: which to show; by default those that have something to say.
            gap: blanks between columns.
            indent: blanks before the first.

        Returns:
            The headings and then one line for each row.
        """
        columns = self.columns if columns is None else columns
        return aligned(self.texts(columns), left=lefts(columns), gap=gap, indent=indent)

    def to_markdown(self) -> str:
        """Write the table as markdown, numbers to the right."""
        return markdown_table(self.texts(), left=lefts(self.columns))

    def to_json(self) -> str:
        """Write the table as JSON: ``{"currency", "rows": [...]}``; money as exact text, ratios unrounded."""
        content = {"currency": self.currency, "rows": [row.to_dict() for row in self.rows]}
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def __str__(self) -> str:
        return "\n".join(self.lines())


def markdown_table(texts: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> str:
    """Write a table as markdown.

    Args:
        texts: the headings and then the cells of each row.
        left: the places of the columns that stand at the left.

    Returns:
        The lines.
    """
    heading, *rows = texts
    rule = [":---" if place in left else "---:" for place in range(len(heading))]
    lines = [heading, rule, *[[_markdown(cell) for cell in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _markdown(cell: str) -> str:
    for sign in "\\`*_[]|":
        cell = cell.replace(sign, "\\" + sign) if not set(cell) <= set(BLOCK_MARKS) else cell
    return cell.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
