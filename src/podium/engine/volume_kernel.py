# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""The share of a bar's volume that may trade: what does not fit keeps working."""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.costs_kernel import entry_cost
from podium.engine.ledger_kernel import available, cancel, emit, reserve
from podium.engine.money_kernel import muldiv_floor
from podium.engine.tables import SLOTS_PER_CELL, OrderKind, Record, SignalBit

__all__ = ["is_on_its_way", "keep", "open_room", "room_of", "tell_limit"]

_SCALE = RATE_SCALE
_LIMITED = int(EventKind.ORDER_LIMITED)
_VOLUME_LIMIT, _CANCELLED = int(Reason.VOLUME_LIMIT), int(Reason.CANCELLED)
_MARKET = int(OrderKind.MARKET)
_LONG_ENTRY, _SHORT_ENTRY = int(SignalBit.LONG_ENTRY), int(SignalBit.SHORT_ENTRY)
_FOREVER = 1 << 62


@compiled
def open_room(instrument: Record, measure: Record) -> None:
    """Open a bar: all orders of its symbol together may trade a share of its volume."""
    instrument.room = muldiv_floor(measure.volume, instrument.volume_limit, _SCALE)


@compiled
def room_of(instrument: Record) -> int:
    """Tell how many lots may still trade in this bar."""
    return instrument.room if instrument.volume_limit != 0 else _FOREVER


@compiled
def tell_limit(
    run: Record,
    cell: Record,
    account: Record,
    side: int,
    identifier: int,
    kind: int,
    is_exit: int,
    lots: int,
    filled: int,
    price: int,
) -> None:
    """Say how many lots wait for the volume of later bars, and how many traded in this one."""
    event = emit(run, cell, account, _LIMITED, _VOLUME_LIMIT, side, identifier, lots, price)
    event.order_kind = kind
    event.exit = is_exit
    event.notional = filled


@compiled
def keep(
    run: Record, cell: Record, account: Record, instrument: Record, order: Record,
    filled: int, rest: int, is_exit: int, price: int, rate: int,
) -> None:  # fmt: skip
    """Let the rest of an order work on, and hold what it would cost."""
    order.filled += filled
    order.quantity = rest
    # An entry that closes an opposite position is an exit from its first lot on.
    order.exit = is_exit
    if not is_exit:
        order.reserved = max(min(entry_cost(instrument, rest, price, rate), available(account)), 0)
        reserve(run, account, order.reserved)
    order.limited = run.step + 1
    tell_limit(run, cell, account, order.side, order.identifier, order.kind, is_exit, rest, filled, price)


@compiled
def is_on_its_way(run: Record, cell: Record, account: Record, bits: int) -> bool:
    """Tell whether what a cell's rules want works already; an entry that they no longer want is cancelled."""
    if cell.stop_hit:
        return True
    side = 0
    if cell.quantity == 0:
        side = (1 if bits & _LONG_ENTRY else 0) - (1 if bits & _SHORT_ENTRY else 0)
    for slot in range(SLOTS_PER_CELL):
        order = cell.orders[slot]
        if (cell.working >> slot) & 1:
            if cell.quantity != 0 and order.exit and order.kind == _MARKET:
                return True
            if not cell.coded and not order.exit:
                if order.side == side:
                    return True
                cancel(run, cell, account, order, _CANCELLED)
    return False
