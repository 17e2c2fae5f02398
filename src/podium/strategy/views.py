"""What a coded strategy sees: the current bar, its declared series, its position and its account.

All of them are views of the present moment: rows behind the current one can be read, rows before it do not exist.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from podium.core.arrays import numbers_of
from podium.core.times import from_nanoseconds
from podium.rules.graph import Columns

__all__ = [
    "AccountView",
    "BarView",
    "ConditionView",
    "Cursor",
    "OrderView",
    "PositionView",
    "SeriesView",
    "TimedColumns",
]


class TimedColumns(Columns, Protocol):
    """Be the bars of one symbol as columns with their close times; ``data.bars.BarSeries`` is one."""

    @property
    def symbol(self) -> str:
        """Give the market's name."""
        ...

    @property
    def close_time(self) -> NDArray[np.int64]:
        """Give nanoseconds since 1970 UTC."""
        ...


class Cursor:
    """Say which bar is the current one.

    Args:
        row: of the strategy's own bars.
        step: of the run's timeline.
    """

    __slots__ = ("row", "step")

    def __init__(self, row: int = 0, step: int = 0) -> None:
        self.row, self.step = row, step


class BarView:
    """Show the current bar; prices are floats. ``copy()`` keeps it, since the view moves on.

    Args:
        columns: all bars of the symbol.
        cursor: which one is current.
    """

    __slots__ = ("_close", "_columns", "_cursor", "_high", "_low", "_open", "_volume", "symbol")

    def __init__(self, columns: TimedColumns, cursor: Cursor) -> None:
        self._columns, self._cursor = columns, cursor
        self.symbol = columns.symbol
        self._open, self._high = numbers_of(columns.open), numbers_of(columns.high)
        self._low, self._close = numbers_of(columns.low), numbers_of(columns.close)
        self._volume = numbers_of(columns.volume)

    @property
    def open(self) -> float:
        """Give the first price."""
        return self._open[self._cursor.row]

    @property
    def high(self) -> float:
        """Give the highest price."""
        return self._high[self._cursor.row]

    @property
    def low(self) -> float:
        """Give the lowest price."""
        return self._low[self._cursor.row]

    @property
    def close(self) -> float:
        """Give the last price."""
        return self._close[self._cursor.row]

    @property
    def volume(self) -> float:
        """Give the traded quantity."""
        return self._volume[self._cursor.row]

    @property
    def time(self) -> datetime:
        """Give the close time, aware UTC."""
        return from_nanoseconds(int(self._columns.close_time[self._cursor.row]))

    @property
    def index(self) -> int:
        """Give the number of the bar; 0 is the oldest."""
        return self._cursor.row

    def at(self, row: int) -> BarView:
        """Show an earlier bar.

        Args:
            row: 0 is the oldest; at most the current one.

        Returns:
            A view that stays there.

        Raises:
            IndexError: when the row lies in the future.
        """
        if not 0 <= row <= self._cursor.row:
            raise IndexError(f"bar {row} is not known at bar {self._cursor.row}")
        return BarView(self._columns, Cursor(row, self._cursor.step))

    def copy(self) -> BarView:
        """Keep this bar.

        Returns:
            A view that stays where it is.
        """
        return BarView(self._columns, Cursor(self._cursor.row, self._cursor.step))

    def __repr__(self) -> str:
        return (
            f"Bar({self.symbol} {self.time.isoformat()} open={self.open} high={self.high} low={self.low} "
            f"close={self.close} volume={self.volume})"
        )


class SeriesView:
    """Show a declared number series: ``[0]`` is the current bar, ``[n]`` the one n bars ago; NaN is unknown.

    Args:
        values: one for each bar, shape ``(bars,)``.
        cursor: which bar is current.
    """

    __slots__ = ("_cursor", "_values")

    def __init__(self, values: NDArray[np.float64], cursor: Cursor) -> None:
        self._values = numbers_of(values)
        self._cursor = cursor

    def __getitem__(self, bars_ago: int) -> float:
        if not bars_ago:
            return self._values[self._cursor.row]
        row = _row(self._cursor, bars_ago)
        return self._values[row] if row >= 0 else math.nan


class ConditionView:
    """Show a declared condition: ``True``, ``False`` or ``None`` for unknown; ``[0]`` is the current bar.

    Args:
        values: 0 false, 1 true, 2 unknown, shape ``(bars,)``.
        cursor: which bar is current.
    """

    __slots__ = ("_cursor", "_values")
    _MEANING = (False, True, None)

    def __init__(self, values: NDArray[np.uint8], cursor: Cursor) -> None:
        self._values = numbers_of(values)
        self._cursor = cursor

    def __getitem__(self, bars_ago: int) -> bool | None:
        row = _row(self._cursor, bars_ago)
        return self._MEANING[self._values[row]] if row >= 0 else None


def _row(cursor: Cursor, bars_ago: int) -> int:
    """Find the row that lies some bars back; below 0 there is none yet."""
    if bars_ago < 0:
        raise IndexError(f"[{bars_ago}] lies in the future: [0] is the current bar, [1] the one before it")
    return cursor.row - bars_ago


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """Describe a working order.

    Args:
        identifier: the cell's own count.
        kind: ``market``, ``limit`` or ``stop``.
        side: ``buy`` or ``sell``.
        quantity: of the instrument; 0 while it is not sized.
        limit, trigger: its price; ``None`` where its kind has none.
        is_exit: whether it may only reduce the position.
    """

    identifier: int
    kind: str
    side: str
    quantity: Decimal
    limit: Decimal | None
    trigger: Decimal | None
    is_exit: bool


class _State(Protocol):
    """Be where a position's present state is read: the desk."""

    tick: Decimal
    tick_ratio: tuple[int, int]
    lot: Decimal
    is_still: bool
    known_lots: int

    def lots(self) -> int: ...
    def cell(self) -> Mapping[str, int]: ...
    def account(self) -> Mapping[str, int]: ...
    def money(self, units: int) -> Decimal: ...
    def mark(self) -> int: ...
    def unit_value(self) -> int: ...
    def converted(self, units: int) -> int: ...
    def entry_cost(self) -> int: ...


class PositionView:
    """Show the strategy's position on the current symbol.

    Args:
        desk: where its state is read.
    """

    __slots__ = ("_desk", "_lots")

    def __init__(self, desk: _State) -> None:
        self._desk = desk
        self._lots: Callable[[], int] = desk.lots

    # The three questions that a strategy asks at every bar spare themselves the call while nothing can have changed.
    @property
    def is_flat(self) -> bool:
        """Tell whether there is no position."""
        desk = self._desk
        return (desk.known_lots if desk.is_still else desk.lots()) == 0

    @property
    def is_long(self) -> bool:
        """Tell whether it is long."""
        desk = self._desk
        return (desk.known_lots if desk.is_still else desk.lots()) > 0

    @property
    def is_short(self) -> bool:
        """Tell whether it is short."""
        desk = self._desk
        return (desk.known_lots if desk.is_still else desk.lots()) < 0

    @property
    def quantity(self) -> Decimal:
        """Give the quantity, negative when short."""
        return self._lots() * self._desk.lot

    @property
    def entry_price(self) -> float:
        """Give the average entry price; NaN when flat."""
        lots = self._lots()
        if lots == 0:
            return math.nan
        # Whole numbers are divided once, so that an entry at a bar's price is that very float.
        numerator, denominator = self._desk.tick_ratio
        return self._desk.entry_cost() * numerator / (lots * self._desk.unit_value() * denominator)

    @property
    def exact_entry_price(self) -> Decimal:
        """Give the average entry price exactly; 0 when flat."""
        lots = self._lots()
        return (
            Decimal(self._desk.entry_cost()) / (lots * self._desk.unit_value()) * self._desk.tick
            if lots
            else Decimal(0)
        )

    @property
    def stop(self) -> float | None:
        """Give the level of the stop, or ``None``."""
        stop = int(self._desk.cell()["stop"]) if self._lots() != 0 else 0
        numerator, denominator = self._desk.tick_ratio
        return stop * numerator / denominator if stop else None

    @property
    def bars_held(self) -> int:
        """Give how many bars have closed since the entry, its own included."""
        return int(self._desk.cell()["bars_held"]) if self._lots() != 0 else 0

    @property
    def open_profit(self) -> Decimal:
        """Give the result at the last close and rate, in money, before fees; settlements may have paid a part of it."""
        return self._desk.money(self._desk.converted(self._result()))

    def _result(self) -> int:
        return self._lots() * self._desk.mark() * self._desk.unit_value() - self._desk.entry_cost()

    @property
    def open_return(self) -> float:
        """Give the result at the last close as a ratio of the entry notional; 0 when flat."""
        cost = abs(self._desk.entry_cost())
        return float(self._desk.money(self._result())) / float(self._desk.money(cost)) if cost else 0.0

    def __repr__(self) -> str:
        return f"Position(quantity={self.quantity}, entry_price={self.entry_price})"


class AccountView:
    """Show the strategy's own money, in account currency, as ``Decimal``.

    Args:
        desk: where its state is read.
    """

    __slots__ = ("_desk",)

    def __init__(self, desk: _State) -> None:
        self._desk = desk

    def _amount(self, name: str) -> Decimal:
        return self._desk.money(int(self._desk.account()[name]))

    @property
    def allocated(self) -> Decimal:
        """Give what the strategy may use."""
        return self._amount("allocated")

    @property
    def cash(self) -> Decimal:
        """Give what is not bound."""
        return self._amount("cash")

    @property
    def used(self) -> Decimal:
        """Give what positions bind."""
        return self._amount("used")

    @property
    def reserved(self) -> Decimal:
        """Give what working entry orders would cost."""
        return self._amount("reserved")

    @property
    def available(self) -> Decimal:
        """Give what a new entry may cost; never below 0."""
        account = self._desk.account()
        allocated, cash, used, reserved = (int(account[name]) for name in ("allocated", "cash", "used", "reserved"))
        return self._desk.money(max(min(allocated - used, cash) - reserved, 0))

    @property
    def equity(self) -> Decimal:
        """Give cash, what is bound, and open results at the last closes."""
        return self._amount("equity")

    @property
    def realised(self) -> Decimal:
        """Give what closed quantity earned, before fees."""
        return self._amount("realised")

    @property
    def fees(self) -> Decimal:
        """Give what was paid in fees."""
        return self._amount("fees")
