"""Types for the fields of models that people fill in: each says what it expects, and what to do instead.

Numbers become exact decimals. Nothing is guessed: ``yes`` is no truth value, text is no number, a float is no ratio.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import NoReturn

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from podium.core.errors import InputError, did_you_mean
from podium.core.money import RATE_SCALE
from podium.core.places import Place
from podium.core.times import Timeframe
from podium.core.validation import PLACE, show

__all__ = ["choice", "number", "ratio", "refuse", "switch", "text", "timeframe_text", "whole_number"]

_PERCENT = re.compile(r"^\s*(?P<number>[+-]?[\d_.]+(?:[eE][+-]?\d+)?)\s*(?P<percent>%?)\s*$")
_TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w")
_DIGITS_MAXIMUM = 18


def refuse(
    message: str = f"{PLACE} is {{value}}", *, expected: str, hint: str | None = None, at: Place = ()
) -> NoReturn:
    """Refuse a value inside a validator.

    Args:
        message: what came; ``{place}`` and ``{value}`` are filled in.
        expected: what would have been accepted.
        hint: what to do.
        at: which part of the value is wrong, seen from it.

    Raises:
        PydanticCustomError: always.
    """
    context = {"message": message, "expected": expected, "hint": hint, "at": at}
    raise PydanticCustomError("podium", "{message}", context)


@dataclass(frozen=True, slots=True)
class _Range:
    above: Decimal | int | None = None
    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    below: Decimal | int | None = None

    def __str__(self) -> str:
        low = f"above {self.above}" if self.above is not None else ""
        low = f"of at least {self.minimum}" if self.minimum is not None else low
        high = f"at most {self.maximum}" if self.maximum is not None else ""
        high = f"below {self.below}" if self.below is not None else high
        joined = " and ".join(part for part in (low, high) if part)
        return f" {joined}" if joined else ""

    def is_above(self, value: Decimal) -> bool:
        return (self.maximum is not None and value > self.maximum) or (self.below is not None and value >= self.below)

    def is_below(self, value: Decimal) -> bool:
        return (self.minimum is not None and value < self.minimum) or (self.above is not None and value <= self.above)


def _decimal(value: object, expected: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        bare = value.replace(",", "").strip() if isinstance(value, str) else ""
        digits = bool(_PERCENT.match(bare)) and not bare.endswith("%")
        refuse(expected=expected, hint=f"write {bare} without quotes and commas" if digits else None)
    if isinstance(value, float):
        hint = f'floats are not exact: write Decimal("{value!r}")'
        refuse(f"{PLACE} is the float {value!r}", expected=expected, hint=hint)
    return _bounded(Decimal(value), expected)


def _bounded(value: Decimal, expected: str) -> Decimal:
    if not value.is_finite():
        refuse(expected=expected)
    if value != 0 and abs(value.adjusted()) > _DIGITS_MAXIMUM:
        refuse(
            f"{PLACE} is {{value}}, more than Podium can hold exactly",
            expected=f"{expected}; with at most {_DIGITS_MAXIMUM} digits on a side of the point",
        )
    return value


def number(
    *,
    above: Decimal | int | None = None,
    minimum: Decimal | int | None = None,
    maximum: Decimal | int | None = None,
    example: str | None = None,
    decimals: int | None = None,
) -> BeforeValidator:
    """Accept an exact number in a range.

    Args:
        above: it must be greater than this.
        minimum: it must be at least this.
        maximum: it must be at most this.
        example: shown in the message.
        decimals: it may have at most so many.

    Returns:
        A validator that gives a ``Decimal``.
    """
    limits = _Range(above=above, minimum=minimum, maximum=maximum)
    expected = f"a number{limits}" + (f", such as {example}" if example else "")

    def read(value: object) -> Decimal:
        exact = _decimal(value, expected)
        if limits.is_above(exact) or limits.is_below(exact):
            refuse(expected=expected)
        if decimals is not None and exact.scaleb(decimals) % 1 != 0:
            refuse(f"{PLACE} is {{value}}, finer than the ledger keeps", expected=f"at most {decimals} decimals")
        return exact

    return BeforeValidator(read, json_schema_input_type=float)


def ratio(
    *,
    above: Decimal | int | None = None,
    minimum: Decimal | int | None = None,
    below: Decimal | int | None = None,
    maximum: Decimal | int | None = None,
    example: str = "0.1% or 0.001",
) -> BeforeValidator:
    """Accept a ratio in a range, as a number (0.001) or as per cent (``0.1%``).

    Args:
        above: it must be greater than this.
        minimum: it must be at least this.
        below: it must be less than this.
        maximum: it must be at most this.
        example: shown in the message.

    Returns:
        A validator that gives a ``Decimal``, a whole number of billionths.
    """
    limits = _Range(above=above, minimum=minimum, maximum=maximum, below=below)
    expected = f"a ratio{limits}, such as {example}"

    def read(value: object) -> Decimal:
        exact = _ratio_text(value, expected) if isinstance(value, str) else _decimal(value, expected)
        if limits.is_above(exact) or limits.is_below(exact):
            meant = not isinstance(value, str) and limits.is_above(exact) and 1 <= exact <= 100
            refuse(expected=expected, hint=f"if per cent is meant, write {exact}%" if meant else None)
        if exact * RATE_SCALE % 1 != 0:
            refuse(f"{PLACE} is {{value}}, finer than Podium computes", expected="a multiple of 0.000000001")
        return exact

    return BeforeValidator(read, json_schema_input_type=float | str)


def _ratio_text(value: str, expected: str) -> Decimal:
    matched = _PERCENT.match(value)
    if matched is None:
        refuse(expected=expected)
    try:
        exact = Decimal(matched["number"])
    except InvalidOperation:
        refuse(expected=expected)
    bounded = _bounded(exact.scaleb(-2) if matched["percent"] else exact, expected)
    # 50% is 0.5, not 0.50: equal ratios look equal in every record.
    plain = bounded.normalize()
    return plain if int(plain.as_tuple().exponent) <= 0 else bounded.quantize(Decimal(1))


def whole_number(*, minimum: int, maximum: int | None = None, example: str | None = None) -> BeforeValidator:
    """Accept a whole number.

    Args:
        minimum: it must be at least this.
        maximum: it must be at most this.
        example: shown in the message.

    Returns:
        A validator that gives an ``int``.
    """
    limits = _Range(minimum=minimum, maximum=maximum)
    expected = f"a whole number{limits}" + (f", such as {example}" if example else "")

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            refuse(expected=expected)
        if maximum is not None and value > maximum:
            refuse(expected=expected)
        return value

    return BeforeValidator(read, json_schema_input_type=int)


def text(expected: str = "text", pattern: str | None = None) -> BeforeValidator:
    """Accept text that is not empty.

    Args:
        expected: what is meant, for the message.
        pattern: a regular expression that the whole text must match.

    Returns:
        A validator that gives a ``str``.
    """

    def read(value: object) -> object:
        if isinstance(value, (int, Decimal, float, bool)):
            refuse(expected=expected, hint=f"put it in quotes: '{show(value)}'")
        if not isinstance(value, str) or not value.strip() or (pattern and not re.fullmatch(pattern, value)):
            refuse(expected=expected)
        return value

    return BeforeValidator(read, json_schema_input_type=str)


def switch() -> BeforeValidator:
    """Accept true or false, nothing that merely looks like it.

    Returns:
        A validator that gives a ``bool``.
    """
    meant = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}

    def read(value: object) -> object:
        if not isinstance(value, bool):
            word = meant.get(value.lower()) if isinstance(value, str) else None
            refuse(expected="true or false", hint=f"write {word} without quotes" if word else None)
        return value

    return BeforeValidator(read, json_schema_input_type=bool)


def choice(
    *allowed: str, later: tuple[str, ...] = (), meaningless: Mapping[str, str] = MappingProxyType({})
) -> BeforeValidator:
    """Accept one of some words.

    Args:
        allowed: the words.
        later: words that a later release will accept, so that the message can say so.
        meaningless: words that mean something elsewhere, with the reason why they do not here.

    Returns:
        A validator that gives one of the words.
    """
    expected = f"one of {', '.join(allowed)}" if len(allowed) > 1 else allowed[0]

    def read(value: object) -> object:
        if isinstance(value, str) and value in later:
            refuse(f"{PLACE} is {{value}}, which comes in a later release", expected=expected)
        if isinstance(value, str) and value in meaningless:
            refuse(f"{PLACE} is {{value}}, which has no meaning here: {meaningless[value]}", expected=expected)
        if not isinstance(value, str) or value not in allowed:
            hint = did_you_mean(value, allowed) if isinstance(value, str) else None
            refuse(expected=expected, hint=hint)
        return value

    return BeforeValidator(read)


def timeframe_text() -> BeforeValidator:
    """Accept the text of a time frame, such as ``4h``.

    Returns:
        A validator that gives the text.
    """

    def read(value: object) -> object:
        try:
            Timeframe.parse(value if isinstance(value, str) else "")
        except InputError as error:
            hint = (
                did_you_mean(value, ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"))
                if isinstance(value, str)
                else None
            )
            refuse(expected=error.problems[0].expected or "a time frame", hint=hint)
        return value

    return BeforeValidator(read, json_schema_input_type=str)
