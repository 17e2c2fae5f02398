# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Post what holding a position brings or costs: funding, borrow, dividends, daily settlements; and split positions.

What is due, when and at which ratio is an input (``FLOW``); here it meets the positions. Sources of the conventions:
``docs/concepts/carry.md``.
"""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.engine.conversion_kernel import converted, revalued
from podium.engine.exposure_kernel import book_exit
from podium.engine.ledger_kernel import cancel, carry, close_trade, emit, exchange, overflow, release
from podium.engine.money_kernel import divide, muldiv
from podium.engine.protection_kernel import renew
from podium.engine.tables import CEILING_UNITS, LevelMode, Record, Records, SizeMode

__all__ = ["post_flows"]

_POSTED, _ADJUSTED = int(EventKind.CARRY_POSTED), int(EventKind.POSITION_ADJUSTED)
_FUNDING, _BORROW, _DIVIDEND = int(Reason.FUNDING), int(Reason.BORROW), int(Reason.DIVIDEND)
_SETTLEMENT, _SPLIT = int(Reason.SETTLEMENT), int(Reason.SPLIT)
_RATIO = int(LevelMode.RATIO)
_QUANTITY = int(SizeMode.QUANTITY)
_CEILING_UNITS, _CEILING = CEILING_UNITS, float(CEILING_UNITS)
_FOREVER = 1 << 62


@compiled
def post_flows(
    run: Record, instruments: Records, accounts: Records, cells: Records, flows: Records, phase: int
) -> None:
    """Post the flows of the present step up to a phase, symbol by symbol, strategies in the file's order."""
    while run.flow < len(flows):
        flow = flows[run.flow]
        if flow.step > run.step or flow.phase > phase:
            run.next_flow = flow.step
            return
        instrument = instruments[flow.symbol]
        mark = instrument.mark
        if flow.kind == _SPLIT:
            instrument.mark = _split_price(mark, flow.numerator, flow.denominator)
        for index in range(instrument.first_cell, instrument.last_cell):
            cell = cells[index]
            account = accounts[cell.strategy]
            if flow.kind == _SPLIT:
                _split_orders(run, cell, account, flow)
                if cell.quantity != 0:
                    _split_position(run, cell, account, instrument, flow, mark)
            elif cell.quantity != 0:
                _post_flow(run, cell, account, instrument, flow)
        run.flow += 1
    run.next_flow = _FOREVER


@compiled
def _post_flow(run: Record, cell: Record, account: Record, instrument: Record, flow: Record) -> None:
    """Post one flow to one position."""
    if flow.kind == _BORROW and cell.quantity > 0:
        return
    if instrument.mark > cell.ceiling:
        overflow(run, cell)
        return
    worth = cell.quantity * instrument.mark * instrument.money_per_tick_lot
    amount, settled = 0, 0
    if flow.kind == _SETTLEMENT:
        settled = worth - cell.cost
    else:
        base = cell.quantity if flow.kind == _DIVIDEND else -worth if flow.kind == _FUNDING else worth
        if float(abs(base)) * float(abs(flow.numerator)) / float(flow.denominator) >= _CEILING:
            overflow(run, cell)
            return
        amount = muldiv(base if flow.numerator >= 0 else -base, abs(flow.numerator), flow.denominator)
    cell.cost += settled
    cell.settled += settled
    equity = amount
    if instrument.currency != 0:
        amount = converted(instrument, amount)
        settled = converted(instrument, settled)
        equity = amount + settled + revalued(cell, instrument, cell.quantity, cell.cost)
    carry(run, account, cell, amount, settled, equity)
    side = 1 if cell.quantity > 0 else -1
    event = emit(run, cell, account, _POSTED, flow.kind, side, cell.trade, abs(cell.quantity), instrument.mark)
    event.maker = flow.phase
    event.notional = converted(instrument, abs(worth))
    event.realised = amount + settled


@compiled
def _split_price(price: int, numerator: int, denominator: int) -> int:
    """Divide a price by the ratio of a split, to the nearest tick, half to even; at least one tick."""
    return max(muldiv(price, denominator, numerator), 1) if price != 0 else 0


@compiled
def _split_orders(run: Record, cell: Record, account: Record, flow: Record) -> None:
    """Adjust working orders: quantities times the ratio, down to whole lots; prices divided by it."""
    slot = 0
    while cell.working >> slot != 0:
        if (cell.working >> slot) & 1:
            order = cell.orders[slot]
            order.limit = _split_price(order.limit, flow.numerator, flow.denominator)
            order.trigger = _split_price(order.trigger, flow.numerator, flow.denominator)
            _split_levels(order, flow)
            if order.size_mode == _QUANTITY:
                order.size = _split_lots(order.size, flow)
            if order.quantity != 0:
                order.quantity = _split_lots(order.quantity, flow)
                if order.quantity == 0:
                    cancel(run, cell, account, order, _SPLIT)
        slot += 1
    renew(run, cell)


@compiled
def _split_lots(lots: int, flow: Record) -> int:
    if float(lots) * float(flow.numerator) / float(flow.denominator) >= _CEILING:
        return _CEILING_UNITS
    return divide(lots, flow.numerator, flow.denominator)[0]


@compiled
def _split_levels(order: Record, flow: Record) -> None:
    """Divide the levels that an order carries as prices or distances."""
    if order.stop_mode != _RATIO and order.stop > 0:
        order.stop = _split_price(order.stop, flow.numerator, flow.denominator)
    if order.trail_mode != _RATIO and order.trail > 0:
        order.trail = _split_price(order.trail, flow.numerator, flow.denominator)
    for index in range(order.target_count):
        if order.target_mode[index] != _RATIO and order.target[index] > 0:
            order.target[index] = _split_price(order.target[index], flow.numerator, flow.denominator)


@compiled
def _split_position(run: Record, cell: Record, account: Record, instrument: Record, flow: Record, mark: int) -> None:
    """Split a position: whole lots times the ratio, what is left of a lot is paid at the mark before the split."""
    held = abs(cell.quantity)
    side = 1 if cell.quantity > 0 else -1
    unit = instrument.money_per_tick_lot
    if mark > cell.ceiling or float(held) * float(flow.numerator) >= _CEILING:
        overflow(run, cell)
        return
    lots, rest = divide(held, flow.numerator, flow.denominator)
    if float(lots) * float(instrument.mark) * float(unit) >= _CEILING:
        overflow(run, cell)
        return
    whole = held * flow.numerator
    cost, margin, collateral, settled, paid, realised = 0, 0, 0, 0, 0, 0
    if rest != 0:
        cost = cell.cost if lots == 0 else muldiv(cell.cost, rest, whole)
        margin = cell.margin if lots == 0 else muldiv(cell.margin, rest, whole)
        collateral = cell.collateral if lots == 0 else muldiv(cell.collateral, rest, whole)
        settled = cell.settled if lots == 0 else muldiv(cell.settled, rest, whole)
        paid = muldiv(mark * unit, rest, flow.numerator)
        realised = side * paid - cost
    # What rounding the mark to a tick changes lasts until the next close.
    equity = realised + cost + side * (lots * instrument.mark - held * mark) * unit
    if instrument.currency != 0:
        exchange(run, cell, account, instrument, collateral, margin, held, mark, _SPLIT)
        realised = converted(instrument, realised)
        equity = margin + realised + revalued(cell, instrument, side * lots, cell.cost - cost)
    release(run, account, cell, cost, margin, realised, 0, equity)
    cell.settled -= settled
    cell.exited_notional += paid
    cell.trade_realised += realised
    if run.limited and lots == 0:
        book_exit(run, cell, held)
    cell.quantity = side * lots
    _split_trade(cell, flow)
    price = instrument.mark
    event = emit(run, cell, account, _ADJUSTED, _SPLIT, side, cell.trade, lots, price)
    event.maker = flow.phase
    event.notional = paid
    event.realised = realised
    if lots == 0:
        cell.ceiling = _FOREVER
        close_trade(run, cell, account, _SPLIT, side, price)
    else:
        cell.ceiling = _CEILING_UNITS // (lots * unit)
    renew(run, cell)


@compiled
def _split_trade(cell: Record, flow: Record) -> None:
    """Adjust what the position's trade and its protection count in lots and in prices."""
    numerator, denominator = flow.numerator, flow.denominator
    cell.entered_quantity = max(_split_lots(cell.entered_quantity, flow), 1)
    cell.target_base = _split_lots(cell.target_base, flow)
    cell.target_closed = _split_lots(cell.target_closed, flow)
    cell.highest = _split_price(cell.highest, numerator, denominator)
    cell.lowest = _split_price(cell.lowest, numerator, denominator)
    cell.stop = _split_price(cell.stop, numerator, denominator)
    cell.trail_distance = _split_price(cell.trail_distance, numerator, denominator)
    cell.trail_from = _split_price(cell.trail_from, numerator, denominator)
    cell.break_even_from = _split_price(cell.break_even_from, numerator, denominator)
    cell.break_even_stop = _split_price(cell.break_even_stop, numerator, denominator)
    for index in range(cell.target_count):
        cell.target_price[index] = _split_price(cell.target_price[index], numerator, denominator)
