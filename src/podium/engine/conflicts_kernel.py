# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Resolve conflicts: entries of both sides that strategies want on one symbol in one step.

What falls away is refused with the reason ``conflict``; what is left is placed as if there had been no conflict.
1. ``resolve`` collects the wishes of the symbol in portfolio order, and drops those that do not prevail.
2. Under ``net_signal`` it only marks the symbol: ``net_entries`` comes after the exits of the step, as sizes count on
   what these give back. It sizes all wishes, drops what the other side outweighs, and places the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.engine.decide_kernel import enter, free_slot, from_plan, place, size_entry, trade_at_close
from podium.engine.ledger_kernel import emit, reserve
from podium.engine.money_kernel import divide
from podium.engine.tables import Action, ConflictMode, Record, Records, SizeMode

__all__ = ["net_entries", "resolve"]

_REJECTED = int(EventKind.SIGNAL_REJECTED)
_CONFLICT = int(Reason.CONFLICT)
_PLACE = int(Action.PLACE)
_QUANTITY = int(SizeMode.QUANTITY)
_PRIORITY, _NET_SIGNAL = int(ConflictMode.PRIORITY), int(ConflictMode.NET_SIGNAL)
_CANCEL_BOTH = int(ConflictMode.CANCEL_BOTH)
#: Columns of a wish: where its order stands (a command, or -1 less a rules cell), the lots it keeps, and the rest of
#: their division.
_ORDER, _LOTS, _REST = 0, 1, 2
#: Bits of the sides that a strategy wants to enter.
_LONG, _SHORT = 1, 2


@compiled
def _collect(
    instrument: Record,
    cells: Records,
    commands: Records,
    levels: NDArray[np.int64],
    wishes: NDArray[np.int64],
    first: int,
    last: int,
) -> int:
    """List who wants to enter a symbol in this step, in portfolio order; give how many wishes there are."""
    row = instrument.next_bar - 1 - instrument.first_bar
    count = 0
    for cell_index in range(instrument.first_cell, instrument.last_cell):
        cell = cells[cell_index]
        if cell.entry_side != 0:
            from_plan(cell, cell.orders[free_slot(cell)], levels, cell.entry_side, row)
            wishes[count, _ORDER] = -1 - cell_index
            count += 1
        for index in range(first, last):
            command = commands[index]
            if command.cell == cell_index and command.action == _PLACE and not command.exit:
                wishes[count, _ORDER] = index
                count += 1
    return count


@compiled
def _order_of(wish: int, cells: Records, commands: Records) -> Record:
    """Give what a wish would become: a command is an order already, that of a rules cell stands in its free slot."""
    if wish >= 0:
        return commands[wish]
    cell = cells[-1 - wish]
    return cell.orders[free_slot(cell)]


@compiled
def _drop(wish: int, cells: Records, commands: Records) -> None:
    """Let nobody act on a wish any more."""
    if wish >= 0:
        commands[wish].action = 0
    else:
        cells[-1 - wish].entry_side = 0


@compiled
def _fall_away(run: Record, cells: Records, accounts: Records, instrument: Record, order: Record, lots: int) -> None:
    """Say that an entry falls away, or so many lots of it where it is sized."""
    cell = cells[order.cell]
    event = emit(run, cell, accounts[cell.strategy], _REJECTED, _CONFLICT, order.side, 0, lots, instrument.mark)
    event.order_kind = order.kind


@compiled
def _comes_before(mode: int, cell: Record, other: Record) -> bool:
    """Tell whether a cell prevails over one that stands before it in the file."""
    if mode == _PRIORITY:
        return cell.priority > other.priority
    return cell.quantity != 0 and (other.quantity == 0 or cell.entry_step < other.entry_step)


@compiled
def _winner(mode: int, cells: Records, commands: Records, wishes: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Find the cell that prevails, and which sides it wants."""
    winner = -1
    sides = 0
    for position in range(count):
        order = _order_of(wishes[position, _ORDER], cells, commands)
        if winner < 0 or (order.cell != winner and _comes_before(mode, cells[order.cell], cells[winner])):
            winner = order.cell
            sides = 0
        if order.cell == winner:
            sides |= _LONG if order.side > 0 else _SHORT
    return winner, sides


@compiled
def resolve(
    run: Record,
    instrument: Record,
    accounts: Records,
    cells: Records,
    commands: Records,
    levels: NDArray[np.int64],
    wishes: NDArray[np.int64],
    first: int,
    last: int,
) -> None:
    """Drop the entries that do not prevail in the conflict that was seen just now."""
    mode = instrument.conflict_mode
    if mode == _NET_SIGNAL:
        instrument.conflict_event = run.event_count
        run.conflicts_to_net += 1
        return
    count = _collect(instrument, cells, commands, levels, wishes, first, last)
    winner, sides = -1, 0
    if mode != _CANCEL_BOTH:
        winner, sides = _winner(mode, cells, commands, wishes, count)
        event = run.events[run.event_count - 1]
        event.order = winner + 1
        event.side = 1 if sides == _LONG else -1 if sides == _SHORT else 0
    for position in range(count):
        wish = wishes[position, _ORDER]
        order = _order_of(wish, cells, commands)
        # What opposes nothing that the winner wants acts beside it.
        opposed = _SHORT if order.side > 0 else _LONG
        if order.cell != winner and (winner < 0 or sides & opposed):
            _fall_away(run, cells, accounts, instrument, order, 0)
            _drop(wish, cells, commands)


@compiled
def _size_together(
    run: Record,
    instrument: Record,
    accounts: Records,
    cells: Records,
    commands: Records,
    wishes: NDArray[np.int64],
    count: int,
) -> tuple[int, int]:
    """Size all wishes as if each acted, and let what they hold go again; give the lots of both sides."""
    long, short = 0, 0
    # Losses cut what each of them wants; limits look at what is left of it.
    run.limits.weighing = 1
    for position in range(count):
        wish = wishes[position, _ORDER]
        order = _order_of(wish, cells, commands)
        cell = cells[order.cell]
        if size_entry(run, cell, accounts[cell.strategy], instrument, order) == 0:
            _drop(wish, cells, commands)
        elif order.side > 0:
            long += order.quantity
        else:
            short += order.quantity
    run.limits.weighing = 0
    for position in range(count):
        order = _order_of(wishes[position, _ORDER], cells, commands)
        reserve(run, accounts[cells[order.cell].strategy], -order.reserved)
        order.reserved = 0
    return long, short


@compiled
def _share_out(
    cells: Records, commands: Records, wishes: NDArray[np.int64], count: int, side: int, lots: int, total: int
) -> None:
    """Share lots out among the wishes of one side in proportion; the largest remainders get what is left over."""
    left = lots
    for position in range(count):
        order = _order_of(wishes[position, _ORDER], cells, commands)
        wishes[position, _LOTS] = 0
        wishes[position, _REST] = -1
        if order.kind != 0 and order.side == side:
            whole, rest = divide(order.quantity, lots, total)
            wishes[position, _LOTS] = whole
            wishes[position, _REST] = rest
            left -= whole
    while left > 0:
        largest = 0
        for position in range(1, count):
            # Of equal remainders the first one in the portfolio.
            if wishes[position, _REST] > wishes[largest, _REST]:
                largest = position
        wishes[largest, _LOTS] += 1
        wishes[largest, _REST] = -1
        left -= 1


@compiled
def net_entries(
    run: Record,
    instrument: Record,
    accounts: Records,
    cells: Records,
    commands: Records,
    levels: NDArray[np.int64],
    wishes: NDArray[np.int64],
    first: int,
    last: int,
) -> None:
    """Place what is left of the entries of a symbol when its larger side keeps the difference."""
    count = _collect(instrument, cells, commands, levels, wishes, first, last)
    long, short = _size_together(run, instrument, accounts, cells, commands, wishes, count)
    side = 1 if long > short else -1 if short > long else 0
    run.events[instrument.conflict_event - 1].side = side
    instrument.conflict_event = 0
    run.conflicts_to_net -= 1
    _share_out(cells, commands, wishes, count, side, abs(long - short), max(long, short))
    run.limits.is_sized = 1
    for position in range(count):
        wish, lots = wishes[position, _ORDER], wishes[position, _LOTS]
        order = _order_of(wish, cells, commands)
        if order.kind == 0:
            continue
        if order.quantity > lots:
            _fall_away(run, cells, accounts, instrument, order, order.quantity - lots)
        if lots > 0:
            cell = cells[order.cell]
            account = accounts[cell.strategy]
            order.size_mode = _QUANTITY
            order.size = lots
            if wish >= 0:
                place(run, cell, account, instrument, order)
            else:
                enter(run, cell, account, instrument, order)
            if run.fill_at_close:
                trade_at_close(run, cell, account, instrument)
        _drop(wish, cells, commands)
    run.limits.is_sized = 0
