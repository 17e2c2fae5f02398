# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""What trading costs: the price a fill really gets, its fee, the money it binds, and how much a budget pays for."""

from __future__ import annotations

from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.conversion_kernel import converted, quoted
from podium.engine.money_kernel import divide, muldiv, muldiv_ceiling, muldiv_floor
from podium.engine.protection_kernel import level_price
from podium.engine.tables import CEILING_UNITS, Record, SizeMode

__all__ = [
    "affordable",
    "entry_cost",
    "entry_lots",
    "fee_of",
    "is_beyond_ledger",
    "least_lots",
    "margin_of",
    "worsened",
]

_SCALE = RATE_SCALE
_EVERYTHING, _FRACTION, _QUANTITY = int(SizeMode.EVERYTHING), int(SizeMode.FRACTION), int(SizeMode.QUANTITY)
_MONEY = int(SizeMode.MONEY)
_CEILING = float(CEILING_UNITS)
#: A cost that no account can pay.
_UNPAYABLE = CEILING_UNITS


@compiled
def is_beyond_ledger(instrument: Record, lots: int, price: int) -> bool:
    """Tell whether a quantity is worth more at a price than the ledger holds exactly; a float cannot wrap."""
    return float(lots) * float(price) * float(instrument.money_per_tick_lot) >= _CEILING


@compiled
def fee_of(instrument: Record, lots: int, notional: int, rate: int) -> int:
    """Compute the fee of a fill: rate × notional + fee per lot × lots, rounded half to even; at least the minimum."""
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
def margin_of(instrument: Record, lots: int, notional: int) -> int:
    """Compute the money that a quantity binds: so much a lot, or notional ÷ leverage, half to even."""
    if instrument.margin_per_lot != 0:
        return lots * instrument.margin_per_lot
    if instrument.leverage == _SCALE:
        return notional
    return muldiv(notional, _SCALE, instrument.leverage)


@compiled
def entry_cost(instrument: Record, lots: int, price: int, rate: int) -> int:
    """Compute what an account needs to enter: margin and fee. A rebate comes with the fill, it is not reckoned with.

    Both are converted as they will be when they are posted.
    """
    lot_fees = float(lots) * float(instrument.fee_per_lot_numerator) / _SCALE
    lot_margins = float(lots) * float(instrument.margin_per_lot)
    if is_beyond_ledger(instrument, lots, price) or max(lot_fees, lot_margins) >= _CEILING:
        return _UNPAYABLE
    notional = lots * price * instrument.money_per_tick_lot
    fee = max(fee_of(instrument, lots, notional, rate), 0)
    return converted(instrument, margin_of(instrument, lots, notional)) + converted(instrument, fee)


@compiled
def least_lots(instrument: Record, price: int) -> int:
    """Compute the least quantity that an entry may have at a price: the least quantity and the least notional."""
    if instrument.notional_minimum == 0:
        return instrument.quantity_minimum
    lot = float(price) * float(instrument.money_per_tick_lot)
    if lot >= _CEILING:
        return instrument.quantity_minimum
    worth = price * instrument.money_per_tick_lot
    return max(instrument.quantity_minimum, (instrument.notional_minimum + worth - 1) // worth)


@compiled
def affordable(instrument: Record, budget: int, price: int, rate: int) -> int:
    """Compute the most whole lots that a budget pays for at a price, the fee included."""
    if budget <= 0:
        return 0
    lot_notional = float(price) * float(instrument.money_per_tick_lot)
    share = _SCALE / instrument.leverage if instrument.margin_per_lot == 0 else 0.0
    lot_cost = lot_notional * (share + max(rate, 0) / _SCALE) + instrument.margin_per_lot
    lot_cost += instrument.fee_per_lot_numerator / _SCALE
    if instrument.currency != 0:
        lot_cost *= float(instrument.rate_numerator) / float(instrument.rate_denominator)
    lots = int(min(float(budget) / lot_cost, _CEILING / lot_notional))
    # The estimate is a float, right to about fifty bits, and knows nothing of a least fee: it may be far too much, but
    # hardly too little. The cost never falls with the lots, so the last ones are found by halving.
    step = 1 + (lots >> 48)
    if instrument.currency != 0:
        # Two conversions may round a unit away, which may be many lots.
        step += int(min(1.0 / lot_cost, float(lots)))
    beyond = lots + step
    while entry_cost(instrument, beyond, price, rate) <= budget:
        lots = beyond
        beyond += step
    if entry_cost(instrument, lots, price, rate) > budget:
        beyond = lots
        lots = 0
    while beyond - lots > 1:
        middle = lots + (beyond - lots) // 2
        if entry_cost(instrument, middle, price, rate) <= budget:
            lots = middle
        else:
            beyond = middle
    return lots


@compiled
def entry_lots(
    instrument: Record, order: Record, price: int, cost_price: int, rate: int, free: int, capital: int
) -> int:
    """Compute how many lots an entry wants.

    ``price`` is what the entry is expected to fill at; ``cost_price`` is what its cost is reckoned with (worse by the
    buffer); ``free`` may be spent; ``capital`` is what fractions and risks refer to.
    """
    if order.size_mode == _QUANTITY:
        return order.size
    if is_beyond_ledger(instrument, 1, cost_price):
        return 0
    unit = instrument.money_per_tick_lot
    if order.size_mode == _EVERYTHING:
        lots = affordable(instrument, free, cost_price, rate)
    elif order.size_mode == _FRACTION:
        lots = affordable(instrument, muldiv_floor(max(capital, 0), order.size, _SCALE), cost_price, rate)
    elif order.size_mode == _MONEY:
        lots = quoted(instrument, order.size) // (price * unit)
    else:
        distance = abs(price - level_price(order.stop_mode, order.stop, price, -order.side))
        if is_beyond_ledger(instrument, 1, distance):
            return 0
        risk = quoted(instrument, muldiv_floor(max(capital, 0), order.size, _SCALE))
        lots = min(risk // (max(distance, 1) * unit), affordable(instrument, free, cost_price, rate))
    return min(lots, instrument.quantity_maximum)
