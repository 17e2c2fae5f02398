# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Add up what is open and what works, for the limits: over the portfolio, strategies, symbols and groups of symbols.

Positions are marked at the close of a step that decides something, and of every step after which entries still work;
then they are followed fill by fill. Sums that would leave the ledger stay at its ceiling, so that limits refuse instead
of wrapping.
"""

from __future__ import annotations

from podium.core.kernels import compiled
from podium.engine.conversion_kernel import converted, converted_up
from podium.engine.costs_kernel import is_beyond_ledger
from podium.engine.money_kernel import muldiv
from podium.engine.protection_kernel import level_price, trail_distance
from podium.engine.tables import CEILING_UNITS, LevelMode, OrderKind, Record, Records

__all__ = [
    "book_entry",
    "book_exit",
    "book_order",
    "equity_of_account",
    "has_working_entry",
    "lot_value",
    "mark",
    "refresh",
    "risk_distance",
    "saturated",
    "value_of",
]

_CEILING_UNITS = CEILING_UNITS
_LIMIT = int(OrderKind.LIMIT)
_MARKET = int(OrderKind.MARKET)
_LEVEL_NONE = int(LevelMode.NONE)


@compiled
def equity_of_account(run: Record) -> int:
    """Give the equity of the whole account: what no strategy has belongs to it, and so do transfers to there."""
    return run.portfolio.equity + run.limits.unallocated - run.portfolio.transferred


@compiled
def saturated(left: int, right: int) -> int:
    """Add two amounts up to the ledger's ceiling."""
    return min(left + right, _CEILING_UNITS)


@compiled
def value_of(instrument: Record, lots: int, price: int) -> int:
    """Compute what lots are worth at a price, or for a distance; the ceiling when it is more."""
    if is_beyond_ledger(instrument, lots, price):
        return _CEILING_UNITS
    return converted(instrument, lots * price * instrument.money_per_tick_lot)


@compiled
def lot_value(instrument: Record, price: int) -> int:
    """Compute what a lot is worth at most: so many of them are never worth more than as many times that."""
    if is_beyond_ledger(instrument, 1, price):
        return _CEILING_UNITS
    return converted_up(instrument, price * instrument.money_per_tick_lot)


@compiled
def _distance(stop: int, price: int, side: int) -> int:
    """Give how far a stop is from a price; without one, and when the price has passed it, everything may be lost."""
    distance = (price - stop) * side
    return distance if stop != 0 and distance > 0 else price


@compiled
def risk_distance(cell: Record, order: Record, price: int) -> int:
    """Give how far the stop will be from the price of an entry, for all that its cell then holds."""
    side = order.side
    stop = cell.stop if cell.quantity * side > 0 else 0
    if order.stop_mode != _LEVEL_NONE:
        stop = level_price(order.stop_mode, order.stop, price, -side)
    distance = _distance(stop, price, side)
    if order.trail_mode != _LEVEL_NONE and order.trail_after == 0:
        distance = min(distance, trail_distance(order, price))
    return distance


@compiled
def _add(scope: Record, side: int, value: int, risk: int) -> None:
    if side > 0:
        scope.long = saturated(scope.long, value)
    else:
        scope.short = saturated(scope.short, value)
    scope.risk = saturated(scope.risk, risk)


@compiled
def _add_working(scope: Record, side: int, value: int, risk: int) -> None:
    if side > 0:
        scope.working_long = saturated(scope.working_long, value)
    else:
        scope.working_short = saturated(scope.working_short, value)
    scope.working_risk = saturated(scope.working_risk, risk)


@compiled
def _book(run: Record, cell: Record, side: int, value: int, risk: int) -> None:
    """Add a change of what a cell holds to every sum it belongs to."""
    limits = run.limits
    symbol = limits.scopes[limits.first_symbol + cell.symbol]
    _add(limits.scopes[0], side, value, risk)
    _add(limits.scopes[1 + cell.strategy], side, value, risk)
    _add(symbol, side, value, risk)
    groups = symbol.groups
    index = limits.first_group
    while groups != 0:
        if groups & 1:
            _add(limits.scopes[index], side, value, risk)
        groups >>= 1
        index += 1


@compiled
def book_order(run: Record, cell: Record, instrument: Record, order: Record) -> None:
    """Add what a working entry would hold to every sum it belongs to."""
    limits = run.limits
    limits.working += 1
    price = instrument.mark
    if order.kind != _MARKET:
        price = order.limit if order.kind == _LIMIT else order.trigger
    value = value_of(instrument, order.quantity, price)
    risk = value_of(instrument, order.quantity, risk_distance(cell, order, price))
    symbol = limits.scopes[limits.first_symbol + cell.symbol]
    _add_working(limits.scopes[0], order.side, value, risk)
    _add_working(limits.scopes[1 + cell.strategy], order.side, value, risk)
    _add_working(symbol, order.side, value, risk)
    groups = symbol.groups
    index = limits.first_group
    while groups != 0:
        if groups & 1:
            _add_working(limits.scopes[index], order.side, value, risk)
        groups >>= 1
        index += 1


@compiled
def has_working_entry(cell: Record) -> bool:
    """Tell whether an entry works in a cell."""
    slot = 0
    while cell.working >> slot != 0:
        if (cell.working >> slot) & 1 and not cell.orders[slot].exit:
            return True
        slot += 1
    return False


@compiled
def mark(run: Record, instruments: Records, cells: Records, step: int) -> None:
    """Add everything up anew, at the closes of a step."""
    limits = run.limits
    for index in range(limits.scope_count):
        scope = limits.scopes[index]
        scope.long = 0
        scope.short = 0
        scope.working_long = 0
        scope.working_short = 0
        scope.risk = 0
        scope.working_risk = 0
    limits.equity = equity_of_account(run)
    limits.marked = step
    limits.positions = 0
    limits.waiting = 0
    limits.working = 0
    for index in range(len(cells)):
        cell = cells[index]
        if cell.quantity != 0:
            instrument = instruments[cell.symbol]
            side = 1 if cell.quantity > 0 else -1
            cell.exposure = value_of(instrument, abs(cell.quantity), instrument.mark)
            cell.risk = value_of(instrument, abs(cell.quantity), _distance(cell.stop, instrument.mark, side))
            _book(run, cell, side, cell.exposure, cell.risk)
            limits.positions += 1
        if cell.working != 0 and has_working_entry(cell):
            slot = 0
            while cell.working >> slot != 0:
                if (cell.working >> slot) & 1 and not cell.orders[slot].exit:
                    book_order(run, cell, instruments[cell.symbol], cell.orders[slot])
                slot += 1
            if cell.quantity == 0:
                limits.waiting += 1


@compiled
def refresh(run: Record, instruments: Records, cells: Records, step: int) -> None:
    """Before a step settles, add up at the closes of the one before what entries that still work are held against."""
    if run.limits.working > 0 and run.limits.marked < step - 1:
        mark(run, instruments, cells, step - 1)


@compiled
def book_entry(run: Record, cell: Record, instrument: Record, lots: int, price: int) -> None:
    """Follow an entry, whose levels are placed: it is worth what was paid, and the stop is the whole position's."""
    held = abs(cell.quantity)
    side = 1 if cell.quantity > 0 else -1
    value = value_of(instrument, lots, price)
    risk = value_of(instrument, held, _distance(cell.stop, price, side))
    if lots == held:
        run.limits.positions += 1
    _book(run, cell, side, value, risk - cell.risk)
    cell.exposure = saturated(cell.exposure, value)
    cell.risk = risk


@compiled
def book_exit(run: Record, cell: Record, lots: int) -> None:
    """Follow an exit, before the position shrinks; a trade that ends may be one more lost in a row."""
    held = abs(cell.quantity)
    value = cell.exposure if lots == held else muldiv(cell.exposure, lots, held)
    risk = cell.risk if lots == held else muldiv(cell.risk, lots, held)
    _book(run, cell, 1 if cell.quantity > 0 else -1, -value, -risk)
    cell.exposure -= value
    cell.risk -= risk
    if lots == held:
        run.limits.positions -= 1
        lost = cell.trade_realised + cell.trade_carried < cell.trade_fees
        _count(run, run.limits.scopes[0], lost)
        _count(run, run.limits.scopes[1 + cell.strategy], lost)


@compiled
def _count(run: Record, scope: Record, lost: int) -> None:
    scope.losses = scope.losses + 1 if lost else 0
    if lost:
        scope.loss_time = run.limits.time
        scope.loss_day = run.limits.today
    else:
        scope.broken = 1
