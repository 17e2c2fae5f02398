# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Decide at the close of a step, on what all its bars made known.

First all signals, then conflicts, then exits, then entries with their sizes and limits, in portfolio order; ``advance``
has the loops, here is what each of them does for one cell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.conversion_kernel import converted, quoted
from podium.engine.costs_kernel import entry_cost, entry_lots, fee_of, least_lots
from podium.engine.exposure_kernel import book_order, has_working_entry
from podium.engine.ledger_kernel import cancel, emit, reserve
from podium.engine.limits_kernel import check_entry, closes, count_order, sized
from podium.engine.match_kernel import fill_order, shortfall
from podium.engine.money_kernel import muldiv, muldiv_ceiling
from podium.engine.protection_kernel import levels_refusal, protect, renew
from podium.engine.tables import (
    SLOTS_PER_CELL,
    Action,
    ConflictMode,
    LevelMode,
    OrderKind,
    Record,
    SignalBit,
    SizeMode,
)
from podium.engine.volume_kernel import is_on_its_way

__all__ = [
    "enter",
    "enter_by_rule",
    "exit_by_limit",
    "exit_by_rule",
    "forget",
    "free_slot",
    "from_plan",
    "place",
    "see_conflict",
    "signal_by_command",
    "signal_by_rule",
    "size_entry",
    "trade_at_close",
]

_SCALE = RATE_SCALE
_MARKET, _LIMIT = int(OrderKind.MARKET), int(OrderKind.LIMIT)
_EVERYTHING, _FRACTION, _QUANTITY = int(SizeMode.EVERYTHING), int(SizeMode.FRACTION), int(SizeMode.QUANTITY)
_MONEY, _RISK = int(SizeMode.MONEY), int(SizeMode.RISK)
_LEVEL_NONE = int(LevelMode.NONE)
_PLACE, _CLOSE, _CANCEL, _PROTECT = int(Action.PLACE), int(Action.CLOSE), int(Action.CANCEL), int(Action.PROTECT)
_SIGNAL, _REJECTED = int(EventKind.SIGNAL_GENERATED), int(EventKind.SIGNAL_REJECTED)
_CONFLICT, _CREATED = int(EventKind.CONFLICT_DETECTED), int(EventKind.ORDER_CREATED)
_REDUCED = int(EventKind.ORDER_REDUCED)
_LONG_ENTRY, _LONG_EXIT = int(SignalBit.LONG_ENTRY), int(SignalBit.LONG_EXIT)
_SHORT_ENTRY, _SHORT_EXIT = int(SignalBit.SHORT_ENTRY), int(SignalBit.SHORT_EXIT)
_NONE, _STRATEGY_SIGNAL, _TIME_EXIT = int(Reason.NONE), int(Reason.STRATEGY_SIGNAL), int(Reason.TIME_EXIT)
_BOTH_SIDES, _FLAT, _NO_SLOT = int(Reason.BOTH_SIDES), int(Reason.FLAT), int(Reason.NO_SLOT)
_UNKNOWN_LEVEL, _NO_STOP = int(Reason.UNKNOWN_LEVEL), int(Reason.NO_STOP)
_MIN_QUANTITY = int(Reason.MIN_QUANTITY)
_MAX_QUANTITY, _CAPITAL_LIMIT = int(Reason.MAX_QUANTITY), int(Reason.CAPITAL_LIMIT)
_CANCELLED, _RISK_LIMIT = int(Reason.CANCELLED), int(Reason.RISK_LIMIT)
_ALLOW = int(ConflictMode.ALLOW)


@compiled
def _signal(
    run: Record, cell: Record, account: Record, instrument: Record, side: int, is_exit: int, reason: int
) -> None:
    event = emit(run, cell, account, _SIGNAL, reason, side, 0, 0, instrument.mark)
    event.exit = is_exit
    if is_exit:
        return
    if side > 0:
        instrument.long_entries += 1
    else:
        instrument.short_entries += 1
    if instrument.entering_cell == 0:
        instrument.entering_cell = cell.index + 1
    elif instrument.entering_cell != cell.index + 1:
        instrument.entering_more = 1


@compiled
def _signal_entry(run: Record, cell: Record, account: Record, instrument: Record, side: int) -> int:
    """Say that a cell wants to enter; give the side, or 0 when its gate is closed: then it is no party to conflicts."""
    if cell.gate == 0:
        _signal(run, cell, account, instrument, side, 0, _NONE)
        return side
    emit(run, cell, account, _SIGNAL, _NONE, side, 0, 0, instrument.mark)
    emit(run, cell, account, _REJECTED, cell.gate, side, 0, 0, instrument.mark)
    return 0


@compiled
def _reject(run: Record, cell: Record, account: Record, order: Record, reason: int, lots: int, price: int) -> None:
    event = emit(run, cell, account, _REJECTED, reason, order.side, 0, lots, price)
    event.order_kind = order.kind
    event.exit = order.exit


@compiled
def free_slot(cell: Record) -> int:
    """Find a slot in which no order works; -1 when there is none."""
    for slot in range(SLOTS_PER_CELL):
        if (cell.working >> slot) & 1 == 0:
            cell.orders[slot].slot = slot
            return slot
    return -1


@compiled
def _slot_for_exit(run: Record, cell: Record, account: Record) -> int:
    """Find a slot for an exit: it is never refused for want of one, the newest working entry makes room."""
    slot = free_slot(cell)
    if slot >= 0:
        return slot
    newest = 0
    for other in range(1, SLOTS_PER_CELL):
        newer = cell.orders[other].identifier > cell.orders[newest].identifier
        # Entries make room before exits do.
        if newer if cell.orders[other].exit == cell.orders[newest].exit else cell.orders[newest].exit:
            newest = other
    cancel(run, cell, account, cell.orders[newest], _NO_SLOT)
    return newest


@compiled
def _clear(order: Record, cell_index: int, side: int) -> None:
    """Make a market order without size, life or levels of a slot."""
    order.cell = cell_index
    order.kind = _MARKET
    order.side = side
    order.exit = 0
    order.met = 0
    order.filled = 0
    order.limited = 0
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
def from_plan(cell: Record, order: Record, levels: NDArray[np.int64], side: int, row: int) -> None:
    """Write the entry that a rules strategy wants, with the levels as they are known at this bar."""
    plan = cell.plan
    _clear(order, cell.index, side)
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
def _created(run: Record, cell: Record, account: Record, order: Record, price: int) -> None:
    """Number an order and say that it works."""
    cell.order_counter += 1
    cell.working |= 1 << order.slot
    order.identifier = cell.order_counter
    order.step = run.step
    event = emit(
        run, cell, account, _CREATED, order.reason if order.exit else _NONE, order.side, order.identifier,
        order.quantity, price,
    )  # fmt: skip
    event.order_kind = order.kind
    event.exit = order.exit
    if run.limited:
        count_order(run)
    renew(run, cell)


@compiled
def trade_at_close(run: Record, cell: Record, account: Record, instrument: Record) -> None:
    """Under ``fill: close``, trade the market order that was just made at the close of the decision."""
    slot = 0
    while cell.working >> slot != 0:
        order = cell.orders[slot]
        if (cell.working >> slot) & 1 and order.kind == _MARKET and order.step == run.step:
            if order.exit:
                # What it closes is closed now, and no longer something that this step will give back.
                cell.exiting -= order.quantity
            fill_order(run, cell, account, instrument, order, instrument.mark, 0, 0)
        slot += 1
    renew(run, cell)


@compiled
def _freed(cell: Record, instrument: Record) -> tuple[int, int]:
    """Compute what the exits decided in this step will give back to their cell: money used, and money in cash."""
    if cell.exiting == 0 or cell.quantity == 0:
        return 0, 0
    held = abs(cell.quantity)
    lots = min(cell.exiting, held)
    margin = muldiv(cell.margin, lots, held)
    notional = lots * instrument.mark * instrument.money_per_tick_lot
    result = (
        notional - muldiv(cell.cost, lots, held) if cell.quantity > 0 else -notional - muldiv(cell.cost, lots, held)
    )
    fee = fee_of(instrument, lots, notional, instrument.taker_fee)
    if instrument.currency == 0:
        return margin, margin + result - fee
    returned = converted(instrument, muldiv(cell.collateral, lots, held))
    return margin, returned + converted(instrument, result) - converted(instrument, fee)


@compiled
def _limit_refusal(run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int) -> int:
    """Cut an entry to what the portfolio's limits let pass, or tell which one refuses it."""
    lots = sized(run, cell, order.quantity)
    if lots < order.quantity and lots < least_lots(instrument, price):
        return run.limits.cut
    order.quantity = lots
    return check_entry(run, cell, account, instrument, order, price, 0)


@compiled
def _size_refusal(run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int) -> int:
    """Fix the size of an entry and what it reserves, or tell why it cannot be had."""
    if order.size_mode == _RISK and order.stop_mode == _LEVEL_NONE:
        return _NO_STOP
    if order.size_mode == _QUANTITY and order.size > instrument.quantity_maximum:
        order.quantity = order.size
        return _MAX_QUANTITY
    if run.size_at_fill:
        return check_entry(run, cell, account, instrument, order, price, 0) if run.limited else _NONE
    freed_used, freed_cash = _freed(cell, instrument)
    cash = account.cash + freed_cash
    used = account.used - freed_used
    allocated = max(cash, 0) + used if run.compounding else account.allocated
    free = min(allocated - used - account.reserved, cash - account.reserved)
    capital = min(allocated, max(cash, 0) + used)
    # A limit order may still fill at once, as a taker.
    rate = max(instrument.maker_fee, instrument.taker_fee) if order.kind == _LIMIT else instrument.taker_fee
    cost_price = price + muldiv_ceiling(price, run.entry_buffer, _SCALE)
    lots = entry_lots(instrument, order, price, cost_price, rate, free, capital)
    order.quantity = lots
    if lots < least_lots(instrument, price):
        return shortfall(account, instrument, order, lots, price, cost_price, rate)
    cost = entry_cost(instrument, lots, cost_price, rate)
    if cost > free:
        return _CAPITAL_LIMIT
    if run.limited:
        refusal = _limit_refusal(run, cell, account, instrument, order, price)
        if refusal != _NONE:
            return refusal
        if order.quantity < lots:
            cost = entry_cost(instrument, order.quantity, cost_price, rate)
    # What the cell's own exit gives back just before this entry fills need not be held a second time.
    given_back = min(freed_used, freed_cash) if order.kind == _MARKET else 0
    order.reserved = max(cost - given_back, 0)
    reserve(run, account, order.reserved)
    return _NONE


@compiled
def size_entry(run: Record, cell: Record, account: Record, instrument: Record, order: Record) -> int:
    """Size an entry and hold what it costs; give the price it is reckoned with, or 0 when it is refused."""
    price = instrument.mark
    if order.kind == _LIMIT:
        price = order.limit
    elif order.kind != _MARKET:
        price = order.trigger
    refusal = _UNKNOWN_LEVEL if price <= 0 else levels_refusal(order, price)
    if refusal == _NONE:
        refusal = _size_refusal(run, cell, account, instrument, order, price)
    if refusal == _NONE:
        return price
    _reject(run, cell, account, order, refusal, order.quantity, price)
    order.kind = 0
    return 0


@compiled
def enter(run: Record, cell: Record, account: Record, instrument: Record, order: Record) -> None:
    """Make a working order of an entry, or say why not."""
    price = size_entry(run, cell, account, instrument, order)
    if price != 0:
        if run.limited:
            if cell.quantity == 0 and not has_working_entry(cell):
                run.limits.waiting += 1
            book_order(run, cell, instrument, order)
        _created(run, cell, account, order, price)


@compiled
def _leave(run: Record, cell: Record, account: Record, instrument: Record, order: Record) -> None:
    """Make a working order of an exit."""
    price = instrument.mark
    if order.kind == _LIMIT:
        price = order.limit
    elif order.kind != _MARKET:
        price = order.trigger
    if price <= 0:
        _reject(run, cell, account, order, _UNKNOWN_LEVEL, order.quantity, price)
        order.kind = 0
    else:
        _created(run, cell, account, order, price)


@compiled
def signal_by_rule(run: Record, cell: Record, account: Record, instrument: Record, bits: int) -> None:
    """Turn the byte of a rules cell into what it wants: an exit, an entry, both (a reversal)."""
    cell.exiting = 0
    cell.exit_reason = 0
    cell.entry_side = 0
    if instrument.volume_limit != 0 and cell.working | cell.stop_hit and is_on_its_way(run, cell, account, bits):
        return
    if cell.quantity != 0:
        side = 1 if cell.quantity > 0 else -1
        leaves = not cell.coded and bits & (_LONG_EXIT if side > 0 else _SHORT_EXIT)
        cell.exit_reason = _STRATEGY_SIGNAL if leaves else _TIME_EXIT
        cell.exiting = abs(cell.quantity)
        _signal(run, cell, account, instrument, -side, 1, cell.exit_reason)
        if not cell.coded and bits & (_SHORT_ENTRY if side > 0 else _LONG_ENTRY):
            cell.entry_side = _signal_entry(run, cell, account, instrument, -side)
    elif bits & _LONG_ENTRY and bits & _SHORT_ENTRY:
        emit(run, cell, account, _REJECTED, _BOTH_SIDES, 0, 0, 0, instrument.mark)
    else:
        side = 1 if bits & _LONG_ENTRY else -1
        cell.entry_side = _signal_entry(run, cell, account, instrument, side)


@compiled
def _share_of_position(instrument: Record, order: Record, held: int) -> int:
    """Compute how many lots an exit by size closes, at most what is held."""
    if order.size_mode == _FRACTION:
        return min(held, muldiv(held, order.size, _SCALE))
    if order.size_mode == _QUANTITY:
        return min(held, order.size)
    if order.size_mode == _MONEY:
        return min(held, quoted(instrument, order.size) // (instrument.mark * instrument.money_per_tick_lot))
    return held


@compiled
def signal_by_command(run: Record, cell: Record, account: Record, instrument: Record, command: Record) -> None:
    """Say what a command wants; cancellations and moved levels act at once."""
    held = max(abs(cell.quantity) - cell.exiting, 0)
    direction = 1 if cell.quantity > 0 else -1
    if command.action == _CANCEL:
        for slot in range(SLOTS_PER_CELL):
            order = cell.orders[slot]
            if (cell.working >> slot) & 1 and (command.identifier == 0 or command.identifier == order.identifier):
                cancel(run, cell, account, order, _CANCELLED)
        renew(run, cell)
    elif command.action == _PROTECT:
        command.side = direction
        if cell.quantity == 0:
            _reject(run, cell, account, command, _FLAT, 0, instrument.mark)
        else:
            refusal = levels_refusal(command, instrument.mark)
            if refusal == _NONE:
                protect(cell, command, instrument.mark, instrument.money_per_tick_lot)
                renew(run, cell)
            else:
                _reject(run, cell, account, command, refusal, 0, instrument.mark)
    else:
        is_close = command.action == _CLOSE
        if command.kind == 0:
            command.kind = _MARKET
        command.exit = 1 if is_close or (held > 0 and command.side * direction < 0) else 0
        if command.exit:
            command.side = -direction
            command.quantity = _share_of_position(instrument, command, held)
            if command.quantity <= 0:
                _reject(run, cell, account, command, _FLAT if held == 0 else _MIN_QUANTITY, 0, instrument.mark)
                command.exit = 0
                command.action = 0
                return
            if command.kind == _MARKET:
                cell.exiting += command.quantity
            _signal(run, cell, account, instrument, command.side, 1, _STRATEGY_SIGNAL)
        elif _signal_entry(run, cell, account, instrument, command.side) == 0:
            command.action = 0


@compiled
def see_conflict(run: Record, cell: Record, instrument: Record) -> bool:
    """Count a symbol on which strategies want entries of both sides, once a step; tell whether it is to be resolved.

    A strategy that waits on both sides of the price is in no conflict with itself.
    """
    is_contested = False
    if instrument.long_entries > 0 and instrument.short_entries > 0 and instrument.entering_more:
        wishes = instrument.long_entries + instrument.short_entries
        event = emit(run, cell, run.portfolio, _CONFLICT, _NONE, 0, 0, wishes, instrument.mark)
        event.position = 0
        event.order_kind = instrument.conflict_mode
        run.conflicts += 1
        is_contested = instrument.conflict_mode != _ALLOW
    instrument.long_entries = 0
    instrument.short_entries = 0
    instrument.entering_cell = 0
    instrument.entering_more = 0
    return is_contested


@compiled
def exit_by_rule(run: Record, cell: Record, account: Record, instrument: Record) -> None:
    """Place the exit that a cell's signal or its time wants, if any."""
    if cell.exiting > 0:
        order = cell.orders[_slot_for_exit(run, cell, account)]
        _clear(order, cell.index, -1 if cell.quantity > 0 else 1)
        order.exit = 1
        order.reason = cell.exit_reason
        order.quantity = cell.exiting
        _leave(run, cell, account, instrument, order)


@compiled
def exit_by_limit(run: Record, cell: Record, account: Record, instrument: Record) -> None:
    """Place the exit that a limit wants, if any."""
    if closes(run, cell):
        order = cell.orders[_slot_for_exit(run, cell, account)]
        _clear(order, cell.index, -1 if cell.quantity > 0 else 1)
        order.exit = 1
        order.reason = _RISK_LIMIT
        order.quantity = abs(cell.quantity)
        _leave(run, cell, account, instrument, order)
        if run.fill_at_close:
            cell.exiting += order.quantity
            trade_at_close(run, cell, account, instrument)


@compiled
def enter_by_rule(
    run: Record, cell: Record, account: Record, instrument: Record, levels: NDArray[np.int64], row: int
) -> None:
    """Place the entry that a cell's signal wants, if any."""
    if cell.entry_side != 0:
        # A rules cell has at most its own exit working, so there is always room.
        order = cell.orders[free_slot(cell)]
        from_plan(cell, order, levels, cell.entry_side, row)
        enter(run, cell, account, instrument, order)
    forget(cell)


@compiled
def _tell_excess(run: Record, cell: Record, account: Record, instrument: Record, order: Record) -> None:
    """Say that an exit was asked to close more than there is: it never turns the position around."""
    asked = 0
    if order.size_mode == _QUANTITY:
        asked = order.size
    elif order.size_mode == _MONEY:
        asked = quoted(instrument, order.size) // (instrument.mark * instrument.money_per_tick_lot)
    if order.kind != 0 and asked > order.quantity:
        event = emit(
            run, cell, account, _REDUCED, _FLAT, order.side, order.identifier, asked - order.quantity, instrument.mark
        )
        event.order_kind = order.kind
        event.exit = 1


@compiled
def place(run: Record, cell: Record, account: Record, instrument: Record, command: Record) -> None:
    """Make a working order of a command."""
    slot = _slot_for_exit(run, cell, account) if command.exit else free_slot(cell)
    if slot < 0:
        _reject(run, cell, account, command, _NO_SLOT, 0, instrument.mark)
        return
    cell.orders[slot] = command
    order = cell.orders[slot]
    order.slot = slot
    order.reason = _STRATEGY_SIGNAL
    if command.exit:
        _leave(run, cell, account, instrument, order)
        _tell_excess(run, cell, account, instrument, order)
    else:
        enter(run, cell, account, instrument, order)


@compiled
def forget(cell: Record) -> None:
    """Drop what was only valid within the step."""
    cell.exiting = 0
    cell.exit_reason = 0
    cell.entry_side = 0
