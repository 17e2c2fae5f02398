# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Match working orders and protective levels with one bar.

The order within a bar: orders that trade at the open; levels that the open gapped through; orders inside the bar;
levels inside the bar, where the stop wins over the target unless the run is ``optimistic``.
"""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.costs_kernel import affordable, entry_cost, entry_lots, least_lots
from podium.engine.exposure_kernel import book_entry
from podium.engine.impact_kernel import fill_price
from podium.engine.ledger_kernel import apply, available, cancel, emit, end_order, reserve
from podium.engine.limits_kernel import check_entry, sized
from podium.engine.money_kernel import muldiv
from podium.engine.protection_kernel import protect, renew
from podium.engine.tables import OrderKind, Record, SizeMode
from podium.engine.volume_kernel import keep, room_of, tell_limit

__all__ = ["fill_order", "match", "shortfall"]

_SCALE = RATE_SCALE
_MARKET, _LIMIT, _STOP = int(OrderKind.MARKET), int(OrderKind.LIMIT), int(OrderKind.STOP)
_QUANTITY, _MONEY = int(SizeMode.QUANTITY), int(SizeMode.MONEY)
_REDUCED = int(EventKind.ORDER_REDUCED)
_TAKE_PROFIT = int(Reason.TAKE_PROFIT)
_MIN_NOTIONAL = int(Reason.MIN_NOTIONAL)
_MIN_QUANTITY, _CAPITAL_LIMIT = int(Reason.MIN_QUANTITY), int(Reason.CAPITAL_LIMIT)
_EXPIRED, _POSITION_CLOSED = int(Reason.EXPIRED), int(Reason.POSITION_CLOSED)
_NONE = int(Reason.NONE)
#: Bits of a cell's ``entered``.
_OPENED, _INSIDE = 1, 2


@compiled
def shortfall(
    account: Record, instrument: Record, order: Record, lots: int, price: int, cost_price: int, rate: int
) -> int:
    """Tell why an entry came out below what it must be: its size is too small, or the capital is gone."""
    if order.size_mode != _QUANTITY and order.size_mode != _MONEY:
        wanted = entry_lots(instrument, order, cost_price, cost_price, rate, account.deposited, account.deposited)
        if wanted >= least_lots(instrument, price):
            return _CAPITAL_LIMIT
        lots = wanted
    return _MIN_QUANTITY if lots < instrument.quantity_minimum else _MIN_NOTIONAL


@compiled
def _reduced(run: Record, cell: Record, account: Record, order: Record, lots: int, price: int, reason: int) -> None:
    event = emit(run, cell, account, _REDUCED, reason, order.side, order.identifier, order.quantity - lots, price)
    event.order_kind = order.kind


@compiled
def _limited(run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int) -> int:
    """Hold an entry against the portfolio's limits at its fill; give what is left of it."""
    wanted = order.quantity
    refusal = _NONE
    is_wish = run.size_at_fill and order.filled == 0
    if is_wish:
        order.quantity = sized(run, cell, wanted)
        if order.quantity < wanted and order.quantity < least_lots(instrument, price):
            refusal = run.limits.cut
    if refusal == _NONE:
        refusal = check_entry(run, cell, account, instrument, order, price, 1)
    lots = order.quantity
    order.quantity = wanted
    if refusal != _NONE:
        cancel(run, cell, account, order, refusal)
        return 0
    if lots < wanted and not is_wish:
        _reduced(run, cell, account, order, lots, price, run.limits.cut)
    return lots


@compiled
def _entry_at_fill(
    run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int, rate: int
) -> int:
    """Settle the quantity of an entry at its fill; 0 when nothing (allowed) is left of it."""
    reserve(run, account, -order.reserved)
    order.reserved = 0
    free = available(account)
    least = least_lots(instrument, price) if order.filled == 0 else 1
    if run.size_at_fill and order.filled == 0:
        capital = min(account.allocated, max(account.cash, 0) + account.used)
        order.quantity = entry_lots(instrument, order, price, price, rate, free, capital)
        if order.quantity < least:
            reason = shortfall(account, instrument, order, order.quantity, price, price, rate)
            cancel(run, cell, account, order, reason)
            return 0
        if entry_cost(instrument, order.quantity, price, rate) > free:
            cancel(run, cell, account, order, _CAPITAL_LIMIT)
            return 0
        return _limited(run, cell, account, instrument, order, price) if run.limited else order.quantity
    lots = order.quantity
    if entry_cost(instrument, lots, price, rate) > free:
        lots = affordable(instrument, free, price, rate)
        if lots < least:
            cancel(run, cell, account, order, _CAPITAL_LIMIT)
            return 0
        _reduced(run, cell, account, order, lots, price, _CAPITAL_LIMIT)
        order.quantity = lots
    return _limited(run, cell, account, instrument, order, price) if run.limited else lots


@compiled
def _wish(account: Record, instrument: Record, order: Record, price: int, rate: int) -> int:
    """Estimate the quantity of an entry that is sized at its fill, for its own impact on the price."""
    capital = min(account.allocated, max(account.cash, 0) + account.used)
    return entry_lots(instrument, order, price, price, rate, available(account), capital)


@compiled
def _tell_levels(run: Record, cell: Record) -> None:
    """Write the levels of a position into the event that it was opened, the last one; see OPENED."""
    event = run.events[run.event_count - 1]
    count = cell.target_count
    event.notional = cell.stop
    event.fee = cell.target_price[0] if count > 0 else 0
    event.realised = cell.target_price[1] if count > 1 else 0
    event.slippage = cell.target_price[2] if count > 2 else 0
    event.cash = cell.target_price[3] if count > 3 else 0


@compiled
def fill_order(
    run: Record,
    cell: Record,
    account: Record,
    instrument: Record,
    order: Record,
    fair_price: int,
    maker: int,
    entered: int,
) -> None:
    """Trade a working order at a price, worsened by what its kind pays."""
    # An entry that meets an opposite position closes it and no more: a position never crosses zero in one fill.
    opposite = cell.quantity * order.side < 0
    is_exit = 1 if order.exit or opposite else 0
    if order.exit and not opposite:
        cancel(run, cell, account, order, _POSITION_CLOSED)
        return
    room = room_of(instrument)
    if room == 0:
        if order.limited != run.step + 1:
            order.limited = run.step + 1
            tell_limit(
                run, cell, account, order.side, order.identifier, order.kind, is_exit, order.quantity, 0, fair_price
            )
        return
    pays_spread = 1 if not is_exit or run.spread_on_exit else 0
    held = abs(cell.quantity)
    wanted = order.quantity
    if is_exit:
        wanted = held if wanted == 0 else min(wanted, held)
    rate = instrument.maker_fee if maker else instrument.taker_fee
    if wanted == 0 and instrument.impact != 0:
        wanted = _wish(account, instrument, order, fair_price, rate)
    # What the capital turns out not to cover has come to the market, too.
    price = fill_price(instrument, fair_price, order.side, order.kind, pays_spread, min(wanted, room))
    if is_exit:
        reserve(run, account, -order.reserved)
        order.reserved = 0
        lots = wanted
        if lots < order.quantity:
            _reduced(run, cell, account, order, lots, price, _POSITION_CLOSED)
    else:
        lots = _entry_at_fill(run, cell, account, instrument, order, price, rate)
        if lots == 0:
            return
        cell.entered = entered if cell.quantity == 0 else cell.entered | (entered & _INSIDE)
    kind = order.kind
    rest = max(lots - room, 0)
    lots -= rest
    if rest == 0:
        end_order(cell, order)
    if instrument.volume_limit != 0:
        instrument.room -= lots
    reason = order.reason if is_exit else _NONE
    opening = cell.quantity == 0
    apply(
        run, cell, account, instrument, order.side, lots, price, fair_price, maker, reason,
        order.identifier, kind, is_exit,
    )  # fmt: skip
    if not is_exit and cell.quantity != 0:
        protect(cell, order, price, instrument.money_per_tick_lot)
        if opening:
            _tell_levels(run, cell)
        if run.limited:
            book_entry(run, cell, instrument, lots, price)
        renew(run, cell)
    if rest > 0:
        keep(run, cell, account, instrument, order, lots, rest, is_exit, price, rate)


@compiled
def _next_order(cell: Record, after: int) -> int:
    """Find the working order with the least identifier above ``after``; -1 when there is none."""
    found = -1
    least = 1 << 62
    slot = 0
    while cell.working >> slot != 0:
        if (cell.working >> slot) & 1 and after < cell.orders[slot].identifier < least:
            least = cell.orders[slot].identifier
            found = slot
        slot += 1
    return found


@compiled
def _is_protected(run: Record, cell: Record) -> bool:
    return cell.quantity != 0 and not (run.protect_next_bar and cell.entered & _OPENED)


@compiled
def _is_stopped(run: Record, cell: Record, bar: Record) -> bool:
    """Tell whether a bar reaches the stop of a position."""
    if cell.stop == 0 or not _is_protected(run, cell):
        return False
    return bar.low <= cell.stop if cell.quantity > 0 else bar.high >= cell.stop


@compiled
def _waits(run: Record, cell: Record, order: Record, bar: Record) -> bool:
    """Tell whether an order that this bar reaches inside must let the protective stop go first.

    What happened inside a bar is unknown, so nothing may be earned by choosing its course: a limit order does not close
    what was entered inside this bar; it does not close what the stop closes, unless the run is optimistic; and an order
    that lies beyond the stop is reached after it.
    """
    reduces = order.kind == _LIMIT and cell.quantity * order.side < 0
    if reduces and cell.entered & _INSIDE:
        return True
    if not _is_stopped(run, cell, bar):
        return False
    is_long = cell.quantity > 0
    price = order.limit if order.kind == _LIMIT else order.trigger
    # A falling price reaches buy limits and sell stops, a rising one the others.
    if ((order.kind == _LIMIT) == (order.side > 0)) == is_long:
        return price <= cell.stop if is_long else price >= cell.stop
    return reduces and not run.optimistic


@compiled
def _orders_at_open(run: Record, cell: Record, account: Record, instrument: Record, bar: Record) -> None:
    """Trade the orders that this bar's open reaches, at the open."""
    last = 0
    while True:
        slot = _next_order(cell, last)
        if slot < 0:
            return
        order = cell.orders[slot]
        last = order.identifier
        price = bar.open
        maker = 0
        if order.kind == _LIMIT:
            reached = price <= order.limit if order.side > 0 else price >= order.limit
            maker = order.met
        elif order.kind == _STOP:
            reached = price >= order.trigger if order.side > 0 else price <= order.trigger
        else:
            reached = True
        if reached:
            fill_order(run, cell, account, instrument, order, price, maker, _OPENED)


@compiled
def _orders_inside(run: Record, cell: Record, account: Record, instrument: Record, bar: Record) -> int:
    """Trade the orders that this bar reaches after its open, at their price; tell how many wait for the stop."""
    last = 0
    waiting = 0
    while True:
        slot = _next_order(cell, last)
        if slot < 0:
            return waiting
        order = cell.orders[slot]
        last = order.identifier
        if order.kind == _MARKET:
            # Its time was the open; the bar's volume is used up.
            continue
        maker = 1 if order.kind == _LIMIT else 0
        price = order.limit if maker else order.trigger
        rises = (order.side > 0) != (order.kind == _LIMIT)
        if bar.high >= price if rises else bar.low <= price:
            if _waits(run, cell, order, bar):
                waiting += 1
            else:
                fill_order(run, cell, account, instrument, order, price, maker, _OPENED | _INSIDE)


@compiled
def _exit(
    run: Record, cell: Record, account: Record, instrument: Record,
    lots: int, fair_price: int, kind: int, reason: int,
) -> None:  # fmt: skip
    """Close (a part of) a position at a protective level, as far as the volume does."""
    side = -1 if cell.quantity > 0 else 1
    rest = max(lots - room_of(instrument), 0)
    lots -= rest
    if lots > 0:
        _exit_within(run, cell, account, instrument, side, lots, fair_price, kind, reason)
    if rest > 0:
        if kind == _STOP:
            cell.stop_hit = 1
        if cell.limited != run.step + 1:
            cell.limited = run.step + 1
            tell_limit(run, cell, account, side, 0, kind, 1, rest, lots, fair_price)


@compiled
def _exit_within(
    run: Record, cell: Record, account: Record, instrument: Record,
    side: int, lots: int, fair_price: int, kind: int, reason: int,
) -> None:  # fmt: skip
    if instrument.volume_limit != 0:
        instrument.room -= lots
    maker = 0 if kind == _STOP else 1
    price = fill_price(instrument, fair_price, side, kind, run.spread_on_exit, lots)
    apply(run, cell, account, instrument, side, lots, price, fair_price, maker, reason, 0, kind, 1)


@compiled
def _take_profits(run: Record, cell: Record, account: Record, instrument: Record, reached: int, gap_price: int) -> None:
    """Close the shares of all targets up to the price that was reached; at ``gap_price`` where it is not 0."""
    while cell.quantity != 0 and cell.target_next < cell.target_count:
        index = cell.target_next
        price = cell.target_price[index]
        if (reached < price) if cell.quantity > 0 else (reached > price):
            return
        held = abs(cell.quantity)
        share = cell.target_share[index]
        lots = held if share >= _SCALE else min(held, muldiv(cell.target_base, share, _SCALE) - cell.target_closed)
        fits = min(lots, room_of(instrument))
        if fits == lots:
            cell.target_next += 1
        if lots > 0:
            cell.target_closed += fits
            _exit(run, cell, account, instrument, lots, gap_price if gap_price != 0 else price, _LIMIT, _TAKE_PROFIT)
        if fits < lots:
            # The rest of the share waits for the price to come back.
            return


@compiled
def _protect_at_open(run: Record, cell: Record, account: Record, instrument: Record, bar: Record) -> None:
    if not _is_protected(run, cell):
        return
    is_long = cell.quantity > 0
    if cell.stop_hit or (cell.stop != 0 and ((bar.open <= cell.stop) if is_long else (bar.open >= cell.stop))):
        _exit(run, cell, account, instrument, abs(cell.quantity), bar.open, _STOP, cell.stop_reason)
    else:
        _take_profits(run, cell, account, instrument, bar.open, bar.open)


@compiled
def _protect_inside(run: Record, cell: Record, account: Record, instrument: Record, bar: Record) -> None:
    if not _is_protected(run, cell):
        return
    stopped = _is_stopped(run, cell, bar)
    # Entered inside this bar: what the bar did before the entry is unknown, so only the pessimistic side counts.
    if (not stopped or run.optimistic) and not cell.entered & _INSIDE:
        _take_profits(run, cell, account, instrument, bar.high if cell.quantity > 0 else bar.low, 0)
    if stopped and cell.quantity != 0:
        _exit(run, cell, account, instrument, abs(cell.quantity), cell.stop, _STOP, cell.stop_reason)


@compiled
def _age_orders(run: Record, cell: Record, account: Record) -> None:
    """Let working orders rest in the book, and expire those whose bars are over."""
    slot = 0
    while cell.working >> slot != 0:
        if (cell.working >> slot) & 1:
            order = cell.orders[slot]
            order.met = 1
            if order.bars_left > 0:
                order.bars_left -= 1
                if order.bars_left == 0:
                    cancel(run, cell, account, order, _EXPIRED)
        slot += 1


@compiled
def match(run: Record, cell: Record, account: Record, instrument: Record, bar: Record) -> None:
    """Let one bar act on the working orders and the protective levels of one cell."""
    cell.entered = 0
    _orders_at_open(run, cell, account, instrument, bar)
    _protect_at_open(run, cell, account, instrument, bar)
    waiting = _orders_inside(run, cell, account, instrument, bar)
    _protect_inside(run, cell, account, instrument, bar)
    if waiting != 0:
        _orders_inside(run, cell, account, instrument, bar)
        _protect_inside(run, cell, account, instrument, bar)
    _age_orders(run, cell, account)
    renew(run, cell)
