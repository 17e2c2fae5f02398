# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Net the market orders of one symbol that trade at one price: only their sum goes out.

Strategies' books are not touched: each of them got its price and paid its fee as if alone. What the one order for the
difference costs is reckoned with the same functions; what it spares is posted to an account of its own
(``run.netting``) and to the portfolio. Fills are noted in the symbol's book as they are applied, see ``ledger_kernel``.
"""

from __future__ import annotations

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.engine.conversion_kernel import converted
from podium.engine.costs_kernel import fee_of, is_beyond_ledger, least_lots
from podium.engine.impact_kernel import fill_price
from podium.engine.ledger_kernel import emit, overflow, save
from podium.engine.tables import OrderKind, Record, Records

__all__ = ["net_all_orders", "net_orders"]

_NETTED, _NONE = int(EventKind.ORDERS_NETTED), int(Reason.NONE)
_MARKET = int(OrderKind.MARKET)
#: Sides in a book.
_SELLS, _BUYS = 0, 1


@compiled
def net_orders(run: Record, cell: Record, instrument: Record, slips: int) -> None:
    """Close the book of a symbol: say what its fills would have cost as one order, and post the rest as saved.

    ``cell`` is the symbol's first one; ``slips`` is 0 where nothing is lost to slippage and spread, at the run's end.
    """
    book = instrument.book
    bought = book.entered[_BUYS] + book.exited[_BUYS]
    sold = book.entered[_SELLS] + book.exited[_SELLS]
    lots = abs(bought - sold)
    # What the venue would not take as one order goes out as it is.
    is_order = least_lots(instrument, book.price) <= lots <= instrument.quantity_maximum
    if book.fills > 1 and (lots == 0 or is_order):
        _cross(run, cell, instrument, 1 if bought > sold else -1, lots, min(bought, sold), slips)
    book.fills = 0
    book.fees = 0
    book.slippage = 0
    book.notional = 0
    for side in range(2):
        book.entered[side] = 0
        book.exited[side] = 0


@compiled
def net_all_orders(run: Record, instruments: Records, cells: Records, slips: int) -> None:
    """Close the books of all symbols, where orders trade at the closes."""
    for index in range(len(instruments)):
        instrument = instruments[index]
        if instrument.book.fills > 0:
            net_orders(run, cells[instrument.first_cell], instrument, slips)


@compiled
def _cross(run: Record, cell: Record, instrument: Record, side: int, lots: int, crossed: int, slips: int) -> None:
    """Let wishes of both sides cross, and send the difference."""
    book = instrument.book
    unit = instrument.money_per_tick_lot
    dear, cheap = book.price, book.price
    if slips and lots > 0:
        dear = fill_price(instrument, book.price, side, _MARKET, 1, lots)
        cheap = fill_price(instrument, book.price, side, _MARKET, run.spread_on_exit, lots)
    if is_beyond_ledger(instrument, lots, max(dear, book.price)):
        overflow(run, cell)
        return
    # Where only entries pay the spread, they are the first to go out: nothing is saved that might not be.
    entered = min(lots, book.entered[_BUYS if side > 0 else _SELLS])
    notional = (entered * dear + (lots - entered) * cheap) * unit
    slippage = converted(instrument, abs(notional - lots * book.price * unit))
    fee = converted(instrument, fee_of(instrument, lots, notional, instrument.taker_fee)) if lots > 0 else 0
    notional = converted(instrument, notional)
    if run.schedule.count != 0:
        # What crossed inside is no volume on the venue.
        run.schedule.traded += notional - book.notional
    save(run, cell, book.slippage - slippage, fee - book.fees)
    event = emit(run, cell, run.netting, _NETTED, _NONE, side if lots > 0 else 0, book.fills, lots, book.price)
    event.position = crossed
    event.notional = notional
    event.fee = fee
    event.slippage = slippage
    event.realised = book.slippage - slippage + book.fees - fee
