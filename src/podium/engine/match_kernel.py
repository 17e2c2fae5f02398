"""Match working orders and protective levels with one bar.

The order within a bar: orders that trade at the open; levels that the open gapped through; orders inside the bar; levels
inside the bar, where the stop wins over the target unless the run is ``optimistic``.
"""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.ledger_kernel import (
    affordable,
    apply,
    available,
    cancel,
    emit,
    end_order,
    entry_cost,
    is_active,
    protect,
    reserve,
    worsened,
)
from podium.engine.money_kernel import muldiv, muldiv_floor
from podium.engine.tables import LevelMode, OrderKind, Record, SizeMode

__all__ = ["entry_lots", "fill_order", "follow", "match"]

_SCALE = RATE_SCALE
_MARKET, _LIMIT, _STOP = int(OrderKind.MARKET), int(OrderKind.LIMIT), int(OrderKind.STOP)
_EVERYTHING, _FRACTION, _QUANTITY = int(SizeMode.EVERYTHING), int(SizeMode.FRACTION), int(SizeMode.QUANTITY)
_MONEY = int(SizeMode.MONEY)
_PRICE, _DISTANCE = int(LevelMode.PRICE), int(LevelMode.DISTANCE)
_REDUCED = int(EventKind.ORDER_REDUCED)
_TAKE_PROFIT = int(Reason.TAKE_PROFIT)
_TRAILING_STOP, _BREAK_EVEN = int(Reason.TRAILING_STOP), int(Reason.BREAK_EVEN)
_MIN_QUANTITY, _CAPITAL_LIMIT = int(Reason.MIN_QUANTITY), int(Reason.CAPITAL_LIMIT)
_EXPIRED, _POSITION_CLOSED = int(Reason.EXPIRED), int(Reason.POSITION_CLOSED)
_NONE = int(Reason.NONE)
#: Explicit sizes whose notional would not fit are cut here; the capital check refuses them.
_NOTIONAL_MAXIMUM = 2.0e18


@compiled
def entry_lots(
    instrument: Record, order: Record, price: int, cost_price: int, rate: int, free: int, capital: int
) -> int:
    """Compute how many lots an entry wants.

    ``price`` is what the entry is expected to fill at; ``cost_price`` is what its cost is reckoned with (worse by the
    buffer); ``free`` may be spent; ``capital`` is what fractions and risks refer to.
    """
    lots = 0
    unit = instrument.money_per_tick_lot
    if order.size_mode == _EVERYTHING:
        lots = affordable(instrument, free, cost_price, rate)
    elif order.size_mode == _FRACTION:
        lots = affordable(instrument, muldiv_floor(max(capital, 0), order.size, _SCALE), cost_price, rate)
    elif order.size_mode == _QUANTITY:
        return min(order.size, int(_NOTIONAL_MAXIMUM / (float(cost_price) * float(unit))))
    elif order.size_mode == _MONEY:
        lots = order.size // (price * unit)
    else:
        distance = order.stop
        if order.stop_mode == _PRICE:
            distance = abs(price - order.stop)
        elif order.stop_mode != _DISTANCE:
            distance = muldiv(price, order.stop, _SCALE)
        risk = muldiv_floor(max(capital, 0), order.size, _SCALE)
        lots = min(risk // (max(distance, 1) * unit), affordable(instrument, free, cost_price, rate))
    return min(lots, instrument.quantity_maximum)


@compiled
def _reduced(run: Record, cell: Record, account: Record, order: Record, step: int, lots: int, price: int, reason: int) -> None:
    event = emit(
        run, cell, account, step, _REDUCED, reason, order.side, order.identifier, order.quantity - lots, price
    )
    event.order_kind = order.kind


@compiled
def _entry_at_fill(run: Record, cell: Record, account: Record, instrument: Record, order: Record, step: int, price: int, rate: int) -> int:
    """Settle the quantity of an entry at its fill; 0 when nothing (allowed) is left of it."""
    reserve(run, account, -order.reserved)
    order.reserved = 0
    free = available(account)
    if run.size_at_fill:
        capital = min(account.allocated, max(account.cash, 0) + account.used)
        lots = entry_lots(instrument, order, price, price, rate, free, capital)
        order.quantity = lots
        if lots >= instrument.quantity_minimum and entry_cost(instrument, lots, price, rate) > free:
            cancel(run, cell, account, order, step, _CAPITAL_LIMIT)
            return 0
    else:
        lots = order.quantity
        if entry_cost(instrument, lots, price, rate) > free:
            lots = affordable(instrument, free, price, rate)
            if lots < instrument.quantity_minimum:
                cancel(run, cell, account, order, step, _CAPITAL_LIMIT)
                return 0
            _reduced(run, cell, account, order, step, lots, price, _CAPITAL_LIMIT)
    if lots < instrument.quantity_minimum:
        cancel(run, cell, account, order, step, _MIN_QUANTITY)
        return 0
    return lots


@compiled
def fill_order(run: Record, cell: Record, account: Record, instrument: Record, order: Record, step: int, fair_price: int, maker: int, entered: int) -> None:
    """Trade a working order at a price, worsened by what its kind pays."""
    # An entry that meets an opposite position closes it and no more: a position never crosses zero in one fill.
    opposite = cell.quantity * order.side < 0
    is_exit = 1 if order.exit or opposite else 0
    if order.exit and not opposite:
        cancel(run, cell, account, order, step, _POSITION_CLOSED)
        return
    ratio = 0
    if order.kind == _MARKET:
        ratio = instrument.slippage
    if order.kind != _LIMIT and (not is_exit or run.spread_on_exit):
        ratio += instrument.spread
    price = worsened(fair_price, order.side, ratio)
    rate = instrument.maker_fee if maker else instrument.taker_fee
    if is_exit:
        reserve(run, account, -order.reserved)
        order.reserved = 0
        held = abs(cell.quantity)
        lots = held if order.quantity == 0 else min(order.quantity, held)
        if lots < order.quantity and not order.exit:
            _reduced(run, cell, account, order, step, lots, price, _POSITION_CLOSED)
    else:
        lots = _entry_at_fill(run, cell, account, instrument, order, step, price, rate)
        if lots == 0:
            return
    kind = order.kind
    end_order(cell, order)
    if cell.quantity == 0:
        cell.entered = entered
    reason = order.reason if is_exit else _NONE
    apply(
        run, cell, account, instrument, step, order.side, lots, price, fair_price, rate, reason,
        order.identifier, kind, is_exit,
    )  # fmt: skip
    if not is_exit:
        protect(cell, order, price)
        cell.active = is_active(cell)


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
def _match_orders(run: Record, cell: Record, account: Record, instrument: Record, bar: Record, step: int, inside: int) -> None:
    """Trade the orders that this bar reaches: at its open, or inside it."""
    last = 0
    while True:
        slot = _next_order(cell, last)
        if slot < 0:
            return
        order = cell.orders[slot]
        last = order.identifier
        buys = order.side > 0
        if not inside:
            if order.kind == _MARKET:
                fill_order(run, cell, account, instrument, order, step, bar.open, 0, 1)
            elif order.kind == _LIMIT:
                if (bar.open <= order.limit) if buys else (bar.open >= order.limit):
                    fill_order(run, cell, account, instrument, order, step, bar.open, order.met, 1)
            elif (bar.open >= order.trigger) if buys else (bar.open <= order.trigger):
                fill_order(run, cell, account, instrument, order, step, bar.open, 0, 1)
        elif order.kind == _LIMIT:
            if (bar.low <= order.limit) if buys else (bar.high >= order.limit):
                fill_order(run, cell, account, instrument, order, step, order.limit, 1, 2)
        elif (bar.high >= order.trigger) if buys else (bar.low <= order.trigger):
            fill_order(run, cell, account, instrument, order, step, order.trigger, 0, 2)


@compiled
def _exit(
    run: Record, cell: Record, account: Record, instrument: Record,
    step: int, lots: int, fair_price: int, kind: int, reason: int,
) -> None:  # fmt: skip
    """Close (a part of) a position at a protective level."""
    side = -1 if cell.quantity > 0 else 1
    price = fair_price
    rate = instrument.maker_fee
    if kind == _STOP:
        rate = instrument.taker_fee
        if run.spread_on_exit:
            price = worsened(fair_price, side, instrument.spread)
    apply(run, cell, account, instrument, step, side, lots, price, fair_price, rate, reason, 0, kind, 1)


@compiled
def _take_profits(run: Record, cell: Record, account: Record, instrument: Record, step: int, reached: int, gap_price: int) -> None:
    """Close the shares of all targets up to the price that was reached; at ``gap_price`` where it is not 0."""
    while cell.quantity != 0 and cell.target_next < cell.target_count:
        index = cell.target_next
        price = cell.target_price[index]
        if (reached < price) if cell.quantity > 0 else (reached > price):
            return
        held = abs(cell.quantity)
        share = cell.target_share[index]
        lots = held if share >= _SCALE else min(held, muldiv(cell.target_base, share, _SCALE) - cell.target_closed)
        cell.target_next += 1
        if lots > 0:
            cell.target_closed += lots
            _exit(run, cell, account, instrument, step, lots, gap_price if gap_price != 0 else price, _LIMIT, _TAKE_PROFIT)


@compiled
def _protect_at_open(run: Record, cell: Record, account: Record, instrument: Record, bar: Record, step: int) -> None:
    if cell.quantity == 0 or (cell.entered != 0 and run.protect_next_bar):
        return
    is_long = cell.quantity > 0
    if cell.stop != 0 and ((bar.open <= cell.stop) if is_long else (bar.open >= cell.stop)):
        _exit(run, cell, account, instrument, step, abs(cell.quantity), bar.open, _STOP, cell.stop_reason)
    else:
        _take_profits(run, cell, account, instrument, step, bar.open, bar.open)


@compiled
def _protect_inside(run: Record, cell: Record, account: Record, instrument: Record, bar: Record, step: int) -> None:
    if cell.quantity == 0 or (cell.entered != 0 and run.protect_next_bar):
        return
    is_long = cell.quantity > 0
    stopped = cell.stop != 0 and ((bar.low <= cell.stop) if is_long else (bar.high >= cell.stop))
    # Entered inside this bar: what the bar did before the entry is unknown, so only the pessimistic side counts.
    may_take_profit = cell.entered != 2
    if not (stopped and not run.optimistic) and may_take_profit:
        _take_profits(run, cell, account, instrument, step, bar.high if is_long else bar.low, 0)
    if stopped and cell.quantity != 0:
        _exit(run, cell, account, instrument, step, abs(cell.quantity), cell.stop, _STOP, cell.stop_reason)


@compiled
def match(run: Record, cell: Record, account: Record, instrument: Record, bar: Record, step: int) -> None:
    """Let one bar act on the working orders and the protective levels of one cell."""
    cell.entered = 0
    _match_orders(run, cell, account, instrument, bar, step, 0)
    _protect_at_open(run, cell, account, instrument, bar, step)
    _match_orders(run, cell, account, instrument, bar, step, 1)
    _protect_inside(run, cell, account, instrument, bar, step)
    slot = 0
    while cell.working >> slot != 0:
        if (cell.working >> slot) & 1:
            order = cell.orders[slot]
            order.met = 1
            if order.bars_left > 0:
                order.bars_left -= 1
                if order.bars_left == 0:
                    cancel(run, cell, account, order, step, _EXPIRED)
        slot += 1
    cell.active = is_active(cell)


@compiled
def follow(cell: Record) -> None:
    """Move the stop after a bar: to break-even once earned, then behind the best price. It acts from the next bar on."""
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
