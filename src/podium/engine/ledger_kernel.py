# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Apply fills: the only way in which a position or an account changes.

Every movement is posted twice: to the strategy's account and to the portfolio's.
"""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.engine.conversion_kernel import converted, revalued
from podium.engine.costs_kernel import fee_of, is_beyond_ledger, margin_of
from podium.engine.exposure_kernel import book_exit
from podium.engine.money_kernel import muldiv
from podium.engine.protection_kernel import renew
from podium.engine.tables import CEILING_UNITS, EVENTS_MAXIMUM, OrderKind, Record, Status

__all__ = [
    "allocate",
    "apply",
    "available",
    "cancel",
    "carry",
    "close_trade",
    "emit",
    "end_order",
    "exchange",
    "overflow",
    "release",
    "reserve",
    "save",
    "transfer",
]

_MARKET, _LIMIT = int(OrderKind.MARKET), int(OrderKind.LIMIT)
_BROKEN, _OVERFLOW, _EVENTS_LOST = int(Status.BROKEN), int(Status.OVERFLOW), int(Status.EVENTS_LOST)
_EVENTS_MAXIMUM = EVENTS_MAXIMUM
_FILLED, _CANCELLED = int(EventKind.ORDER_FILLED), int(EventKind.ORDER_CANCELLED)
_OPENED, _MODIFIED = int(EventKind.POSITION_OPENED), int(EventKind.POSITION_MODIFIED)
_CLOSED, _CONVERTED = int(EventKind.POSITION_CLOSED), int(EventKind.CURRENCY_CONVERTED)
_POSITION_CLOSED = int(Reason.POSITION_CLOSED)
_CEILING_UNITS = CEILING_UNITS
_FOREVER = 1 << 62


@compiled
def emit(
    run: Record, cell: Record, account: Record, kind: int, reason: int, side: int, order: int, quantity: int, price: int
) -> Record:
    """Write the next event; give its record, so that the caller adds what the kind needs."""
    if run.event_count >= _EVENTS_MAXIMUM:
        # What is reserved for half a step is an estimate where limits speak; nothing is ever written behind the buffer.
        run.status = _EVENTS_LOST
        run.event_count = _EVENTS_MAXIMUM - 1
    event = run.events[run.event_count]
    run.event_count += 1
    event.step = run.step
    event.cell = cell.index
    event.kind = kind
    event.reason = reason
    event.side = side
    event.order_kind = 0
    event.order = order
    event.exit = 0
    event.maker = 0
    event.quantity = quantity
    event.position = cell.quantity
    event.price = price
    event.notional = 0
    event.fee = 0
    event.realised = 0
    event.slippage = 0
    event.cash = account.cash
    event.used = account.used
    event.reserved = account.reserved
    event.allocated = account.allocated
    return event


@compiled
def available(account: Record) -> int:
    """Compute what an account may still bind."""
    return min(account.allocated - account.used - account.reserved, account.cash - account.reserved)


@compiled
def reserve(run: Record, account: Record, units: int) -> None:
    """Hold money for a working entry order (negative: let it go)."""
    account.reserved += units
    run.portfolio.reserved += units


@compiled
def overflow(run: Record, cell: Record) -> None:
    """Stop the run: an amount of this cell left what the ledger holds exactly."""
    run.status = _OVERFLOW
    run.cell = cell.index


@compiled
def _post(
    run: Record, cell: Record, account: Record, cash: int, used: int, realised: int, fee: int, carried: int, equity: int
) -> None:
    """Post one movement to one set of accounts, and check that it still adds up and stays within the ledger."""
    account.cash += cash
    account.used += used
    account.realised += realised
    account.fees += fee
    account.carried += carried
    account.equity += equity
    owned = account.deposited + account.realised - account.fees + account.carried + account.transferred
    if account.cash + account.used != owned or account.used < 0:
        run.status = _BROKEN
        run.cell = cell.index
    largest = max(abs(account.equity), abs(account.cash), abs(account.realised), abs(account.fees))
    if max(largest, abs(account.carried)) >= _CEILING_UNITS:
        overflow(run, cell)


@compiled
def _post_twice(
    run: Record, cell: Record, account: Record, cash: int, used: int, realised: int, fee: int, carried: int, equity: int
) -> None:
    """Post one movement to the strategy and to the portfolio."""
    _post(run, cell, account, cash, used, realised, fee, carried, equity)
    _post(run, cell, run.portfolio, cash, used, realised, fee, carried, equity)
    if run.compounding:
        before = account.allocated
        account.allocated = max(account.cash, 0) + account.used
        run.portfolio.allocated += account.allocated - before
    if account.used > account.allocated:
        run.status = _BROKEN
        run.cell = cell.index


@compiled
def allocate(run: Record, account: Record, cell: Record, cost: int, margin: int, fee: int, equity: int) -> None:
    """Bind capital for an entry: margin moves from cash to used, the fee leaves."""
    cell.cost += cost
    cell.margin += margin
    _post_twice(run, cell, account, -margin - fee, margin, 0, fee, 0, equity)


@compiled
def release(
    run: Record, account: Record, cell: Record, cost: int, margin: int, realised: int, fee: int, equity: int
) -> None:
    """Give capital back after an exit: margin and result move to cash, the fee leaves."""
    cell.cost -= cost
    cell.margin -= margin
    _post_twice(run, cell, account, margin + realised - fee, -margin, realised, fee, 0, equity)


@compiled
def carry(run: Record, account: Record, cell: Record, carried: int, realised: int, equity: int) -> None:
    """Post what holding a position brings (negative: costs): money for holding, or its result so far, which stays open.

    What is settled of an open result was in the equity already, and is realised from here on.
    """
    cell.trade_carried += carried
    cell.trade_realised += realised
    _post_twice(run, cell, account, carried + realised, 0, realised, 0, carried, equity)


@compiled
def exchange(
    run: Record, cell: Record, account: Record, instrument: Record,
    collateral: int, margin: int, lots: int, price: int, reason: int,
) -> None:  # fmt: skip
    """Exchange a part of what a position bound back into the account currency; post what the rate made of it."""
    cell.collateral -= collateral
    returned = converted(instrument, collateral)
    if returned != margin:
        carry(run, account, cell, returned - margin, 0, returned - margin)
        side = 1 if cell.quantity > 0 else -1
        event = emit(run, cell, account, _CONVERTED, reason, side, cell.trade, lots, price)
        event.notional = returned
        event.realised = returned - margin


@compiled
def transfer(run: Record, cell: Record, account: Record, units: int) -> None:
    """Give capital to an account (negative: take it); from then on it may use what it then holds."""
    account.transferred += units
    run.portfolio.transferred += units
    _post_twice(run, cell, account, units, 0, 0, 0, 0, units)
    before = account.allocated
    account.allocated = max(account.cash, 0) + account.used
    run.portfolio.allocated += account.allocated - before


@compiled
def save(run: Record, cell: Record, realised: int, fee: int) -> None:
    """Post what netting spared to its account and to the portfolio; ``fee`` is negative where fees were saved."""
    _post(run, cell, run.netting, realised - fee, 0, realised, fee, 0, realised - fee)
    _post(run, cell, run.portfolio, realised - fee, 0, realised, fee, 0, realised - fee)


@compiled
def _note(
    instrument: Record, side: int, lots: int, fair_price: int, is_exit: int, notional: int, fee: int, slippage: int
) -> None:
    """Write a fill into the book of what is netted."""
    book = instrument.book
    book.fills += 1
    book.price = fair_price
    place = 1 if side > 0 else 0
    if is_exit:
        book.exited[place] += lots
    else:
        book.entered[place] += lots
    book.fees += fee
    book.slippage += slippage
    book.notional += notional


@compiled
def end_order(cell: Record, order: Record) -> None:
    """Give an order's slot back."""
    order.kind = 0
    order.reserved = 0
    cell.working &= ~(1 << order.slot)


@compiled
def cancel(run: Record, cell: Record, account: Record, order: Record, reason: int) -> None:
    """End a working order without a trade and let its reserved money go."""
    reserve(run, account, -order.reserved)
    event = emit(
        run, cell, account, _CANCELLED, reason, order.side, order.identifier, order.quantity,
        order.limit if order.kind == _LIMIT else order.trigger,
    )  # fmt: skip
    event.order_kind = order.kind
    event.exit = order.exit
    end_order(cell, order)


@compiled
def _open_trade(run: Record, cell: Record, price: int) -> None:
    cell.trade += 1
    cell.entry_step = run.step
    cell.bars_held = 0
    cell.bars_left = _FOREVER
    cell.highest = price
    cell.lowest = price
    cell.entered_quantity = 0
    cell.entered_notional = 0
    cell.exited_notional = 0
    cell.trade_realised = 0
    cell.trade_fees = 0
    cell.trade_slippage = 0
    cell.trade_carried = 0
    cell.settled = 0


@compiled
def close_trade(run: Record, cell: Record, account: Record, reason: int, side: int, price: int) -> None:
    """Say that the position is flat, forget its protection, cancel exits and the rests of entries."""
    event = emit(run, cell, account, _CLOSED, reason, side, cell.trade, cell.entered_quantity, price)
    event.notional = cell.entered_notional
    event.fee = cell.trade_fees
    event.realised = cell.trade_realised
    event.slippage = cell.trade_slippage
    # Read as CLOSED: the account stands in the fill just before.
    event.position = cell.trade_carried
    event.cash = cell.exited_notional
    event.used = cell.highest
    event.reserved = cell.lowest
    event.allocated = cell.entry_step + (cell.bars_held << 32)
    cell.stop = 0
    cell.stop_hit = 0
    cell.trail_distance = 0
    cell.trail_from = 0
    cell.break_even_from = 0
    cell.target_count = 0
    cell.target_next = 0
    cell.bars_left = _FOREVER
    cell.entered = 0
    slot = 0
    while cell.working >> slot != 0:
        order = cell.orders[slot]
        if (cell.working >> slot) & 1 and (order.exit or order.filled > 0):
            cancel(run, cell, account, order, _POSITION_CLOSED)
        slot += 1


@compiled
def apply(
    run: Record,
    cell: Record,
    account: Record,
    instrument: Record,
    side: int,
    lots: int,
    price: int,
    fair_price: int,
    maker: int,
    reason: int,
    identifier: int,
    kind: int,
    is_exit: int,
) -> None:
    """Book one fill: position, ledger, trade and events. The quantity of an exit never exceeds the position.

    ``fair_price`` is the price without slippage and spread, for the record of what they cost.
    """
    if is_beyond_ledger(instrument, lots, max(price, instrument.mark)):
        overflow(run, cell)
        return
    unit = instrument.money_per_tick_lot
    value = lots * price * unit
    notional = value
    fee = fee_of(instrument, lots, value, instrument.maker_fee if maker else instrument.taker_fee)
    slippage = abs(price - fair_price) * lots * unit
    equity = side * lots * (instrument.mark - price) * unit - fee
    is_foreign = instrument.currency != 0
    if is_foreign:
        notional = converted(instrument, value)
        fee = converted(instrument, fee)
        slippage = converted(instrument, slippage)
        if notional >= _CEILING_UNITS:
            overflow(run, cell)
            return
    if run.schedule.count != 0:
        run.schedule.traded = min(run.schedule.traded + notional, _CEILING_UNITS)
    if run.netted and kind == _MARKET:
        _note(instrument, side, lots, fair_price, is_exit, notional, fee, slippage)
    opening = cell.quantity == 0
    trade_side = side if not is_exit else -side
    if opening:
        _open_trade(run, cell, price)
    cell.trade_fees += fee
    cell.trade_slippage += slippage
    realised = 0
    if not is_exit:
        margin = margin_of(instrument, lots, value)
        if is_foreign:
            cell.collateral += margin
            margin = converted(instrument, margin)
            change = revalued(cell, instrument, cell.quantity + side * lots, cell.cost + side * value)
            equity = change - margin - fee
        allocate(run, account, cell, side * value, margin, fee, equity)
        cell.entered_quantity += lots
        cell.entered_notional += value
    else:
        held = abs(cell.quantity)
        cost = cell.cost if lots == held else muldiv(cell.cost, lots, held)
        margin = cell.margin if lots == held else muldiv(cell.margin, lots, held)
        realised = -side * value - cost
        if is_foreign:
            collateral = cell.collateral if lots == held else muldiv(cell.collateral, lots, held)
            exchange(run, cell, account, instrument, collateral, margin, lots, price, reason)
            realised = converted(instrument, realised)
            change = revalued(cell, instrument, cell.quantity + side * lots, cell.cost - cost)
            equity = change + margin + realised - fee
        release(run, account, cell, cost, margin, realised, fee, equity)
        if cell.settled != 0:
            cell.settled -= cell.settled if lots == held else muldiv(cell.settled, lots, held)
        cell.exited_notional += value
        cell.trade_realised += realised
        if run.limited:
            book_exit(run, cell, lots)
    cell.quantity += side * lots
    cell.ceiling = _CEILING_UNITS // (abs(cell.quantity) * unit) if cell.quantity != 0 else _FOREVER
    cell.highest = max(cell.highest, price)
    cell.lowest = min(cell.lowest, price)

    event = emit(run, cell, account, _FILLED, reason, side, identifier, lots, price)
    event.order_kind = kind
    event.exit = is_exit
    event.maker = maker
    event.notional = notional
    event.fee = fee
    event.realised = realised
    event.slippage = slippage
    if cell.quantity == 0:
        close_trade(run, cell, account, reason, trade_side, price)
    else:
        changed = _OPENED if opening else _MODIFIED
        emit(run, cell, account, changed, reason, trade_side, cell.trade, lots, price)
    renew(run, cell)
