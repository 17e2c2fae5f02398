"""Where a coded strategy's orders become commands of the engine, and where its position is read.

The engine may be lazy: steps in which nobody reads or orders need not be advanced one by one. A read advances what is
pending in one call; a cell without working orders and levels cannot have changed, so reading it needs no call at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

from podium.core.arrays import numbers_of
from podium.core.errors import ConfigurationError, Problem, did_you_mean
from podium.core.instruments import Instrument
from podium.core.money import LEDGER_LIMIT_UNITS, RATE_SCALE
from podium.engine.engine import Engine
from podium.engine.tables import NO_LEVEL, TARGETS_MAXIMUM, Action, LevelMode, OrderKind, Record, SizeMode
from podium.strategy.views import Cursor, OrderView

__all__ = ["Amount", "Desk"]

#: A number as a strategy has it at hand. Prices may be floats; they go to the nearest tick.
Amount = int | float | Decimal
_NOT_TIMED = 1 << 61
#: Prices and ratios beyond these are mistakes, and would not fit the engine's numbers.
_TICKS_LIMIT, _RATIO_LIMIT = 1 << 61, 1_000_000
#: More than any account affords, so a larger size is refused in the same way.
_SIZE_MAXIMUM = LEDGER_LIMIT_UNITS // 4


class Desk:
    """Serve one cell.

    Args:
        engine: the run's engine.
        cell_index: which cell.
        instrument: the symbol's instrument.
        cursor: the current bar.
    """

    def __init__(self, *, engine: Engine, cell_index: int, instrument: Instrument, cursor: Cursor) -> None:
        self.engine, self.cursor = engine, cursor
        self.tick, self.lot = instrument.tick, instrument.lot
        self.tick_size, self.tick_ratio = float(instrument.tick), instrument.tick.as_integer_ratio()
        self._cell_index = cell_index
        self._cell: Record = engine.tables.cells[cell_index]
        self._account: Record = engine.tables.accounts[int(self._cell["strategy"])]
        self._instrument: Record = engine.tables.instruments[int(self._cell["symbol"])]
        # Read at nearly every bar, and a view of one number is ten times faster to read than a row.
        cells = engine.tables.cells[cell_index : cell_index + 1]
        self._quantity, self._active, self._bars_left = (
            numbers_of(cells[name]) for name in ("quantity", "active", "bars_left")
        )
        self._read_step = self._ordered_step = -1
        #: The position in lots when it was last read, and whether it is still the same at any later bar.
        self.known_lots, self.is_still = 0, True

    def lots(self) -> int:
        """Give the position in lots, as of the current bar.

        Returns:
            Signed lots.
        """
        if not self.is_still and self._read_step != self.cursor.step:
            self._read()
        return self.known_lots

    def _read(self) -> None:
        self.engine.advance(2 * self.cursor.step + 1)
        self.known_lots = self._quantity[0]
        self._read_step = self.cursor.step
        # Nothing is ordered, works or protects: only a new order of this strategy can change the position from here.
        self.is_still = (
            self._ordered_step < self.cursor.step and not self._active[0] and self._bars_left[0] > _NOT_TIMED
        )

    def forget(self) -> None:
        """Look anew at the next read: the engine has gone back to another state."""
        self._read_step = self._ordered_step = -1
        self.known_lots, self.is_still = 0, False

    def cell(self) -> Mapping[str, int]:
        """Give the cell's state as of the current bar.

        Returns:
            The ``CELL`` row.
        """
        self._read()
        row: Mapping[str, int] = self._cell
        return row

    def account(self) -> Mapping[str, int]:
        """Give the account's state as of the current bar.

        Returns:
            The ``ACCOUNT`` row.
        """
        self._read()
        row: Mapping[str, int] = self._account
        return row

    def mark(self) -> int:
        """Give the last close in ticks."""
        self._read()
        return int(self._instrument["mark"])

    def unit_value(self) -> int:
        """Give the money units that one lot is worth for one tick."""
        return int(self._instrument["money_per_tick_lot"])

    def converted(self, units: int) -> int:
        """Convert units of the quote currency at the last rate."""
        return self.engine.converted(int(self._cell["symbol"]), units)

    def entry_cost(self) -> int:
        """Give the entry notional of what is open in money units, signed; what was settled of its result is no part."""
        cell = self.cell()
        return int(cell["cost"]) - int(cell["settled"])

    def money(self, units: int) -> Decimal:
        """Turn units into money.

        Args:
            units: whole units.

        Returns:
            The amount.
        """
        return self.engine.unit.to_decimal(units)

    def orders(self) -> tuple[OrderView, ...]:
        """Give the working orders, oldest first.

        Returns:
            Their descriptions.
        """
        self._read()
        working = int(self._cell["working"])
        rows = [self._cell["orders"][slot] for slot in range(working.bit_length()) if working >> slot & 1]
        return tuple(
            OrderView(
                identifier=int(row["identifier"]),
                kind=OrderKind(int(row["kind"])).name.lower(),
                side="buy" if row["side"] > 0 else "sell",
                quantity=int(row["quantity"]) * self.lot,
                limit=int(row["limit"]) * self.tick if row["limit"] else None,
                trigger=int(row["trigger"]) * self.tick if row["trigger"] else None,
                is_exit=bool(row["exit"]),
            )
            for row in sorted(rows, key=lambda row: int(row["identifier"]))
        )

    def place(
        self, side: int, size: Mapping[str, Amount | None], prices: Mapping[str, Amount | None], **levels: Any
    ) -> None:  # Any: see _write_levels
        """Place an order.

        Args:
            side: +1 buys, -1 sells.
            size: at most one of ``quantity``, ``fraction``, ``money``, ``risk``.
            prices: at most one of ``limit`` and ``trigger``.
            levels: what :meth:`protect` takes, and ``expire_bars``.
        """
        row = self._command(Action.PLACE)
        row["side"] = side
        self._write_size(row, size)
        self._write_price(row, prices)
        self._write_levels(row, **levels)

    def close(self, fraction: Amount | None = None, quantity: Amount | None = None) -> None:
        """Close the position, or a part of it, at the market.

        Args:
            fraction: share of the position, in (0, 1].
            quantity: how much of it.
        """
        row = self._command(Action.CLOSE)
        row["kind"] = OrderKind.MARKET
        self._write_size(row, {"fraction": fraction, "quantity": quantity})

    def hold(self, fraction: Amount) -> None:
        """Buy or sell at the market what a position worth a fraction of the equity lacks or has too much.

        Args:
            fraction: signed; the position comes to whole lots that are worth at most so much at the last close.
        """
        if not math.isfinite(fraction):
            raise _wrong(f"the fraction to hold is {fraction}", "a number, such as 0.25 (negative: short)")
        equity, held = int(self.account()["equity"]), self.lots()
        worth = Fraction(_exact(fraction)) * max(equity, 0) / (self.mark() * self.unit_value() * self._rate())
        wanted = int(worth)
        if held * wanted < 0:
            # A position never crosses zero in one fill: what is open is closed, the other side is entered.
            self.close()
            held = 0
        if wanted == 0 and held != 0:
            self.close()
        elif wanted != held:
            self.place(1 if wanted > held else -1, {"quantity": abs(wanted - held) * self.lot}, {})

    def _rate(self) -> Fraction:
        row = self._instrument
        return Fraction(int(row["rate_numerator"]), int(row["rate_denominator"])) if row["currency"] else Fraction(1)

    def cancel(self, identifier: int) -> None:
        """Cancel a working order.

        Args:
            identifier: its number; 0 means all.
        """
        self._command(Action.CANCEL)["identifier"] = identifier

    def protect(self, **levels: Any) -> None:  # Any: see _write_levels
        """Replace levels of the position from the next bar on.

        Args:
            levels: what :class:`~podium.strategy.base.Protection` names.
        """
        self._write_levels(self._command(Action.PROTECT), **levels)

    def _command(self, action: Action) -> Record:
        if self.engine.command_room == 0:
            self.engine.advance(2 * self.cursor.step + 1)
            self.engine.make_room()
            if self.engine.command_room == 0:
                raise ConfigurationError(
                    Problem(
                        message="more orders in one time step than the engine takes",
                        expected=f"at most {len(self.engine.tables.commands)} of all coded strategies together",
                    )
                )
        self.is_still, self._ordered_step = False, self.cursor.step
        row = self.engine.command()
        row["step"], row["cell"], row["action"] = self.cursor.step, self._cell_index, action
        return row

    def _write_size(self, row: Record, size: Mapping[str, Amount | None]) -> None:
        given = {name: value for name, value in size.items() if value is not None}
        if len(given) > 1:
            raise _wrong(f"an order has both {' and '.join(given)}", "one of quantity, fraction, money, risk, or none")
        for name, value in given.items():
            if not value > 0 or not math.isfinite(value):
                raise _wrong(f"{name} of an order is {value}", "a number above 0")
            if name in ("fraction", "risk") and value > 1:
                raise _wrong(f"{name} of an order is {value}", "a ratio of at most 1")
            row["size_mode"] = SizeMode[name.upper()]
            if name == "quantity":
                row["size"] = min(int((_exact(value) / self.lot).to_integral_value(ROUND_FLOOR)), _SIZE_MAXIMUM)
            elif name == "money":
                row["size"] = min(int(_exact(value).scaleb(self.engine.unit.digits)), _SIZE_MAXIMUM)
            else:
                row["size"] = int(_exact(value) * RATE_SCALE)

    def _write_price(self, row: Record, prices: Mapping[str, Amount | None]) -> None:
        given = {name: value for name, value in prices.items() if value is not None}
        if len(given) > 1:
            raise _wrong("an order has both limit and trigger", "limit, or trigger, or none of them")
        row["kind"] = OrderKind.MARKET
        for name, value in given.items():
            row["kind"] = OrderKind.LIMIT if name == "limit" else OrderKind.STOP
            row[name] = self._ticks(value)

    def _write_levels(
        self,
        row: Record,
        *,
        stop: Amount | None = None,
        target: Amount | None = None,
        targets: Sequence[tuple[Amount, Amount]] = (),
        trail: Amount | None = None,
        trail_after: Amount | None = None,
        break_even_after: Amount | None = None,
        break_even_offset: Amount | None = None,
        max_bars: int | None = None,
        expire_bars: int | None = None,
        **unknown: object,
    ) -> None:
        if unknown:
            raise _unknown(next(iter(unknown)))
        if stop is not None:
            row["stop_mode"], row["stop"] = LevelMode.PRICE, self._ticks(stop)
        if trail is not None:
            row["trail_mode"], row["trail"] = LevelMode.DISTANCE, self._ticks(trail)
            row["trail_after"] = _ratio(trail_after or 0, "trail_after")
        if break_even_after is not None:
            row["break_even_after"] = _ratio(break_even_after, "break_even_after")
            row["break_even_offset"] = _ratio(break_even_offset or 0, "break_even_offset")
        if target is not None or targets:
            self._write_targets(row, [*([] if target is None else [(target, 1)]), *targets])
        for name, bars in (("max_bars", max_bars), ("bars_left", expire_bars)):
            if bars is not None:
                if bars < 1 or bars != int(bars):
                    raise _wrong(f"an order lives for {bars} bars", "a whole number of at least 1")
                row[name] = int(bars)

    def _write_targets(self, row: Record, ladder: Sequence[tuple[Amount, Amount]]) -> None:
        shares = [_exact(share) for _, share in ladder]
        if len(ladder) > TARGETS_MAXIMUM or not all(share > 0 for share in shares) or sum(shares) > 1:
            listed = ", ".join(str(share) for share in shares)
            raise _wrong(
                f"an order has targets with shares {listed}",
                f"at most {TARGETS_MAXIMUM} targets with shares above 0 that sum to at most 1",
            )
        row["target_count"] = len(ladder)
        for index, (price, _) in enumerate(ladder):
            row["target_mode"][index], row["target"][index] = LevelMode.PRICE, self._ticks(price)
            row["target_share"][index] = int(shares[index] * RATE_SCALE)

    def _ticks(self, price: Amount) -> int:
        """Put a price on the nearest tick; the engine refuses an unknown or unreachable one with a reason."""
        if not math.isfinite(price):
            return NO_LEVEL
        ticks = round(price / self.tick) if isinstance(price, Decimal) else round(price / self.tick_size)
        return ticks if abs(ticks) < _TICKS_LIMIT else NO_LEVEL


def _exact(value: Amount) -> Decimal:
    """Read a number as it is written: the float 0.1 is the decimal 0.1."""
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else Decimal(repr(float(value)))


def _ratio(value: Amount, name: str) -> int:
    if not (math.isfinite(value) and 0 <= value < _RATIO_LIMIT):
        raise _wrong(f"{name} of an order is {value}", "a ratio of at least 0, such as 0.02")
    return int(_exact(value) * RATE_SCALE)


def _unknown(name: str) -> ConfigurationError:
    known = ("quantity", "fraction", "money", "risk", "limit", "trigger", "expire_bars", "stop", "target", "targets",
             "trail", "trail_after", "break_even_after", "break_even_offset", "max_bars")  # fmt: skip
    return ConfigurationError(
        Problem(
            message=f"an order has no '{name}'",
            expected=f"one of {', '.join(known)}",
            hint=did_you_mean(name, known),
        )
    )


def _wrong(message: str, expected: str) -> ConfigurationError:
    return ConfigurationError(Problem(message=message, expected=expected))
