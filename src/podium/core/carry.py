"""What holding a symbol brings or costs beside its price: funding, borrow, dividends, splits, daily settlement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from itertools import pairwise

from podium.core.errors import ConfigurationError, Problem

__all__ = ["Carry", "Dividend", "Factor", "Funding", "Split", "events_of_factors"]

_EXACT = Context(prec=60)
#: Seven-digit factors of prices up to some hundreds carry so many digits of a dividend.
_DIVIDEND_STEP = Decimal("0.0001")
#: Splits count shares in numbers of this size at most; what factors say is the nearest such ratio.
_SPLIT_MAXIMUM = 1000
_FUNDING_STEP = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """State one funding of a perpetual future.

    Args:
        time: when it is due, an aware datetime.
        rate: ratio of the position's value at the mark; above 0 longs pay shorts.
    """

    time: datetime
    rate: Decimal

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise _wrong("time of a funding", self.time, "an aware datetime, such as one in UTC")
        if not self.rate.is_finite() or not -1 < self.rate < 1 or self.rate % _FUNDING_STEP != 0:
            raise _wrong("rate of a funding", self.rate, "a ratio between -1 and 1, with at most 12 decimals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """State one dividend.

    Args:
        day: the ex-date: who holds at the close before it gets the dividend (short: pays it).
        amount: money for a quantity of one, above 0.
    """

    day: date
    amount: Decimal

    def __post_init__(self) -> None:
        if not self.amount.is_finite() or self.amount <= 0:
            raise _wrong("amount of a dividend", self.amount, "an amount above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """State one split: ``new`` shares for each ``old`` ones.

    Args:
        day: the first day that trades at the new price.
        new: at least 1; 4 with ``old`` 1 is a split of four for one.
        old: at least 1; above ``new`` it is a reverse split.
    """

    day: date
    new: int
    old: int = 1

    def __post_init__(self) -> None:
        for name in ("new", "old"):
            if not 1 <= getattr(self, name) <= _SPLIT_MAXIMUM:
                raise _wrong(f"{name} of a split", getattr(self, name), f"a whole number from 1 to {_SPLIT_MAXIMUM}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """Hold one row of a factor file, as Lean writes them.

    Args:
        day: the last day for which the factors hold.
        price_factor: what dividends have taken off the price since, in (0, 1].
        split_factor: old shares for a new one since.
        reference_price: the close of that day, of which the next dividend was paid.
    """

    day: date
    price_factor: Decimal
    split_factor: Decimal
    reference_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """Say what holding one symbol brings or costs; nothing unless stated.

    Args:
        funding: by time.
        borrow_rate: what a short position pays a year, a ratio of its value; 1/360 of it each day.
        settlement: whether open results are settled in cash at the end of each UTC day (futures).
        dividends: by day.
        splits: by day.
        factors: rows of a factor file, by day, instead of dividends and splits.
        adjusted: prices are multiplied with the factors, instead of posting dividends and splits.
    """

    funding: tuple[Funding, ...] = ()
    borrow_rate: Decimal = Decimal(0)
    settlement: bool = False
    dividends: tuple[Dividend, ...] = ()
    splits: tuple[Split, ...] = ()
    factors: tuple[Factor, ...] = ()
    adjusted: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.borrow_rate < 10 or self.borrow_rate % Decimal("1e-9") != 0:
            raise _wrong("borrow_rate", self.borrow_rate, "a ratio from 0 to below 10, with at most 9 decimals")
        if self.factors and (self.dividends or self.splits):
            raise _wrong("factors", "given beside dividends or splits", "the one or the other")
        if self.adjusted and not self.factors:
            raise _wrong("adjusted", True, "factors, of which adjusted prices are made")
        for name, times in (
            ("funding", [each.time for each in self.funding]),
            ("dividends", [each.day for each in self.dividends]),
            ("splits", [each.day for each in self.splits]),
            ("factors", [each.day for each in self.factors]),
        ):
            later = [second for first, second in pairwise(times) if first >= second]
            if later:
                raise _wrong(name, f"out of order at {later[0]}", "each time once, the oldest first")


def events_of_factors(factors: Sequence[Factor]) -> tuple[tuple[Dividend, ...], tuple[Split, ...]]:
    """Read the dividends and splits that factors were made of.

    A dividend is reference × (1 − price factor ÷ the next row's), to four decimals, half to even; a split is the next
    row's split factor ÷ this one's, as the nearest ratio of whole numbers up to 1000. Both are due on the day after
    the row's. Source: QuantConnect Lean, ``CorporateFactorRow.GetSplit`` and ``GetDividend`` (which keep two decimals).

    Args:
        factors: rows, the oldest first.

    Returns:
        Dividends and splits.
    """
    dividends: list[Dividend] = []
    splits: list[Split] = []
    for row, after in pairwise(factors):
        day = row.day + timedelta(days=1)
        share = 1 - _EXACT.divide(row.price_factor, after.price_factor)
        amount = (row.reference_price * share).quantize(_DIVIDEND_STEP, ROUND_HALF_EVEN, _EXACT)
        if amount > 0:
            dividends.append(Dividend(day=day, amount=amount))
        ratio = (Fraction(after.split_factor) / Fraction(row.split_factor)).limit_denominator(_SPLIT_MAXIMUM)
        if ratio != 1:
            splits.append(Split(day=day, new=ratio.numerator, old=ratio.denominator))
    return tuple(dividends), tuple(splits)


def _wrong(name: str, value: object, expected: str) -> ConfigurationError:
    return ConfigurationError(Problem(message=f"carry: {name} is {value}", expected=expected))
