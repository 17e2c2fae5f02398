"""Columns of exact decimals and of times: whole numbers as long as nobody asks for objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.times import NANOSECONDS_PER_SECOND, from_nanoseconds, iso

__all__ = ["Amounts", "Column", "Moments", "average_prices", "plain_of", "values_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Hold exact decimals as numbers of steps.

    Args:
        numbers: how many steps.
        steps: the size of a step, for each number.
        inexact: by position, values that are no whole number of steps.
    """

    numbers: list[int]
    steps: list[Decimal]
    inexact: dict[int, Decimal] = field(default_factory=dict)

    def decimals(self) -> list[Decimal]:
        """Give the values.

        Returns:
            Decimals with the digits of their step.
        """
        values = [number * step for number, step in zip(self.numbers, self.steps, strict=True)]
        for position, value in self.inexact.items():
            values[position] = value
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Hold times.

    Args:
        nanoseconds: since 1970 UTC.
    """

    nanoseconds: NDArray[np.int64]


#: Values of one field of many things.
Column = Amounts | Moments | list[int] | list[float] | list[str]


def values_of(content: Column) -> Sequence[object]:
    """Give the values of a field as objects.

    Args:
        content: the field.

    Returns:
        Decimals, aware datetimes, or what the field holds.
    """
    match content:
        case Amounts():
            return content.decimals()
        case Moments(nanoseconds):
            return [from_nanoseconds(moment) for moment in nanoseconds.tolist()]
        case _:
            return content


def plain_of(content: Column) -> Sequence[object]:
    """Give the values of a field as plain values.

    Args:
        content: the field.

    Returns:
        Amounts and times as text, without exponent and with a ``Z``; else what the field holds.
    """
    match content:
        case Amounts():
            return [format(value, "f") for value in content.decimals()]
        case Moments(nanoseconds):
            return _iso_texts(nanoseconds)
        case _:
            return content


def _iso_texts(nanoseconds: NDArray[np.int64]) -> list[str]:
    if (nanoseconds % NANOSECONDS_PER_SECOND).any():
        return [iso(moment) for moment in nanoseconds.tolist()]
    seconds = (nanoseconds // NANOSECONDS_PER_SECOND).astype("M8[s]")
    texts: list[str] = np.datetime_as_string(seconds, timezone="UTC").tolist()
    return texts


def average_prices(notionals: list[int], per_tick: list[int], ticks: list[Decimal]) -> Amounts:
    """Divide what was traded by its quantity: mostly whole ticks.

    Args:
        notionals: units.
        per_tick: what each quantity is worth for one tick of price, units.
        ticks: the size of a tick, for each.

    Returns:
        Prices.
    """
    numbers, inexact = [], {}
    for position, (notional, worth) in enumerate(zip(notionals, per_tick, strict=True)):
        whole, rest = divmod(notional, worth)
        numbers.append(whole)
        if rest:
            inexact[position] = Decimal(notional) / worth * ticks[position]
    return Amounts(numbers, ticks, inexact)
