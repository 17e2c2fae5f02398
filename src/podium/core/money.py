"""Exact money: whole units inside, ``Decimal`` at the border, never a float.

The *money unit* is 10⁻ᵈ of the account currency. ``d`` is the smallest number of at least 8 for which the tick × lot ×
multiplier of every instrument is a whole number of units, so that every notional and every result is exact. Only fees
and the splitting of a cost over partial exits round: half to even, once per posting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from podium.core.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from podium.core.instruments import Instrument

__all__ = [
    "LEDGER_LIMIT_UNITS",
    "MONEY_DIGITS_MINIMUM",
    "RATE_SCALE",
    "MoneyUnit",
    "display_decimals",
    "format_money",
    "to_rate",
]

#: Rates (fees, slippage, shares) are whole billionths.
RATE_SCALE = 1_000_000_000
#: Amounts in units stay below this, so that sums of a few never leave 64 bits.
LEDGER_LIMIT_UNITS = 1 << 62
MONEY_DIGITS_MINIMUM = 8
_EXACT = Context(prec=80)
#: Currencies that people do not count in hundredths.
_DISPLAY_DECIMALS = {"BTC": 8, "ETH": 8, "XBT": 8, "JPY": 0, "KRW": 0}


def display_decimals(currency: str) -> int:
    """Tell with how many decimals amounts of a currency are printed.

    Args:
        currency: its code.

    Returns:
        For example 2 for USD, 8 for BTC, 0 for JPY.
    """
    return _DISPLAY_DECIMALS.get(currency, 2)


def format_money(amount: Decimal, currency: str) -> str:
    """Print an amount as people read it: grouped, with the currency's decimals, rounded half to even.

    Args:
        amount: money of the currency.
        currency: its code.

    Returns:
        For example ``61,204.18``.
    """
    decimals = display_decimals(currency)
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, _EXACT)
    return f"{abs(rounded) if rounded == 0 else rounded:,.{decimals}f}"


def to_rate(value: Decimal, name: str) -> int:
    """Turn a rate into whole billionths.

    Args:
        value: a ratio, such as ``Decimal("0.001")`` for 0.1 %.
        name: what the rate is called.

    Returns:
        Billionths.

    Raises:
        ConfigurationError: when the rate is finer than a billionth.
    """
    scaled = value * RATE_SCALE
    if scaled != scaled.to_integral_value():
        raise ConfigurationError(
            Problem(
                message=f"{name} {value} is finer than Podium computes",
                expected="a multiple of 0.000000001",
                place=(name,),
            )
        )
    return int(scaled)


@dataclass(frozen=True, slots=True)
class MoneyUnit:
    """Convert between ``Decimal`` money and whole units of 10⁻ᵈ.

    Args:
        digits: d, at least 8.
    """

    digits: int

    @classmethod
    def for_instruments(cls, instruments: Iterable[tuple[str, Instrument]]) -> MoneyUnit:
        """Choose the coarsest unit in which every notional is whole.

        Args:
            instruments: symbols with their instruments.

        Returns:
            The unit.
        """
        digits = MONEY_DIGITS_MINIMUM
        for _, instrument in instruments:
            with localcontext(_EXACT):
                step = (instrument.tick * instrument.lot * instrument.multiplier).normalize()
            exponent = step.as_tuple().exponent
            digits = max(digits, -int(exponent))
        return cls(digits)

    def to_units(self, amount: Decimal, name: str = "amount") -> int:
        """Turn money into units.

        Args:
            amount: money of the account currency.
            name: what it is called.

        Returns:
            Whole units.

        Raises:
            ConfigurationError: when the amount is no whole number of units.
        """
        with localcontext(_EXACT):
            scaled = amount.scaleb(self.digits)
            if scaled != scaled.to_integral_value():
                raise ConfigurationError(
                    Problem(
                        message=f"{name} {amount:f} has more decimals than the ledger keeps",
                        expected=f"at most {self.digits} decimals",
                        place=(name,),
                    )
                )
            return int(scaled)

    def to_decimal(self, units: int) -> Decimal:
        """Turn units into money, exactly.

        Args:
            units: whole units.

        Returns:
            The amount, with d decimals.
        """
        return _EXACT.create_decimal(int(units)).scaleb(-self.digits, _EXACT)

    def money_per_tick_lot(self, instrument: Instrument) -> int:
        """Tell what one lot is worth for one tick of price.

        Args:
            instrument: the instrument.

        Returns:
            Whole units; exact by the choice of d.
        """
        with localcontext(_EXACT):
            return int((instrument.tick * instrument.lot * instrument.multiplier).scaleb(self.digits))

    def fee_per_lot(self, instrument: Instrument) -> int:
        """Tell the fee of one lot.

        Args:
            instrument: the instrument.

        Returns:
            Billionths of a unit.

        Raises:
            ConfigurationError: when the fee is finer than that.
        """
        with localcontext(_EXACT):
            scaled = (instrument.fee_per_unit * instrument.lot * RATE_SCALE).scaleb(self.digits)
            if scaled != scaled.to_integral_value():
                raise ConfigurationError(
                    Problem(
                        message=f"the fee_per_unit of {instrument.fee_per_unit:f} is finer than Podium computes for a "
                        f"lot of {instrument.lot:f}",
                        expected=f"fee_per_unit × lot with at most {self.digits + 9} decimals",
                        hint="round it to fewer decimals",
                        place=("fee_per_unit",),
                    )
                )
            return int(scaled)
