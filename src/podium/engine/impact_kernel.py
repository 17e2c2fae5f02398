# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""The price that an order gets: slippage, spread, and what its size and the market's unrest add to them."""

from __future__ import annotations

import numpy as np

from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.costs_kernel import worsened
from podium.engine.money_kernel import divide, muldiv_ceiling, muldiv_floor
from podium.engine.tables import OrderKind, Record

__all__ = ["fill_price", "remember"]

_SCALE = RATE_SCALE
_MARKET, _LIMIT = int(OrderKind.MARKET), int(OrderKind.LIMIT)
#: Bits of an instrument's ``slipping``.
_STOPS = 2
#: Roots are whole numbers of 10⁻⁷, so what stands under them counts 10⁻¹⁴.
_ROOT_SCALE, _SQUARE_SCALE = 10**7, 10**14
#: More times the mean volume than this cannot be told apart.
_SHARE_MAXIMUM = 40_000


@compiled
def remember(instrument: Record, measure: Record) -> None:
    """Take over what a closed bar made known."""
    instrument.volatility = measure.volatility
    instrument.mean_volume = measure.mean_volume


@compiled
def _root(value: int) -> int:
    """Compute the whole part of a square root; the float is right to the last bits, the rest is settled exactly."""
    root = int(np.sqrt(float(value)))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


@compiled
def _impact(instrument: Record, lots: int) -> int:
    """Compute coefficient × volatility × √(lots ÷ mean volume) in billionths, rounded up; no volume is a lot."""
    volume = max(instrument.mean_volume, 1)
    share = _SHARE_MAXIMUM * _SQUARE_SCALE
    if float(lots) < float(_SHARE_MAXIMUM) * float(volume):
        share = muldiv_floor(lots, _SQUARE_SCALE, volume)
    full = muldiv_ceiling(instrument.impact, instrument.volatility, _SCALE)
    return muldiv_ceiling(full, _root(share), _ROOT_SCALE)


@compiled
def _slipped(instrument: Record, price: int, side: int, ratio: int, lots: int) -> int:
    """Move a price against the trader by all parts of its model together, to the next tick; at most by itself."""
    if instrument.volatility_factor != 0:
        ratio += muldiv_ceiling(instrument.volatility_factor, instrument.volatility, _SCALE)
    if instrument.impact != 0:
        ratio += _impact(instrument, lots)
    ratio = min(ratio, _SCALE)
    whole, rest = divide(price, ratio, _SCALE)
    rest += instrument.slippage_ticks % _SCALE
    distance = min(whole + instrument.slippage_ticks // _SCALE + (rest + _SCALE - 1) // _SCALE, price)
    return price + distance if side > 0 else max(price - distance, 1)


@compiled
def fill_price(instrument: Record, fair_price: int, side: int, kind: int, pays_spread: int, lots: int) -> int:
    """Compute what an order of a kind pays: a limit order its price, a market order slippage, what takes the spread."""
    if kind == _LIMIT:
        return fair_price
    slips = instrument.slipping != 0 and (kind == _MARKET or instrument.slipping & _STOPS != 0)
    ratio = instrument.slippage if kind == _MARKET or slips else 0
    if pays_spread:
        ratio += instrument.spread
    return _slipped(instrument, fair_price, side, ratio, lots) if slips else worsened(fair_price, side, ratio)
