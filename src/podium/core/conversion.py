"""In which currency a symbol is quoted, and what one of it is worth in that of the account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from podium.core.errors import ConfigurationError, Problem

__all__ = ["Conversion", "Rate", "pair_of"]

_PAIR = re.compile(r"([A-Z][A-Z0-9]{0,15})/([A-Z][A-Z0-9]{1,9})(?::.*)?")
#: Rates are kept exactly, as whole numbers of this many decimals at most, ...
_STEP = Decimal("1e-12")
#: ... below this.
_MAXIMUM = Decimal("1e6")


def pair_of(symbol: str) -> tuple[str, str] | None:
    """Read a symbol that is named as a pair.

    Args:
        symbol: such as ``ETH/BTC``, or ``BTC/USDT:USDT`` as venues name perpetual futures.

    Returns:
        What is traded and the currency it is quoted in; ``None`` for a symbol that is named otherwise.
    """
    matched = _PAIR.fullmatch(symbol)
    return None if matched is None else (matched[1], matched[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """State what one of a currency is worth from a time on.

    Args:
        time: when it is known, an aware datetime.
        rate: money of the account, above 0.
    """

    time: datetime
    rate: Decimal

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise _wrong("time of a rate", self.time, "an aware datetime, such as one in UTC")
        _refuse_wrong(self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Say where the rate of a currency comes from: another symbol, a series, or it never changes. Exactly one of them.

    Args:
        symbol: a symbol of the run; its last close holds. It is the currency in the account's (``BTC/USDT``), or the
            account's in the currency (``USD/JPY``), whose close divides.
        rates: by time; the last one known holds.
        constant: money of the account for one of the currency, always.
    """

    symbol: str | None = None
    rates: tuple[Rate, ...] = ()
    constant: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.symbol is not None) + bool(self.rates) + (self.constant is not None) != 1:
            raise _wrong("conversion", "not one thing", "one of symbol, rates, constant")
        if self.constant is not None:
            _refuse_wrong(self.constant)
        later = [second.time for first, second in pairwise(self.rates) if first.time >= second.time]
        if later:
            raise _wrong("rates of a conversion", f"out of order at {later[0]}", "each time once, the oldest first")


def _refuse_wrong(rate: Decimal) -> None:
    if not isinstance(rate, Decimal) or not rate.is_finite() or not 0 < rate < _MAXIMUM or rate % _STEP != 0:
        raise _wrong("rate", rate, f"a number above 0 and below {_MAXIMUM:,.0f}, with at most 12 decimals")


def _wrong(name: str, value: object, expected: str) -> ConfigurationError:
    return ConfigurationError(Problem(message=f"conversion: the {name} is {value}", expected=expected))
