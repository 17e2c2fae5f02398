# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Hold the portfolio within its limits: watch the account in every step, and every entry before it works and trades.

An entry is held against the limits twice, when it is decided and when it trades, as it is against its strategy's
capital. Exits are never held back. Where a limit cannot be reckoned with, it refuses.
"""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.costs_kernel import least_lots
from podium.engine.exposure_kernel import (
    equity_of_account,
    has_working_entry,
    lot_value,
    mark,
    risk_distance,
    saturated,
)
from podium.engine.ledger_kernel import cancel, emit
from podium.engine.money_kernel import muldiv_ceiling, muldiv_floor
from podium.engine.protection_kernel import renew
from podium.engine.tables import (
    CEILING_UNITS,
    LIMIT_FIRST,
    SLOTS_PER_CELL,
    LimitAction,
    LimitScope,
    OrderKind,
    Record,
    Records,
)

__all__ = ["cancel_entries", "check_entry", "closes", "count_order", "sized", "watch"]

_SCALE = RATE_SCALE
_CEILING_UNITS, _CEILING = CEILING_UNITS, float(CEILING_UNITS)
_FIRST = LIMIT_FIRST
_MINUTE = 60_000_000_000
_BLOCK, _REDUCE = int(LimitAction.BLOCK), int(LimitAction.REDUCE)
_CLOSE, _STOP = int(LimitAction.CLOSE), int(LimitAction.STOP)
_OF_CELL, _OF_PORTFOLIO = int(LimitScope.CELL), int(LimitScope.PORTFOLIO)
_OF_STRATEGY, _OF_SYMBOL, _OF_GROUP = int(LimitScope.STRATEGY), int(LimitScope.SYMBOL), int(LimitScope.GROUP)
_REACHED, _RELEASED = int(EventKind.LIMIT_REACHED), int(EventKind.LIMIT_RELEASED)
_NONE = int(Reason.NONE)
_MARKET = int(OrderKind.MARKET)
_DAILY_LOSS, _DRAWDOWN, _LOSS_STREAK = int(Reason.DAILY_LOSS), int(Reason.DRAWDOWN), int(Reason.LOSS_STREAK)
_ORDERS_PER_MINUTE, _OPEN_POSITIONS = int(Reason.ORDERS_PER_MINUTE), int(Reason.OPEN_POSITIONS)
_PRICE_DEVIATION, _ORDER_VALUE = int(Reason.PRICE_DEVIATION), int(Reason.ORDER_VALUE)
_TRADE_RISK, _POSITION_RISK, _TOTAL_RISK = int(Reason.TRADE_RISK), int(Reason.POSITION_RISK), int(Reason.TOTAL_RISK)
_GROSS_EXPOSURE, _NET_EXPOSURE = int(Reason.GROSS_EXPOSURE), int(Reason.NET_EXPOSURE)
_SYMBOL_EXPOSURE, _STRATEGY_EXPOSURE = int(Reason.SYMBOL_EXPOSURE), int(Reason.STRATEGY_EXPOSURE)
_GROUP_EXPOSURE = int(Reason.GROUP_EXPOSURE)


@compiled
def _share(amount: int, ratio: int) -> int:
    """Compute a share of an amount, rounded down; nothing of nothing, and never more than the ledger holds."""
    if amount <= 0:
        return 0
    if float(amount) * float(ratio) / _SCALE >= _CEILING:
        return _CEILING_UNITS
    return muldiv_floor(amount, ratio, _SCALE)


@compiled
def _bound(run: Record, limit: Record) -> int:
    """Give a limit, or that of a group, in units, of the equity at the last marks."""
    return _share(run.limits.equity, limit.ratio) if limit.ratio != 0 else limit.bound


@compiled
def _tell(
    run: Record, cell: Record, account: Record, kind: int, reason: int, action: int, scope: int,
    maximum: int, value: int, asked: int,
) -> Record:  # fmt: skip
    """Write that a limit is reached or released."""
    event = emit(run, cell, account, kind, reason, 0, 0, 0, 0)
    event.order_kind = action
    event.maker = scope
    event.position = 0
    event.cash = maximum
    event.used = value
    event.reserved = asked
    event.allocated = 0
    return event


@compiled
def _refuse(
    run: Record, cell: Record, account: Record, order: Record, price: int,
    reason: int, action: int, group: int, maximum: int, value: int, asked: int,
) -> int:  # fmt: skip
    """Tell what an entry would have made of a limit."""
    event = _tell(run, cell, account, _REACHED, reason, action, _OF_CELL, maximum, value, asked)
    event.exit = group
    event.side = order.side
    event.order = order.identifier
    event.quantity = order.quantity
    event.price = price
    limits = run.limits
    if reason <= _POSITION_RISK and action == _STOP and limits.stopped == 0:
        # It was the last one.
        limits.stopped = reason
        limits.limit[reason - _FIRST].maximum = maximum
        limits.limit[reason - _FIRST].value = asked
        _close_scope(run, 0, reason, maximum, asked)
    return reason


@compiled
def _close_scope(run: Record, index: int, reason: int, maximum: int, value: int) -> None:
    """From now on everything of a scope is closed."""
    scope = run.limits.scopes[index]
    if scope.closing == 0:
        run.limits.closing += 1
    scope.closing = reason
    scope.closing_maximum = maximum
    scope.closing_value = value


@compiled
def _closing_scope(run: Record, cell: Record) -> int:
    """Find the widest scope with which a cell is being closed; -1 when it is not."""
    limits = run.limits
    if limits.closing == 0:
        return -1
    if limits.scopes[0].closing != 0:
        return 0
    if limits.scopes[1 + cell.strategy].closing != 0:
        return 1 + cell.strategy
    symbol = limits.first_symbol + cell.symbol
    if limits.scopes[symbol].closing != 0:
        return symbol
    groups = limits.scopes[symbol].groups
    index = limits.first_group
    while groups != 0:
        if groups & 1 and limits.scopes[index].closing != 0:
            return index
        groups >>= 1
        index += 1
    return -1


@compiled
def _streak_of(limits: Record, cell: Record) -> Record:
    """Give the scope whose lost trades count for a cell."""
    return limits.scopes[1 + cell.strategy if limits.streak_per_strategy else 0]


@compiled
def _held_back(run: Record, cell: Record) -> int:
    """Give the limit that lets no entry of a cell pass at all; 0 when there is none."""
    limits = run.limits
    if limits.stopped != 0:
        return limits.stopped
    for reason in range(_DAILY_LOSS, _LOSS_STREAK + 1):
        limit = limits.limit[reason - _FIRST]
        if limit.reached and limit.action != _REDUCE:
            return reason
    if limits.limit[_LOSS_STREAK - _FIRST].action != _REDUCE and _streak_of(limits, cell).streak > 0:
        return _LOSS_STREAK
    index = _closing_scope(run, cell)
    return limits.scopes[index].closing if index >= 0 else _NONE


@compiled
def _streak_level(limits: Record, losses: int) -> int:
    """Give how many of the steps of a loss streak are reached."""
    level = limits.streak_count
    while level > 0 and losses < limits.streak_losses[level - 1]:
        level -= 1
    return level


@compiled
def sized(run: Record, cell: Record, lots: int) -> int:
    """Cut the size of an entry by the factors that losses brought."""
    limits = run.limits
    if limits.is_sized:
        return lots
    for reason in range(_DAILY_LOSS, _DRAWDOWN + 1):
        limit = limits.limit[reason - _FIRST]
        if limit.reached and limit.action == _REDUCE:
            lots = muldiv_floor(lots, limit.factor, _SCALE)
            limits.cut = reason
    if limits.limit[_LOSS_STREAK - _FIRST].action == _REDUCE:
        level = _streak_level(limits, _streak_of(limits, cell).losses)
        if level > 0:
            lots = muldiv_floor(lots, limits.streak_factor[level - 1], _SCALE)
            limits.cut = _LOSS_STREAK
    return lots


@compiled
def _fits(
    run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int, at_fill: int,
    reason: int, limit: Record, group: int, value: int, each: int,
) -> bool:  # fmt: skip
    """Hold an entry against one limit, of which ``value`` is taken already and each lot takes ``each``; cut it."""
    lots = order.quantity
    maximum = _bound(run, limit)
    room = max(maximum - value, 0)
    if lots <= room // each:
        return True
    asked = _CEILING_UNITS if float(lots) * float(each) >= _CEILING else saturated(value, lots * each)
    # What the market has moved since the decision is cut off, whatever the action: the wish did fit.
    moved = at_fill and not (run.size_at_fill and order.filled == 0)
    action = _REDUCE if moved else limit.action
    if reason > _POSITION_RISK and action >= _CLOSE:
        # Refused, the entry carries nothing beyond the limit: nothing is closed.
        action = _BLOCK
    _refuse(run, cell, account, order, price, reason, action, group, maximum, value, asked)
    fitting = room // each
    if action != _REDUCE or fitting < least_lots(instrument, price):
        return False
    order.quantity = fitting
    run.limits.cut = reason
    return True


@compiled
def _check_counts(run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int,
                  at_fill: int) -> int:  # fmt: skip
    """Hold an entry against the limits that do not depend on its size."""
    limits = run.limits
    one = limits.one
    limit = limits.limit[_ORDERS_PER_MINUTE - _FIRST]
    if limit.action and not at_fill and limits.minute == limits.time // _MINUTE and limits.orders >= limit.bound:
        return _refuse(
            run, cell, account, order, price, _ORDERS_PER_MINUTE, limit.action, 0,
            limit.bound * one, limits.orders * one, (limits.orders + 1) * one,
        )  # fmt: skip
    limit = limits.limit[_OPEN_POSITIONS - _FIRST]
    if limit.action and cell.quantity == 0 and (at_fill or not has_working_entry(cell)):
        count = limits.positions + (0 if at_fill else limits.waiting)
        if count >= limit.bound:
            return _refuse(
                run, cell, account, order, price, _OPEN_POSITIONS, limit.action, 0,
                limit.bound * one, count * one, (count + 1) * one,
            )  # fmt: skip
    limit = limits.limit[_PRICE_DEVIATION - _FIRST]
    if limit.action:
        distance = abs(price - instrument.mark)
        if distance > _share(instrument.mark, limit.ratio):
            asked = _CEILING_UNITS
            if float(distance) / float(instrument.mark) * float(one) < _CEILING:
                asked = muldiv_ceiling(distance, one, instrument.mark)
            return _refuse(
                run, cell, account, order, price, _PRICE_DEVIATION, limit.action, 0,
                muldiv_floor(limit.ratio, one, _SCALE), 0, asked,
            )  # fmt: skip
    return _NONE


@compiled
def _check_amounts(run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int,
                   at_fill: int) -> int:  # fmt: skip
    """Hold what an entry is worth and what it may lose against the limits, and cut it to what fits."""
    limits = run.limits
    limit = limits.limit
    whole = limits.scopes[0]
    side = order.side
    each = lot_value(instrument, price)
    risk_each = lot_value(instrument, risk_distance(cell, order, price))
    # What the cell's own exit gives back before this entry fills is free already, as it is of its capital.
    turns = cell.quantity * side < 0
    leaving = cell.exposure if turns else 0
    held_risk = _CEILING_UNITS
    if float(abs(cell.quantity)) * float(risk_each) < _CEILING:
        held_risk = 0 if turns else abs(cell.quantity) * risk_each
    working_risk = 0 if at_fill else whole.working_risk
    given = limit[_ORDER_VALUE - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _ORDER_VALUE, given, 0, 0, each
    ):  # fmt: skip
        return _ORDER_VALUE
    given = limit[_TRADE_RISK - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _TRADE_RISK, given, 0, 0, risk_each
    ):  # fmt: skip
        return _TRADE_RISK
    given = limit[_POSITION_RISK - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _POSITION_RISK, given, 0, held_risk, risk_each
    ):  # fmt: skip
        return _POSITION_RISK
    given = limit[_TOTAL_RISK - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _TOTAL_RISK, given, 0,
        saturated(whole.risk - cell.risk + working_risk, held_risk), risk_each,
    ):  # fmt: skip
        return _TOTAL_RISK
    given = limit[_GROSS_EXPOSURE - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _GROSS_EXPOSURE, given, 0,
        _gross(whole, at_fill) - leaving, each,
    ):  # fmt: skip
        return _GROSS_EXPOSURE
    given = limit[_NET_EXPOSURE - _FIRST]
    if given.action:
        net = (whole.long - whole.short) * side + leaving
        if not at_fill:
            net += whole.working_long if side > 0 else whole.working_short
        if not _fits(
            run, cell, account, instrument, order, price, at_fill, _NET_EXPOSURE, given, 0, net, each
        ):  # fmt: skip
            return _NET_EXPOSURE
    symbol = limits.scopes[limits.first_symbol + cell.symbol]
    given = limit[_SYMBOL_EXPOSURE - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _SYMBOL_EXPOSURE, given, 0,
        _gross(symbol, at_fill) - leaving, each,
    ):  # fmt: skip
        return _SYMBOL_EXPOSURE
    strategy = limits.scopes[1 + cell.strategy]
    given = limit[_STRATEGY_EXPOSURE - _FIRST]
    if given.action and not _fits(
        run, cell, account, instrument, order, price, at_fill, _STRATEGY_EXPOSURE, given, 0,
        _gross(strategy, at_fill) - leaving, each,
    ):  # fmt: skip
        return _STRATEGY_EXPOSURE
    groups = symbol.groups
    index = limits.first_group
    while groups != 0:
        if groups & 1:
            group = limits.scopes[index]
            if not _fits(
                run, cell, account, instrument, order, price, at_fill, _GROUP_EXPOSURE, group,
                index - limits.first_group + 1, _gross(group, at_fill) - leaving, each,
            ):  # fmt: skip
                return _GROUP_EXPOSURE
        groups >>= 1
        index += 1
    return _NONE


@compiled
def _gross(scope: Record, at_fill: int) -> int:
    """Give what a scope holds, and before a fill also what may still be filled."""
    held = saturated(scope.long, scope.short)
    return held if at_fill else saturated(held, saturated(scope.working_long, scope.working_short))


@compiled
def _refuse_all(run: Record, cell: Record, account: Record, order: Record, price: int, reason: int) -> int:
    """Tell why no entry of a cell passes: which limit was reached, and what had been made of it."""
    limits = run.limits
    limit = limits.limit[reason - _FIRST]
    action, group, maximum, value = limit.action, 0, limit.maximum, limit.value
    if limits.stopped != 0:
        action, group = _STOP, limits.stopped_group
    elif reason == _LOSS_STREAK:
        scope = _streak_of(limits, cell)
        maximum, value = limits.streak_losses[max(scope.streak, 1) - 1] * limits.one, scope.losses * limits.one
    elif reason > _POSITION_RISK:
        index = _closing_scope(run, cell)
        scope = limits.scopes[index]
        maximum, value = scope.closing_maximum, scope.closing_value
        if index >= limits.first_group:
            action, group = scope.action, index - limits.first_group + 1
    return _refuse(run, cell, account, order, price, reason, action, group, maximum, value, value)


@compiled
def check_entry(
    run: Record, cell: Record, account: Record, instrument: Record, order: Record, price: int, at_fill: int
) -> int:
    """Hold an entry against all limits, in the order of their numbers; its quantity is cut to what they let pass.

    Returns the reason for which it is refused, 0 when it is not.
    """
    limits = run.limits
    if limits.weighing:
        return _NONE
    limits.cut = _NONE
    reason = _held_back(run, cell)
    if reason != _NONE:
        return _refuse_all(run, cell, account, order, price, reason)
    reason = _check_counts(run, cell, account, instrument, order, price, at_fill)
    if reason != _NONE:
        return reason
    return _check_amounts(run, cell, account, instrument, order, price, at_fill)


@compiled
def count_order(run: Record) -> None:
    """Count an order that was made."""
    limits = run.limits
    minute = limits.time // _MINUTE
    if minute != limits.minute:
        limits.minute = minute
        limits.orders = 0
    limits.orders += 1


@compiled
def closes(run: Record, cell: Record) -> bool:
    """Tell whether limits want a position closed that nothing closes yet."""
    if cell.quantity == 0 or _closing_scope(run, cell) < 0:
        return False
    leaving = 0
    slot = 0
    while cell.working >> slot != 0:
        if (cell.working >> slot) & 1 and cell.orders[slot].exit and cell.orders[slot].kind == _MARKET:
            leaving += cell.orders[slot].quantity
        slot += 1
    return leaving < abs(cell.quantity)


@compiled
def cancel_entries(run: Record, accounts: Records, cells: Records) -> None:
    """Cancel the working entries of all cells that may not enter now."""
    for index in range(len(cells)):
        cell = cells[index]
        if cell.working != 0 and has_working_entry(cell):
            reason = _held_back(run, cell)
            for slot in range(SLOTS_PER_CELL):
                if reason != 0 and (cell.working >> slot) & 1 and not cell.orders[slot].exit:
                    cancel(run, cell, accounts[cell.strategy], cell.orders[slot], reason)
            renew(run, cell)


@compiled
def _tell_scope(run: Record, cells: Records, kind: int, reason: int, index: int, maximum: int, value: int) -> None:
    """Write that a limit is reached or released for a portfolio, a strategy, a symbol or a group."""
    limits = run.limits
    limit = limits.limit[reason - _FIRST]
    action, group = limit.action, 0
    scope, strategy, symbol = _OF_PORTFOLIO, -1, -1
    if index >= limits.first_group:
        scope, action, group = _OF_GROUP, limits.scopes[index].action, index - limits.first_group + 1
    elif index >= limits.first_symbol:
        scope, symbol = _OF_SYMBOL, index - limits.first_symbol
    elif index > 0:
        scope, strategy = _OF_STRATEGY, index - 1
    # An event stands at a cell: at the first that the scope has.
    place = 0
    while place < len(cells) - 1 and (
        (strategy >= 0 and cells[place].strategy != strategy) or (symbol >= 0 and cells[place].symbol != symbol)
    ):
        place += 1
    event = _tell(run, cells[place], run.portfolio, kind, reason, action, scope, maximum, value, value)
    event.exit = group


@compiled
def _act(run: Record, cells: Records, reason: int, index: int, maximum: int, value: int) -> None:
    """Tell that a scope has come to a limit, and do what the limit says."""
    limits = run.limits
    _tell_scope(run, cells, _REACHED, reason, index, maximum, value)
    limit = limits.limit[reason - _FIRST]
    if limits.stopped == 0:
        # What is told of it later is what stopped everything.
        limit.maximum = maximum
        limit.value = value
    action = limits.scopes[index].action if index >= limits.first_group else limit.action
    if action == _CLOSE:
        _close_scope(run, index, reason, maximum, value)
    elif action == _STOP and limits.stopped == 0:
        limits.stopped = reason
        limits.stopped_group = max(index - limits.first_group + 1, 0)
        _close_scope(run, 0, reason, maximum, value)


@compiled
def _is_over(limit: Record, since: int, day: int, time: int, today: int) -> bool:
    """Tell whether a limit that was reached lets go: its cool-down and its day are over, where it has them."""
    if limit.action == _STOP or (limit.cool_down == 0 and not limit.daily_reset):
        return False
    return time - since >= limit.cool_down and not (limit.daily_reset and day == today)


@compiled
def _watch_loss(run: Record, cells: Records, reason: int, from_equity: int, equity: int) -> None:
    """Hold what the account has lost against a limit."""
    limits = run.limits
    limit = limits.limit[reason - _FIRST]
    if limit.action == 0 or limit.reached:
        return
    bound = _share(from_equity, limit.ratio) if limit.ratio != 0 else limit.bound
    if from_equity - equity >= bound:
        limit.reached = 1
        limit.reached_time = limits.time
        limit.reached_day = limits.day
        _act(run, cells, reason, 0, bound, from_equity - equity)


@compiled
def _release_loss(run: Record, cells: Records, reason: int, equity: int) -> bool:
    """Let a limit go that the account had come to, if its time is over."""
    limits = run.limits
    limit = limits.limit[reason - _FIRST]
    if limit.reached == 0 or limits.stopped != 0:
        return False
    if not _is_over(limit, limit.reached_time, limit.reached_day, limits.time, limits.day):
        return False
    limit.reached = 0
    from_equity = limits.peak if reason == _DRAWDOWN else limits.day_start
    _tell_scope(run, cells, _RELEASED, reason, 0, limit.maximum, from_equity - equity)
    return True


@compiled
def _watch_streaks(run: Record, cells: Records) -> None:
    """Hold the trades lost in a row against their limit."""
    limits = run.limits
    limit = limits.limit[_LOSS_STREAK - _FIRST]
    first, last = (1, limits.first_symbol) if limits.streak_per_strategy else (0, 1)
    for index in range(first, last):
        scope = limits.scopes[index]
        if scope.losses > 0 and _is_over(limit, scope.loss_time, scope.loss_day, limits.time, limits.day):
            scope.losses = 0
        if scope.streak > 0 and (scope.losses == 0 or scope.broken) and limits.stopped == 0:
            scope.streak = 0
            _tell_scope(run, cells, _RELEASED, _LOSS_STREAK, index, limits.streak_losses[0] * limits.one, 0)
        scope.broken = 0
        level = _streak_level(limits, scope.losses)
        if level > scope.streak:
            scope.streak = level
            threshold = limits.streak_losses[level - 1]
            _act(run, cells, _LOSS_STREAK, index, threshold * limits.one, scope.losses * limits.one)


@compiled
def _watch_scope(run: Record, cells: Records, reason: int, index: int, value: int, bound: int) -> None:
    """Hold what a scope has open against a limit under which it is closed."""
    if value > bound and run.limits.scopes[index].closing == 0:
        _act(run, cells, reason, index, bound, value)


@compiled
def _watch_exposure(run: Record, cells: Records) -> None:
    """Hold what is open against the limits under which it is closed when the market carries it beyond them."""
    limits = run.limits
    whole = limits.scopes[0]
    limit = limits.limit[_TOTAL_RISK - _FIRST]
    if limit.action >= _CLOSE:
        _watch_scope(run, cells, _TOTAL_RISK, 0, whole.risk, _bound(run, limit))
    limit = limits.limit[_GROSS_EXPOSURE - _FIRST]
    if limit.action >= _CLOSE:
        _watch_scope(run, cells, _GROSS_EXPOSURE, 0, _gross(whole, 1), _bound(run, limit))
    limit = limits.limit[_NET_EXPOSURE - _FIRST]
    if limit.action >= _CLOSE:
        _watch_scope(run, cells, _NET_EXPOSURE, 0, abs(whole.long - whole.short), _bound(run, limit))
    for index in range(1, limits.first_group):
        reason = _SYMBOL_EXPOSURE if index >= limits.first_symbol else _STRATEGY_EXPOSURE
        limit = limits.limit[reason - _FIRST]
        if limit.action >= _CLOSE:
            _watch_scope(run, cells, reason, index, _gross(limits.scopes[index], 1), _bound(run, limit))
    for index in range(limits.first_group, limits.scope_count):
        group = limits.scopes[index]
        if group.action >= _CLOSE:
            _watch_scope(run, cells, _GROUP_EXPOSURE, index, _gross(group, 1), _bound(run, group))


@compiled
def _end_closing(run: Record, cells: Records) -> None:
    """Let those scopes go that are flat."""
    limits = run.limits
    for index in range(limits.scope_count):
        scope = limits.scopes[index]
        if scope.closing != 0 and scope.long == 0 and scope.short == 0:
            reason = scope.closing
            scope.closing = 0
            limits.closing -= 1
            if reason >= _TOTAL_RISK and limits.stopped == 0:
                _tell_scope(run, cells, _RELEASED, reason, index, scope.closing_maximum, 0)


@compiled
def watch(run: Record, instruments: Records, accounts: Records, cells: Records, day: int) -> None:
    """Hold the account against its limits at the close of a step."""
    limits = run.limits
    before = run.event_count
    equity = equity_of_account(run)
    if day != limits.day:
        limits.day = day
        limits.day_start = limits.last_equity
    # Once let go, losses are counted from here on.
    if _release_loss(run, cells, _DAILY_LOSS, equity) and limits.limit[_DAILY_LOSS - _FIRST].reached_day == day:
        limits.day_start = equity
    if _release_loss(run, cells, _DRAWDOWN, equity):
        limits.peak = equity
    limits.peak = max(limits.peak, equity)
    _watch_loss(run, cells, _DAILY_LOSS, limits.day_start, equity)
    _watch_loss(run, cells, _DRAWDOWN, limits.peak, equity)
    if limits.streak_count != 0:
        _watch_streaks(run, cells)
    if limits.watches_exposure or limits.closing != 0:
        mark(run, instruments, cells, run.step)
        _end_closing(run, cells)
        _watch_exposure(run, cells)
    if run.event_count > before or limits.closing != 0:
        cancel_entries(run, accounts, cells)
