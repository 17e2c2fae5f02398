"""Run classes that know nothing of Podium: they have ``should_enter``, ``should_exit``, maybe ``position_size``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, overload, runtime_checkable

import numpy as np

from podium.core.errors import ConfigurationError, Location, Problem
from podium.core.places import shown_path
from podium.core.validation import show
from podium.strategy.base import Strategy
from podium.strategy.copies import own_copy
from podium.strategy.desk import Desk
from podium.strategy.views import BarView

__all__ = ["AdaptedStrategy", "DecimalBar", "DecimalPosition", "EntersAndExits"]


@runtime_checkable
class EntersAndExits(Protocol):
    """Name what an adapted class has; ``position_size(capital, price) -> Decimal`` is optional."""

    def should_enter(self, bars: Sequence[DecimalBar]) -> bool:
        """Tell whether to enter long, all bars up to now in view."""
        ...

    def should_exit(self, position: DecimalPosition, bars: Sequence[DecimalBar]) -> bool:
        """Tell whether to close the position."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DecimalBar:
    """Hold one closed bar with exact prices.

    Args:
        symbol: the market.
        timestamp: the close time, aware UTC.
        open, high, low, close: prices.
        volume: traded quantity.
    """

    symbol: str
    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DecimalPosition:
    """Hold the open position with exact numbers.

    Args:
        symbol: the market.
        side: ``long`` or ``short``.
        quantity: above 0.
        entry_price: the average.
        current_price: the last close.
        unrealized_pnl: at the last close, before fees.
        bars_held: bars since the entry.
    """

    symbol: str
    side: str
    quantity: Decimal
    entry_price: Decimal
    current_price: Decimal
    unrealized_pnl: Decimal
    bars_held: int


class _BarsSoFar(Sequence[DecimalBar]):
    """Be all bars up to the current one; each is made once, when it is looked at."""

    def __init__(self, tick: Decimal) -> None:
        self._tick = tick
        self._made: dict[int, DecimalBar] = {}
        self._view: BarView | None = None

    def see(self, view: BarView) -> None:
        """Take the current bar."""
        self._view = view

    def __len__(self) -> int:
        return 0 if self._view is None else self._view.index + 1

    @overload
    def __getitem__(self, index: int) -> DecimalBar: ...
    @overload
    def __getitem__(self, index: slice) -> list[DecimalBar]: ...
    def __getitem__(self, index: int | slice) -> DecimalBar | list[DecimalBar]:
        if isinstance(index, slice):
            return [self._bar(row) for row in range(*index.indices(len(self)))]
        row = index + len(self) if index < 0 else index
        if not 0 <= row < len(self):
            raise IndexError(f"bar {index} of {len(self)}: there is none yet")
        return self._bar(row)

    def _bar(self, row: int) -> DecimalBar:
        made = self._made.get(row)
        if made is None and self._view is not None:
            view = self._view.at(row)
            made = self._made[row] = DecimalBar(
                symbol=view.symbol,
                timestamp=view.time,
                open=self._price(view.open),
                high=self._price(view.high),
                low=self._price(view.low),
                close=self._price(view.close),
                volume=Decimal(repr(view.volume)),
            )
        if made is None:
            raise IndexError("there is no bar yet")
        return made

    def _price(self, value: float) -> Decimal:
        return round(value / float(self._tick)) * self._tick


def _place_of(wrapped: type) -> Location | None:
    """Find the line of a class's ``position_size``, where there is a file."""
    code = getattr(getattr(wrapped, "position_size", None), "__code__", None)
    return None if code is None else Location(file=shown_path(Path(code.co_filename)), line=code.co_firstlineno)


class AdaptedStrategy(Strategy):
    """Make a class with ``should_enter`` and ``should_exit`` trade.

    Args:
        wrapped: the instance; each symbol works on its own copy.
    """

    def __init__(self, wrapped: EntersAndExits) -> None:
        self._wrapped = wrapped

    def __deepcopy__(self, _memo: dict[int, object]) -> AdaptedStrategy:
        return AdaptedStrategy(own_copy(self._wrapped))

    def attach(self, desk: Desk) -> None:
        """Bind this instance to its cell.

        Args:
            desk: where its orders go.
        """
        super().attach(desk)
        self._bars = _BarsSoFar(desk.tick)

    def remembered(self) -> dict[str, Any]:  # Any: whatever plain values it keeps
        """Give the attributes of the wrapped instance."""
        return dict(vars(self._wrapped))

    def remember(self, attributes: Mapping[str, Any]) -> None:  # Any: as ``remembered`` gives
        """Give the wrapped instance its attributes back.

        Args:
            attributes: what ``remembered`` gave.
        """
        own = vars(self._wrapped)
        own.clear()
        own.update(attributes)

    def on_bar(self, bar: BarView) -> None:
        """Ask the wrapped class.

        Args:
            bar: the bar that has just closed.
        """
        self._bars.see(bar)
        if self.position.is_flat:
            if self._wrapped.should_enter(self._bars):
                self._enter()
        elif self._wrapped.should_exit(self._described(), self._bars):
            self.close()

    def _enter(self) -> None:
        size = getattr(self._wrapped, "position_size", None)
        if size is None:
            self.buy()
            return
        quantity = size(self.account.available, self._bars[-1].close)
        if isinstance(quantity, bool) or not isinstance(quantity, int | float | Decimal | np.number):
            raise self._wrong(quantity)
        exact = quantity if isinstance(quantity, Decimal) else Decimal(str(quantity))
        if not exact.is_finite() or exact < 0:
            raise self._wrong(quantity)
        # Nothing at all is the class's way to stay out; less than a lot is refused with an event that says so.
        if exact > 0:
            self.buy(quantity=exact)

    def _wrong(self, quantity: object) -> ConfigurationError:
        return ConfigurationError(
            Problem(
                message=f"{type(self._wrapped).__name__}.position_size gave {show(quantity)}",
                location=_place_of(type(self._wrapped)),
                expected="a Decimal: how much to buy, 0 to stay out",
            )
        )

    def _described(self) -> DecimalPosition:
        position, last = self.position, self._bars[-1]
        return DecimalPosition(
            symbol=last.symbol,
            side="long" if position.is_long else "short",
            quantity=abs(position.quantity),
            entry_price=position.exact_entry_price,
            current_price=last.close,
            unrealized_pnl=position.open_profit,
            bars_held=position.bars_held,
        )
