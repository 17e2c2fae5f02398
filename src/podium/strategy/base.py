"""The Strategy base class: rules as class attributes, or code in ``on_bar``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from podium.core.errors import ConfigurationError, Problem
from podium.rules.nodes import Node
from podium.strategy.desk import Amount, Desk
from podium.strategy.views import AccountView, BarView, OrderView, PositionView

__all__ = ["OrderOptions", "OrderTerms", "Protection", "Strategy"]


class Protection(TypedDict, total=False):
    """Name the levels a position may have.

    ``stop`` and ``target`` are prices; ``targets`` are (price, share of the entered quantity); ``trail`` is a distance
    in price that follows the best price once the open return has reached ``trail_after``; ``break_even_after`` is the
    open return at which the stop moves to the entry, ``break_even_offset`` a ratio added to it; ``max_bars`` closes by
    time.
    """

    stop: Amount
    target: Amount
    targets: Sequence[tuple[Amount, Amount]]
    trail: Amount
    trail_after: Amount
    break_even_after: Amount
    break_even_offset: Amount
    max_bars: int


class OrderTerms(Protection, total=False):
    """Name what an order may say besides its size.

    ``limit`` makes it a limit order, ``trigger`` a stop order, ``expire_bars`` ends it after so many bars.
    """

    limit: Amount
    trigger: Amount
    expire_bars: int


class OrderOptions(OrderTerms, total=False):
    """Name what an order may say.

    One size at most: ``quantity``, ``fraction`` of the strategy's capital, ``money`` of notional, or ``risk``, the
    fraction of the capital that is lost at the stop. Without one an entry takes all that is available.
    """

    quantity: Amount
    fraction: Amount
    money: Amount
    risk: Amount


class Strategy:
    """Decide for one symbol at a time, without knowing of any other strategy.

    A *rules class* states conditions as class attributes (``long_entry``, ``long_exit``, ``short_entry``,
    ``short_exit``) and may state ``stop``, ``targets``, ``trail``, ``breakeven``, ``max_bars``, ``size`` and
    ``timeframe``. A *coded class* has ``on_bar``; expressions among its class attributes are read as ``self.name[0]``.
    Each symbol has its own instance. Plain numbers among the class attributes are parameters.
    """

    #: Bars to wait before the first ``on_bar``, if longer than the declared expressions need.
    warm_up: int = 0

    _desk: Desk | None = None
    _position: PositionView | None = None

    def on_bar(self, bar: BarView) -> None:
        """Decide at the close of a bar. Orders act from the next bar on.

        Args:
            bar: the bar that has just closed.
        """

    @property
    def position(self) -> PositionView:
        """Show the position on the current symbol."""
        return self._position or PositionView(self._at_desk())

    @property
    def account(self) -> AccountView:
        """Show the strategy's own money."""
        return AccountView(self._at_desk())

    @property
    def orders(self) -> tuple[OrderView, ...]:
        """Give the working orders on the current symbol, oldest first."""
        return self._at_desk().orders()

    def buy(self, **options: Unpack[OrderOptions]) -> None:
        """Buy: enter long, or reduce a short position that is not being closed in this step.

        Args:
            options: see :class:`OrderOptions`.
        """
        self._place(1, dict(options))

    def sell(self, **options: Unpack[OrderOptions]) -> None:
        """Sell: enter short, or reduce a long position that is not being closed in this step.

        Args:
            options: see :class:`OrderOptions`.
        """
        self._place(-1, dict(options))

    def order(self, quantity: Amount, **options: Unpack[OrderTerms]) -> None:
        """Buy a positive or sell a negative quantity.

        Args:
            quantity: signed, not 0.
            options: see :class:`OrderTerms`.
        """
        self._place(1 if quantity > 0 else -1, {**options, "quantity": abs(quantity)})

    def close(self, *, fraction: Amount | None = None, quantity: Amount | None = None) -> None:
        """Close the position at the next open, or a part of it.

        Args:
            fraction: share of the position, in (0, 1].
            quantity: how much of it.
        """
        self._at_desk().close(fraction, quantity)

    def hold(self, fraction: Amount) -> None:
        """Bring the position to a share of the strategy's equity: buy or sell what it lacks or has too much.

        Both are known at this close, so several symbols that each hold their share are rebalanced together: exits go
        before entries. Whole lots are held, worth at most the share; working orders are not counted.

        Args:
            fraction: of the equity, negative for a short position; 0 closes it.
        """
        self._at_desk().hold(fraction)

    def cancel(self, order: OrderView | int = 0) -> None:
        """Cancel a working order, or all of them.

        Args:
            order: the order or its identifier; 0 means all.
        """
        self._at_desk().cancel(order if isinstance(order, int) else order.identifier)

    def protect(self, **levels: Unpack[Protection]) -> None:
        """Replace levels of the open position; they act from the next bar on, those not named stay.

        Args:
            levels: see :class:`Protection`.
        """
        self._at_desk().protect(**levels)

    def attach(self, desk: Desk) -> None:
        """Bind this instance to its cell.

        Args:
            desk: where its orders go.
        """
        self._desk = desk
        self._position = PositionView(desk)

    def remembered(self) -> dict[str, Any]:  # Any: whatever plain values it keeps
        """Give its own attributes, which are part of a snapshot."""
        return {
            name: value
            for name, value in vars(self).items()
            if name not in ("_desk", "_position") and not isinstance(value, Node)
        }

    def remember(self, attributes: Mapping[str, Any]) -> None:  # Any: as ``remembered`` gives
        """Take its own attributes back.

        Args:
            attributes: what ``remembered`` gave.
        """
        vars(self).update(attributes)

    def _place(self, side: int, options: dict[str, object]) -> None:
        size = {name: options.pop(name, None) for name in ("quantity", "fraction", "money", "risk")}
        prices = {name: options.pop(name, None) for name in ("limit", "trigger")}
        self._at_desk().place(side, size, prices, **options)  # type: ignore[arg-type]  # typed by OrderOptions

    def _at_desk(self) -> Desk:
        if self._desk is None:
            raise ConfigurationError(
                Problem(
                    message=f"{type(self).__name__} looks at its position or orders outside of a run",
                    hint="do it in on_bar",
                )
            )
        return self._desk
