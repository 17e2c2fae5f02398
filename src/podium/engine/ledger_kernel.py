"""Apply fills: the only way in which a position or an account changes.

Every movement is posted twice: to the strategy's account and to the portfolio's, the last row of ``accounts``.
"""

from __future__ import annotations

import numpy as np

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.money_kernel import divide, muldiv, muldiv_ceiling
from podium.engine.tables import (
    NO_LEVEL,
    LevelMode,
    OrderKind,
    Record,
    SignalBit,
    Status,
)

__all__ = [
    "affordable",
    "allocate",
    "apply",
    "available",
    "cancel",
    "emit",
    "end_order",
    "entry_cost",
    "fee_of",
    "interest_of",
    "is_active",
    "level_price",
    "margin_of",
    "protect",
    "release",
    "reserve",
    "worsened",
]

_SCALE = RATE_SCALE
_LIMIT = int(OrderKind.LIMIT)
_PRICE, _DISTANCE, _RATIO = int(LevelMode.PRICE), int(LevelMode.DISTANCE), int(LevelMode.RATIO)
_LONG_ENTRY, _LONG_EXIT = int(SignalBit.LONG_ENTRY), int(SignalBit.LONG_EXIT)
_SHORT_ENTRY, _SHORT_EXIT = int(SignalBit.SHORT_ENTRY), int(SignalBit.SHORT_EXIT)
_BROKEN = int(Status.BROKEN)
_FILLED, _CANCELLED = int(EventKind.ORDER_FILLED), int(EventKind.ORDER_CANCELLED)
_OPENED, _MODIFIED = int(EventKind.POSITION_OPENED), int(EventKind.POSITION_MODIFIED)
_CLOSED = int(EventKind.POSITION_CLOSED)
_STOP_LOSS, _POSITION_CLOSED = int(Reason.STOP_LOSS), int(Reason.POSITION_CLOSED)
#: Amounts stay below this; a position worth more stops the run.
_CEILING_UNITS = 1 << 61
_FOREVER = 1 << 62


@compiled
def emit(run: Record, cell: Record, account: Record, step: int, kind: int, reason: int, side: int, order: int, quantity: int, price: int) -> Record:
    """Write the next event; give its record, so that the caller adds what the kind needs."""
    event = run.events[run.event_count]
    run.event_count += 1
    event.step = step
    event.cell = cell.index
    event.kind = kind
    event.reason = reason
    event.side = side
    event.order_kind = 0
    event.order = order
    event.exit = 0
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
def fee_of(instrument: Record, lots: int, notional: int, rate: int) -> int:
    """Compute the fee of a fill: rate × notional + fee per lot × lots, at least the minimum; rounded once, half to even."""
    whole, rest = divide(notional, abs(rate), _SCALE)
    if rate < 0:
        whole, rest = -whole, -rest
    if instrument.fee_per_lot_numerator != 0:
        lots_whole, lots_rest = divide(lots, instrument.fee_per_lot_numerator, _SCALE)
        whole += lots_whole
        rest += lots_rest
    # Two remainders make at most one whole more; a rebate's may make one less.
    if rest >= _SCALE:
        rest -= _SCALE
        whole += 1
    elif rest < 0:
        rest += _SCALE
        whole -= 1
    if 2 * rest > _SCALE or (2 * rest == _SCALE and whole & 1):
        whole += 1
    return max(whole, instrument.fee_minimum) if instrument.fee_minimum > 0 else whole


@compiled
def worsened(price: int, side: int, ratio: int) -> int:
    """Move a price against the trader by a ratio, to the next tick against the trader; never below one tick."""
    if ratio == 0:
        return price
    distance = muldiv_ceiling(price, ratio, _SCALE)
    return price + distance if side > 0 else max(price - distance, 1)


@compiled
def margin_of(instrument: Record, notional: int) -> int:
    """Compute the money that a notional binds: notional ÷ leverage, half to even."""
    if instrument.leverage == _SCALE:
        return notional
    return muldiv(notional, _SCALE, instrument.leverage)


@compiled
def entry_cost(instrument: Record, lots: int, price: int, rate: int) -> int:
    """Compute what entering costs an account: margin and fee."""
    notional = lots * price * instrument.money_per_tick_lot
    return margin_of(instrument, notional) + fee_of(instrument, lots, notional, rate)


@compiled
def available(account: Record) -> int:
    """Compute what an account may still bind."""
    return min(account.allocated - account.used - account.reserved, account.cash - account.reserved)


@compiled
def affordable(instrument: Record, budget: int, price: int, rate: int) -> int:
    """Compute the most whole lots that a budget pays for at a price, the fee included."""
    if budget <= 0:
        return np.int64(0)
    lot_notional = np.float64(price) * np.float64(instrument.money_per_tick_lot)
    lot_cost = lot_notional * (_SCALE / instrument.leverage + rate / _SCALE) + instrument.fee_per_lot_numerator / _SCALE
    estimate = min(np.float64(budget) / lot_cost, np.float64(_CEILING_UNITS) / lot_notional)
    lots = np.int64(estimate)
    # The estimate is a float; the last lots are settled exactly.
    while lots > 0 and entry_cost(instrument, lots, price, rate) > budget:
        lots -= 1 + lots // 1_000_000_000_000
    while (lots + 1) * lot_notional < _CEILING_UNITS and entry_cost(instrument, lots + 1, price, rate) <= budget:
        lots += 1
    return lots


@compiled
def reserve(run: Record, account: Record, units: int) -> None:
    """Hold money for a working entry order (negative: let it go)."""
    account.reserved += units
    run.portfolio.reserved += units


@compiled
def _post(account: Record, cash: int, used: int, realised: int, fee: int, equity: int) -> None:
    account.cash += cash
    account.used += used
    account.realised += realised
    account.fees += fee
    account.equity += equity


@compiled
def _post_twice(run: Record, account: Record, cash: int, used: int, realised: int, fee: int, equity: int) -> None:
    """Post one movement to the strategy and to the portfolio, and check that both still add up."""
    portfolio = run.portfolio
    _post(account, cash, used, realised, fee, equity)
    _post(portfolio, cash, used, realised, fee, equity)
    if run.compounding:
        before = account.allocated
        account.allocated = max(account.cash, 0) + account.used
        portfolio.allocated += account.allocated - before
    if (
        account.cash + account.used != account.deposited + account.realised - account.fees
        or portfolio.cash + portfolio.used != portfolio.deposited + portfolio.realised - portfolio.fees
    ):
        run.status = _BROKEN


@compiled
def allocate(run: Record, account: Record, cell: Record, notional: int, margin: int, fee: int, equity: int) -> None:
    """Bind capital for an entry: margin moves from cash to used, the fee leaves."""
    cell.cost += notional
    cell.margin += margin
    _post_twice(run, account, -margin - fee, margin, 0, fee, equity)


@compiled
def release(run: Record, account: Record, cell: Record, cost: int, margin: int, realised: int, fee: int, equity: int) -> None:
    """Give capital back after an exit: margin and result move to cash, the fee leaves."""
    cell.cost -= cost
    cell.margin -= margin
    _post_twice(run, account, margin + realised - fee, -margin, realised, fee, equity)


@compiled
def interest_of(cell: Record) -> int:
    """Tell which signals of a rules cell can act in its present position."""
    if cell.coded:
        return 0
    if cell.quantity > 0:
        return _LONG_EXIT
    if cell.quantity < 0:
        return _SHORT_EXIT
    return _LONG_ENTRY | _SHORT_ENTRY


@compiled
def is_active(cell: Record) -> int:
    """Tell whether a bar can do anything to a cell besides moving its mark."""
    if cell.working != 0:
        return 1
    if cell.quantity != 0 and (
        cell.stop != 0
        or cell.target_next < cell.target_count
        or cell.trail_distance != 0
        or cell.break_even_from != 0
    ):
        return 1
    return 0


@compiled
def end_order(cell: Record, order: Record) -> None:
    """Give an order's slot back."""
    order.kind = 0
    order.reserved = 0
    cell.working &= ~(1 << order.slot)


@compiled
def cancel(run: Record, cell: Record, account: Record, order: Record, step: int, reason: int) -> None:
    """End a working order without a trade and let its reserved money go."""
    reserve(run, account, -order.reserved)
    event = emit(
        run, cell, account, step, _CANCELLED, reason, order.side, order.identifier, order.quantity,
        order.limit if order.kind == _LIMIT else order.trigger,
    )  # fmt: skip
    event.order_kind = order.kind
    event.exit = order.exit
    end_order(cell, order)


@compiled
def level_price(mode: int, value: int, price: int, direction: int) -> int:
    """Place a level: ``direction`` +1 above the price, -1 below; at least one tick; ``NO_LEVEL`` when unknown."""
    if value == NO_LEVEL:
        return NO_LEVEL
    if mode == _PRICE:
        return value
    distance = value if mode == _DISTANCE else muldiv(price, value, _SCALE)
    return max(price + direction * distance, 1)


@compiled
def protect(cell: Record, order: Record, price: int) -> None:
    """Give a position the levels that an order carries, relative to a price; levels it does not carry stay."""
    side = 1 if cell.quantity > 0 else -1
    if order.stop_mode != 0:
        cell.stop = level_price(order.stop_mode, order.stop, price, -side)
        cell.stop_reason = _STOP_LOSS
    if order.trail_mode != 0:
        distance = order.trail if order.trail_mode == _DISTANCE else muldiv(price, order.trail, _SCALE)
        cell.trail_distance = max(distance, 1)
        cell.trail_from = level_price(_RATIO, order.trail_after, price, side) if order.trail_after > 0 else 0
    if order.break_even_after > 0:
        cell.break_even_from = level_price(_RATIO, order.break_even_after, price, side)
        cell.break_even_stop = level_price(_RATIO, order.break_even_offset, price, side)
    if order.target_count > 0:
        cell.target_count = order.target_count
        cell.target_next = 0
        cell.target_base = abs(cell.quantity)
        cell.target_closed = 0
        total = 0
        for index in range(order.target_count):
            total += order.target_share[index]
            cell.target_share[index] = total
            cell.target_price[index] = level_price(order.target_mode[index], order.target[index], price, side)
    if order.max_bars > 0:
        cell.bars_left = order.max_bars


@compiled
def _open_trade(cell: Record, price: int, step: int) -> None:
    cell.trade += 1
    cell.entry_step = step
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


@compiled
def _close_trade(run: Record, cell: Record, account: Record, step: int) -> None:
    """Say that the position is flat, forget its protection, cancel exits that have nothing left to close."""
    cell.stop = 0
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
        if (cell.working >> slot) & 1 and order.exit:
            cancel(run, cell, account, order, step, _POSITION_CLOSED)
        slot += 1


@compiled
def apply(run: Record, cell: Record, account: Record, instrument: Record, step: int, side: int, lots: int, price: int, fair_price: int, rate: int, reason: int, identifier: int, kind: int, is_exit: int) -> None:
    """Book one fill: position, ledger, trade and events. The quantity of an exit never exceeds the position.

    ``fair_price`` is the price without slippage and spread, for the record of what they cost.
    """
    unit = instrument.money_per_tick_lot
    notional = lots * price * unit
    fee = fee_of(instrument, lots, notional, rate)
    slippage = abs(price - fair_price) * lots * unit
    equity = side * lots * (instrument.mark - price) * unit - fee
    opening = cell.quantity == 0
    trade_side = side if not is_exit else -side
    if opening:
        _open_trade(cell, price, step)
    cell.trade_fees += fee
    cell.trade_slippage += slippage
    realised = 0
    if not is_exit:
        allocate(run, account, cell, side * notional, margin_of(instrument, notional), fee, equity)
        cell.entered_quantity += lots
        cell.entered_notional += notional
    else:
        held = abs(cell.quantity)
        cost = cell.cost if lots == held else muldiv(cell.cost, lots, held)
        margin = cell.margin if lots == held else muldiv(cell.margin, lots, held)
        realised = -side * notional - cost
        release(run, account, cell, cost, margin, realised, fee, equity)
        cell.exited_notional += notional
        cell.trade_realised += realised
    cell.quantity += side * lots
    cell.ceiling = _CEILING_UNITS // (abs(cell.quantity) * unit) if cell.quantity != 0 else _FOREVER
    cell.interest = interest_of(cell)
    cell.highest = max(cell.highest, price)
    cell.lowest = min(cell.lowest, price)

    event = emit(run, cell, account, step, _FILLED, reason, side, identifier, lots, price)
    event.order_kind = kind
    event.exit = is_exit
    event.notional = notional
    event.fee = fee
    event.realised = realised
    event.slippage = slippage
    if cell.quantity == 0:
        event = emit(run, cell, account, step, _CLOSED, reason, trade_side, cell.trade, cell.entered_quantity, price)
        event.notional = cell.entered_notional
        event.fee = cell.trade_fees
        event.realised = cell.trade_realised
        event.slippage = cell.trade_slippage
        # Read as CLOSED: the account stands in the fill just before.
        event.cash = cell.exited_notional
        event.used = cell.highest
        event.reserved = cell.lowest
        event.allocated = cell.entry_step + (cell.bars_held << 32)
        _close_trade(run, cell, account, step)
    else:
        changed = _OPENED if opening else _MODIFIED
        emit(run, cell, account, step, changed, reason, trade_side, cell.trade, lots, price)
    cell.active = is_active(cell)
