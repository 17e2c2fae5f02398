# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Protective levels: where an order puts them, whether they can be, and how they follow the price."""

from __future__ import annotations

from podium.core.events import Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.money_kernel import muldiv
from podium.engine.tables import Interest, LevelMode, Record, SignalBit

__all__ = ["follow", "level_price", "levels_refusal", "protect", "renew", "trail_distance"]

_SCALE = RATE_SCALE
_LEVEL_NONE, _PRICE = int(LevelMode.NONE), int(LevelMode.PRICE)
_DISTANCE, _RATIO = int(LevelMode.DISTANCE), int(LevelMode.RATIO)
_NONE, _UNKNOWN_LEVEL, _WRONG_SIDE = int(Reason.NONE), int(Reason.UNKNOWN_LEVEL), int(Reason.WRONG_SIDE)
_ENTRIES = int(SignalBit.LONG_ENTRY | SignalBit.SHORT_ENTRY)
_LONG_EXIT, _SHORT_EXIT = int(SignalBit.LONG_EXIT), int(SignalBit.SHORT_EXIT)
_TIME_UP, _SETTLES = int(Interest.TIME_UP), int(Interest.SETTLES)
_STOP_LOSS, _TRAILING_STOP = int(Reason.STOP_LOSS), int(Reason.TRAILING_STOP)
_BREAK_EVEN = int(Reason.BREAK_EVEN)


@compiled
def level_price(mode: int, value: int, price: int, direction: int) -> int:
    """Place a level: ``direction`` +1 above the price, -1 below; at least one tick."""
    if mode == _PRICE:
        return value
    distance = value if mode == _DISTANCE else muldiv(value, price, _SCALE)
    return max(price + direction * distance, 1)


@compiled
def levels_refusal(order: Record, price: int) -> int:
    """Tell why the levels of an order cannot be: unknown, not positive, or on the wrong side of the price."""
    side = order.side
    if order.stop_mode != _LEVEL_NONE:
        if order.stop <= 0:
            return _UNKNOWN_LEVEL
        if (level_price(order.stop_mode, order.stop, price, -side) - price) * side >= 0:
            return _WRONG_SIDE
    if order.trail_mode != _LEVEL_NONE:
        if order.trail <= 0:
            return _UNKNOWN_LEVEL
        if order.trail_mode == _PRICE and (order.trail - price) * side >= 0:
            return _WRONG_SIDE
    for index in range(order.target_count):
        value = order.target[index]
        if value <= 0:
            return _UNKNOWN_LEVEL
        if (level_price(order.target_mode[index], value, price, side) - price) * side <= 0:
            return _WRONG_SIDE
    return _NONE


@compiled
def protect(cell: Record, order: Record, price: int, unit: int) -> None:
    """Give a position the levels that an order carries, relative to a price; levels it does not carry stay.

    Shares of the open return (``trail_after``, break-even) refer to the average entry price, which is the fill price of
    a position with one entry.
    """
    side = 1 if cell.quantity > 0 else -1
    held = abs(cell.quantity)
    if order.stop_mode != _LEVEL_NONE:
        cell.stop = level_price(order.stop_mode, order.stop, price, -side)
        cell.stop_reason = _STOP_LOSS
    if order.trail_mode != _LEVEL_NONE or order.break_even_after > 0:
        average = muldiv(abs(cell.cost - cell.settled), 1, held * unit)
        if order.trail_mode != _LEVEL_NONE:
            cell.trail_distance = trail_distance(order, price)
            cell.trail_from = level_price(_RATIO, order.trail_after, average, side) if order.trail_after > 0 else 0
        if order.break_even_after > 0:
            cell.break_even_from = level_price(_RATIO, order.break_even_after, average, side)
            cell.break_even_stop = level_price(_RATIO, order.break_even_offset, average, side)
        # What is known already acts from here on: a trail protects from the fill, not from the end of its bar.
        follow(cell)
    if order.target_count > 0:
        cell.target_count = order.target_count
        cell.target_next = 0
        cell.target_base = held
        cell.target_closed = 0
        _place_targets(cell, order, price, side)
    if order.max_bars > 0 and order.filled == 0:
        cell.bars_left = order.max_bars


@compiled
def trail_distance(order: Record, price: int) -> int:
    """Compute how far behind the best price a trail follows; a level as a price says it for the price of the fill."""
    distance = order.trail
    if order.trail_mode == _PRICE:
        distance = abs(price - order.trail)
    elif order.trail_mode == _RATIO:
        distance = muldiv(order.trail, price, _SCALE)
    return max(distance, 1)


@compiled
def _place_targets(cell: Record, order: Record, price: int, side: int) -> None:
    """Write the targets in the order in which the price reaches them, with cumulative shares."""
    for index in range(order.target_count):
        level = level_price(order.target_mode[index], order.target[index], price, side)
        place = index
        while place > 0 and (cell.target_price[place - 1] - level) * side > 0:
            cell.target_price[place] = cell.target_price[place - 1]
            cell.target_share[place] = cell.target_share[place - 1]
            place -= 1
        cell.target_price[place] = level
        cell.target_share[place] = order.target_share[index]
    for index in range(1, order.target_count):
        cell.target_share[index] += cell.target_share[index - 1]


@compiled
def follow(cell: Record) -> None:
    """Move the stop to what is known: to break-even once earned, then behind the best price."""
    is_long = cell.quantity > 0
    best = cell.highest if is_long else cell.lowest
    start = cell.break_even_from
    if start != 0 and ((best >= start) if is_long else (best <= start)):
        cell.break_even_from = 0
        _raise_stop(cell, cell.break_even_stop, _BREAK_EVEN)
    if cell.trail_distance != 0:
        start = cell.trail_from
        if start != 0 and ((best >= start) if is_long else (best <= start)):
            cell.trail_from = 0
        if cell.trail_from == 0:
            level = max(best - cell.trail_distance, 1) if is_long else best + cell.trail_distance
            _raise_stop(cell, level, _TRAILING_STOP)


@compiled
def _raise_stop(cell: Record, level: int, reason: int) -> None:
    """Move the stop in the position's favour only."""
    if cell.stop == 0 or ((level > cell.stop) if cell.quantity > 0 else (level < cell.stop)):
        cell.stop = level
        cell.stop_reason = reason


@compiled
def renew(run: Record, cell: Record) -> None:
    """Renew what a bar must look at, after the position, its levels or its orders changed."""
    interest = 0
    if not cell.coded:
        exits = _LONG_EXIT if cell.quantity > 0 else _SHORT_EXIT
        interest = _ENTRIES if cell.quantity == 0 else exits
    protected = cell.quantity != 0 and (
        cell.stop != 0 or cell.target_next < cell.target_count or cell.trail_distance != 0 or cell.break_even_from != 0
    )
    active = 1 if cell.working != 0 or protected else 0
    run.active_cells += active - cell.active
    cell.active = active
    if active or cell.quantity != 0:
        interest |= _SETTLES
    if cell.bars_left <= 0:
        interest |= _TIME_UP
    cell.interest = interest
