"""Decide at the close of a step, on what all its bars made known.

First all signals, then conflicts, then exits, then entries with their sizes and limits, in portfolio order; ``advance`` has
the loops, here is what each of them does for one cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.ledger_kernel import (
    available,
    cancel,
    emit,
    entry_cost,
    fee_of,
    is_active,
    level_price,
    protect,
    reserve,
)
from podium.engine.match_kernel import entry_lots, fill_order
from podium.engine.money_kernel import muldiv, muldiv_ceiling
from podium.engine.tables import (
    SLOTS_PER_CELL,
    Action,
    LevelMode,
    OrderKind,
    Record,
    SignalBit,
    SizeMode,
)

__all__ = [
    "enter_by_rule",
    "exit_by_rule",
    "forget",
    "place",
    "see_conflict",
    "signal_by_command",
    "signal_by_rule",
]

_SCALE = RATE_SCALE
_MARKET, _LIMIT = int(OrderKind.MARKET), int(OrderKind.LIMIT)
_EVERYTHING, _FRACTION, _QUANTITY = int(SizeMode.EVERYTHING), int(SizeMode.FRACTION), int(SizeMode.QUANTITY)
_MONEY, _RISK = int(SizeMode.MONEY), int(SizeMode.RISK)
_LEVEL_NONE, _LEVEL_PRICE = int(LevelMode.NONE), int(LevelMode.PRICE)
_PLACE, _CLOSE, _CANCEL, _PROTECT = int(Action.PLACE), int(Action.CLOSE), int(Action.CANCEL), int(Action.PROTECT)
_SIGNAL, _REJECTED = int(EventKind.SIGNAL_GENERATED), int(EventKind.SIGNAL_REJECTED)
_CONFLICT, _CREATED = int(EventKind.CONFLICT_DETECTED), int(EventKind.ORDER_CREATED)
_LONG_ENTRY, _LONG_EXIT = int(SignalBit.LONG_ENTRY), int(SignalBit.LONG_EXIT)
_SHORT_ENTRY, _SHORT_EXIT = int(SignalBit.SHORT_ENTRY), int(SignalBit.SHORT_EXIT)
_NONE, _STRATEGY_SIGNAL, _TIME_EXIT = int(Reason.NONE), int(Reason.STRATEGY_SIGNAL), int(Reason.TIME_EXIT)
_BOTH_SIDES, _FLAT, _NO_SLOT = int(Reason.BOTH_SIDES), int(Reason.FLAT), int(Reason.NO_SLOT)
_UNKNOWN_LEVEL, _WRONG_SIDE = int(Reason.UNKNOWN_LEVEL), int(Reason.WRONG_SIDE)
_NO_STOP, _MIN_QUANTITY = int(Reason.NO_STOP), int(Reason.MIN_QUANTITY)
_MAX_QUANTITY, _CAPITAL_LIMIT = int(Reason.MAX_QUANTITY), int(Reason.CAPITAL_LIMIT)
_CANCELLED = int(Reason.CANCELLED)


@compiled
def _signal(run: Record, cell: Record, account: Record, instrument: Record, step: int, side: int, is_exit: int, reason: int) -> None:
    event = emit(run, cell, account, step, _SIGNAL, reason, side, 0, 0, instrument.mark)
    event.exit = is_exit
    if not is_exit and side > 0:
        instrument.long_entries += 1
    elif not is_exit:
        instrument.short_entries += 1


@compiled
def _reject(run: Record, cell: Record, account: Record, order: Record, step: int, reason: int, lots: int, price: int) -> None:
    event = emit(run, cell, account, step, _REJECTED, reason, order.side, 0, lots, price)
    event.order_kind = order.kind
    event.exit = order.exit


@compiled
def _free_slot(cell: Record) -> int:
    for slot in range(SLOTS_PER_CELL):
        if (cell.working >> slot) & 1 == 0:
            cell.orders[slot].slot = slot
            return slot
    return -1


@compiled
def _slot_for_exit(run: Record, cell: Record, account: Record, step: int) -> int:
    """Find a slot for an exit: it is never refused for want of one, the newest working order makes room."""
    slot = _free_slot(cell)
    if slot >= 0:
        return slot
    newest = 0
    for other in range(1, SLOTS_PER_CELL):
        if cell.orders[other].identifier > cell.orders[newest].identifier:
            newest = other
    cancel(run, cell, account, cell.orders[newest], step, _NO_SLOT)
    return newest


@compiled
def _clear(order: Record, cell_index: int, step: int, side: int) -> None:
    """Make a market order without size, life or levels of a slot."""
    order.step = step
    order.cell = cell_index
    order.kind = _MARKET
    order.side = side
    order.exit = 0
    order.met = 0
    order.reason = _STRATEGY_SIGNAL
    order.quantity = 0
    order.size_mode = _EVERYTHING
    order.size = 0
    order.limit = 0
    order.trigger = 0
    order.bars_left = -1
    order.reserved = 0
    order.stop_mode = 0
    order.stop = 0
    order.trail_mode = 0
    order.trail = 0
    order.trail_after = 0
    order.break_even_after = 0
    order.break_even_offset = 0
    order.target_count = 0
    order.max_bars = 0


@compiled
def _from_plan(
    cell: Record, order: Record, levels: NDArray[np.int64], step: int, side: int, row: int
) -> None:
    """Write the entry that a rules strategy wants, with the levels as they are known at this bar."""
    plan = cell.plan
    _clear(order, cell.index, step, side)
    order.size_mode = plan.size_mode
    order.size = plan.size
    for level in range(2 + plan.target_count):
        mode = plan.mode[level]
        value = plan.value[level] if plan.series[level] < 0 else levels[plan.series[level] + row]
        if level == 0:
            order.stop_mode = mode
            order.stop = value
        elif level == 1:
            order.trail_mode = mode
            order.trail = value
        else:
            order.target_mode[level - 2] = mode
            order.target[level - 2] = value
            order.target_share[level - 2] = plan.target_share[level - 2]
    order.target_count = plan.target_count
    order.trail_after = plan.trail_after
    order.break_even_after = plan.break_even_after
    order.break_even_offset = plan.break_even_offset
    order.max_bars = plan.max_bars


@compiled
def _levels_refusal(order: Record, price: int) -> int:
    """Tell why the levels of an entry cannot be: unknown, not positive, or on the wrong side of the price."""
    side = order.side
    if order.stop_mode != _LEVEL_NONE:
        if order.stop <= 0:
            return _UNKNOWN_LEVEL
        if (level_price(order.stop_mode, order.stop, price, -side) - price) * side >= 0 and price > 1:
            return _WRONG_SIDE
    if order.trail_mode != _LEVEL_NONE and order.trail <= 0:
        return _UNKNOWN_LEVEL
    for index in range(order.target_count):
        value = order.target[index]
        if value <= 0:
            return _UNKNOWN_LEVEL
        if (level_price(order.target_mode[index], value, price, side) - price) * side <= 0 and price > 1:
            return _WRONG_SIDE
    return _NONE


@compiled
def _created(run: Record, cell: Record, account: Record, instrument: Record, order: Record, step: int, price: int) -> None:
    """Number an order, say that it works, and under ``fill: close`` trade a market order at once."""
    cell.order_counter += 1
    cell.working |= 1 << order.slot
    order.identifier = cell.order_counter
    event = emit(
        run, cell, account, step, _CREATED, order.reason if order.exit else _NONE, order.side, order.identifier,
        order.quantity, price,
    )  # fmt: skip
    event.order_kind = order.kind
    event.exit = order.exit
    cell.active = 1
    if order.kind == _MARKET and run.fill_at_close:
        if order.exit:
            # What it closes is closed now, and no longer something that this step will give back.
            cell.exiting -= order.quantity
        fill_order(run, cell, account, instrument, order, step, instrument.mark, 0, 0)
        cell.active = is_active(cell)


@compiled
def _freed(cell: Record, instrument: Record) -> tuple[int, int]:
    """Compute what the exits decided in this step will give back to their cell: money used, and money in cash."""
    if cell.exiting == 0 or cell.quantity == 0:
        return 0, 0
    held = abs(cell.quantity)
    lots = min(cell.exiting, held)
    margin = muldiv(cell.margin, lots, held)
    notional = lots * instrument.mark * instrument.money_per_tick_lot
    result = notional - muldiv(cell.cost, lots, held) if cell.quantity > 0 else -notional - muldiv(cell.cost, lots, held)
    return margin, margin + result - fee_of(instrument, lots, notional, instrument.taker_fee)


@compiled
def _size_refusal(run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int) -> int:
    """Fix the size of an entry and what it reserves, or tell why it cannot be had."""
    if order.size_mode == _RISK and order.stop_mode == _LEVEL_NONE:
        return _NO_STOP
    if order.size_mode == _QUANTITY and order.size > instrument.quantity_maximum:
        return _MAX_QUANTITY
    if run.size_at_fill:
        return _NONE
    freed_used, freed_cash = _freed(cell, instrument)
    cash = account.cash + freed_cash
    used = account.used - freed_used
    allocated = max(cash, 0) + used if run.compounding else account.allocated
    free = min(allocated - used - account.reserved, cash - account.reserved)
    capital = min(allocated, max(cash, 0) + used)
    rate = instrument.maker_fee if order.kind == _LIMIT else instrument.taker_fee
    if order.kind == _LIMIT:
        rate = max(rate, instrument.taker_fee)
    cost_price = price + muldiv_ceiling(price, run.entry_buffer, _SCALE)
    lots = entry_lots(instrument, order, price, cost_price, rate, free, capital)
    order.quantity = lots
    if lots < instrument.quantity_minimum:
        starved = order.size_mode == _EVERYTHING or order.size_mode == _RISK
        wanted = entry_lots(instrument, order, price, cost_price, rate, account.deposited, account.deposited)
        return _CAPITAL_LIMIT if starved and wanted >= instrument.quantity_minimum else _MIN_QUANTITY
    cost = entry_cost(instrument, lots, cost_price, rate)
    if cost > free:
        return _CAPITAL_LIMIT
    order.reserved = cost
    reserve(run, account, cost)
    return _NONE


@compiled
def _enter(run: Record, cell: Record, account: Record, instrument: Record, order: Record, step: int) -> None:
    """Make a working order of an entry, or say why not."""
    price = instrument.mark
    if order.kind == _LIMIT:
        price = order.limit
    elif order.kind != _MARKET:
        price = order.trigger
    refusal = _UNKNOWN_LEVEL if price <= 0 else _levels_refusal(order, price)
    if refusal == _NONE:
        refusal = _size_refusal(run, cell, account, instrument, order, price)
    if refusal == _NONE:
        _created(run, cell, account, instrument, order, step, price)
    else:
        _reject(run, cell, account, order, step, refusal, order.quantity, price)
        order.kind = 0


@compiled
def _leave(run: Record, cell: Record, account: Record, instrument: Record, order: Record, step: int) -> None:
    """Make a working order of an exit."""
    price = instrument.mark
    if order.kind == _LIMIT:
        price = order.limit
    elif order.kind != _MARKET:
        price = order.trigger
    if price <= 0:
        _reject(run, cell, account, order, step, _UNKNOWN_LEVEL, order.quantity, price)
        order.kind = 0
    else:
        _created(run, cell, account, instrument, order, step, price)


@compiled
def signal_by_rule(run: Record, cell: Record, account: Record, instrument: Record, step: int, bits: int) -> None:
    """Turn the byte of a rules cell into what it wants: an exit, an entry, both (a reversal)."""
    cell.exiting = 0
    cell.exit_reason = 0
    cell.entry_side = 0
    if cell.quantity != 0:
        side = 1 if cell.quantity > 0 else -1
        leaves = not cell.coded and bits & (_LONG_EXIT if side > 0 else _SHORT_EXIT)
        cell.exit_reason = _STRATEGY_SIGNAL if leaves else _TIME_EXIT
        cell.exiting = abs(cell.quantity)
        _signal(run, cell, account, instrument, step, -side, 1, cell.exit_reason)
        if not cell.coded and bits & (_SHORT_ENTRY if side > 0 else _LONG_ENTRY):
            cell.entry_side = -side
            _signal(run, cell, account, instrument, step, -side, 0, _NONE)
    elif bits & _LONG_ENTRY and bits & _SHORT_ENTRY:
        emit(run, cell, account, step, _REJECTED, _BOTH_SIDES, 0, 0, 0, instrument.mark)
    else:
        cell.entry_side = 1 if bits & _LONG_ENTRY else -1
        _signal(run, cell, account, instrument, step, cell.entry_side, 0, _NONE)


@compiled
def _share_of_position(order: Record, held: int, price: int, unit: int) -> int:
    """Compute how many lots an exit by size closes, at most what is held."""
    if order.size_mode == _FRACTION:
        return min(held, muldiv(held, order.size, _SCALE))
    if order.size_mode == _QUANTITY:
        return min(held, order.size)
    if order.size_mode == _MONEY:
        return min(held, order.size // (price * unit))
    return held


@compiled
def signal_by_command(run: Record, cell: Record, account: Record, instrument: Record, command: Record, step: int) -> None:
    """Say what a command wants; cancellations and moved levels act at once."""
    held = max(abs(cell.quantity) - cell.exiting, 0)
    direction = 1 if cell.quantity > 0 else -1
    if command.action == _CANCEL:
        for slot in range(SLOTS_PER_CELL):
            order = cell.orders[slot]
            if (cell.working >> slot) & 1 and (command.identifier == 0 or command.identifier == order.identifier):
                cancel(run, cell, account, order, step, _CANCELLED)
        cell.active = is_active(cell)
    elif command.action == _PROTECT:
        command.side = direction
        if cell.quantity == 0:
            _reject(run, cell, account, command, step, _FLAT, 0, instrument.mark)
        else:
            refusal = _levels_refusal(command, instrument.mark)
            if refusal == _NONE:
                protect(cell, command, instrument.mark)
                cell.active = is_active(cell)
            else:
                _reject(run, cell, account, command, step, refusal, 0, instrument.mark)
    else:
        is_close = command.action == _CLOSE
        command.exit = 1 if is_close or (held > 0 and command.side * direction < 0) else 0
        if command.exit:
            command.side = -direction
            command.quantity = _share_of_position(command, held, instrument.mark, instrument.money_per_tick_lot)
            if command.quantity <= 0:
                _reject(run, cell, account, command, step, _FLAT if held == 0 else _MIN_QUANTITY, 0, instrument.mark)
                command.exit = 0
                command.action = 0
                return
            if command.kind == _MARKET:
                cell.exiting += command.quantity
        _signal(run, cell, account, instrument, step, command.side, command.exit, _STRATEGY_SIGNAL if command.exit else _NONE)


@compiled
def see_conflict(run: Record, cell: Record, instrument: Record, step: int) -> None:
    """Count a symbol on which entries of both sides are wanted, once a step; ``allow`` lets all of them act."""
    if instrument.long_entries > 0 and instrument.short_entries > 0:
        wishes = instrument.long_entries + instrument.short_entries
        event = emit(run, cell, run.portfolio, step, _CONFLICT, _NONE, 0, 0, wishes, instrument.mark)
        event.position = 0
        run.conflicts += 1
    instrument.long_entries = 0
    instrument.short_entries = 0


@compiled
def exit_by_rule(run: Record, cell: Record, account: Record, instrument: Record, step: int) -> None:
    """Place the exit that a cell's signal or its time wants, if any."""
    if cell.exiting > 0:
        order = cell.orders[_slot_for_exit(run, cell, account, step)]
        _clear(order, cell.index, step, -1 if cell.quantity > 0 else 1)
        order.exit = 1
        order.reason = cell.exit_reason
        order.quantity = cell.exiting
        _leave(run, cell, account, instrument, order, step)


@compiled
def enter_by_rule(
    run: Record, cell: Record, account: Record, instrument: Record, levels: NDArray[np.int64], step: int, row: int
) -> None:
    """Place the entry that a cell's signal wants, if any."""
    if cell.entry_side != 0:
        # A rules cell has at most its own exit working, so there is always room.
        order = cell.orders[_free_slot(cell)]
        _from_plan(cell, order, levels, step, cell.entry_side, row)
        _enter(run, cell, account, instrument, order, step)
    forget(cell)


@compiled
def place(run: Record, cell: Record, account: Record, instrument: Record, command: Record, step: int) -> None:
    """Make a working order of a command."""
    if command.exit:
        slot = _slot_for_exit(run, cell, account, step)
        cell.orders[slot] = command
        cell.orders[slot].slot = slot
        cell.orders[slot].reason = _STRATEGY_SIGNAL
        _leave(run, cell, account, instrument, cell.orders[slot], step)
        return
    slot = _free_slot(cell)
    if slot < 0:
        _reject(run, cell, account, command, step, _NO_SLOT, 0, instrument.mark)
    else:
        cell.orders[slot] = command
        cell.orders[slot].slot = slot
        _enter(run, cell, account, instrument, cell.orders[slot], step)


@compiled
def forget(cell: Record) -> None:
    """Drop what was only valid within the step."""
    cell.exiting = 0
    cell.exit_reason = 0
    cell.entry_side = 0
