"""Turn what pydantic finds wrong into problems that a person can mend.

Models state what they accept through the field types made here; each knows the words for "expected" and for "hint".
Where a value stands (a line of a file, an argument in Python) is looked up by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from podium.core.errors import InputError, Location, Problem, did_you_mean
from podium.core.places import Place
from podium.core.times import Timeframe

__all__ = [
    "choice",
    "number",
    "problems_of",
    "ratio",
    "refuse",
    "show",
    "switch",
    "text",
    "timeframe_text",
    "whole_number",
]

_PERCENT = re.compile(r"^\s*(?P<number>[+-]?[\d_.]+(?:[eE][+-]?\d+)?)\s*(?P<percent>%?)\s*$")
_PLACE = "{place}"
_TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w")
_DIGITS_MAXIMUM = 30
#: Ratios are whole billionths, as in the ledger.
RATE_SCALE = 1_000_000_000


def show(value: object) -> str:
    """Print a value as it came: text in quotes, numbers plainly, structures by their kind.

    Args:
        value: anything from a file or an argument.

    Returns:
        One short line.
    """
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            plain = value if len(value) <= 60 else f"{value[:57]}..."
            return f"'{plain}'"
        case Mapping():
            return "a map" if value else "an empty map"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case int() | Decimal() | float():
            return str(value)
        case _:
            return f"{value!r:.60}"


def refuse(
    message: str = f"{_PLACE} is {{value}}", *, expected: str, hint: str | None = None, at: Place = ()
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


def _decimal(value: object, expected: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        bare = value.replace(",", "").strip() if isinstance(value, str) else ""
        digits = bool(_PERCENT.match(bare)) and not bare.endswith("%")
        refuse(expected=expected, hint=f"write {bare} without quotes and commas" if digits else None)
    if isinstance(value, float):
        refuse(
            f"{_PLACE} is the float {value!r}",
            expected=expected,
            hint=f'floats are not exact: write Decimal("{value!r}")',
        )
    exact = Decimal(value)
    if not exact.is_finite() or (exact != 0 and not -_DIGITS_MAXIMUM <= exact.adjusted() <= _DIGITS_MAXIMUM):
        refuse(expected=expected)
    return exact


def number(
    *,
    above: Decimal | int | None = None,
    minimum: Decimal | int | None = None,
    maximum: Decimal | int | None = None,
    example: str | None = None,
) -> BeforeValidator:
    """Accept an exact number in a range.

    Args:
        above: it must be greater than this.
        minimum: it must be at least this.
        maximum: it must be at most this.
        example: shown in the message.

    Returns:
        A validator that gives a ``Decimal``.
    """
    expected = (
        "a number" + _range(above=above, minimum=minimum, maximum=maximum) + (f", such as {example}" if example else "")
    )

    def read(value: object) -> object:
        exact = _decimal(value, expected)
        _check(exact, expected, above=above, minimum=minimum, maximum=maximum)
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
        A validator that gives a ``Decimal``.
    """
    limits = _range(above=above, minimum=minimum, maximum=maximum, below=below)
    expected = f"a ratio{limits}, such as {example}"

    def read(value: object) -> object:
        if isinstance(value, str):
            matched = _PERCENT.match(value)
            if matched is None:
                refuse(expected=expected)
            try:
                exact = Decimal(matched["number"])
            except InvalidOperation:
                refuse(expected=expected)
            exact = exact.scaleb(-2) if matched["percent"] else exact
        else:
            exact = _decimal(value, expected)
        _check(
            exact,
            expected,
            above=above,
            minimum=minimum,
            maximum=maximum,
            below=below,
            percent=not isinstance(value, str),
        )
        return exact

    return BeforeValidator(read, json_schema_input_type=float | str)


def _range(
    *,
    above: Decimal | int | None = None,
    minimum: Decimal | int | None = None,
    maximum: Decimal | int | None = None,
    below: Decimal | int | None = None,
) -> str:
    low = f"above {above}" if above is not None else f"of at least {minimum}" if minimum is not None else ""
    high = f"at most {maximum}" if maximum is not None else f"below {below}" if below is not None else ""
    joined = " and ".join(part for part in (low, high) if part)
    return f" {joined}" if joined else ""


def _check(
    value: Decimal,
    expected: str,
    *,
    above: Decimal | int | None = None,
    minimum: Decimal | int | None = None,
    maximum: Decimal | int | None = None,
    below: Decimal | int | None = None,
    percent: bool = False,
) -> None:
    too_low = (above is not None and value <= above) or (minimum is not None and value < minimum)
    too_high = (maximum is not None and value > maximum) or (below is not None and value >= below)
    if too_low or too_high:
        meant = percent and too_high and 1 <= value <= 100
        refuse(expected=expected, hint=f"if per cent is meant, write {value}%" if meant else None)


def whole_number(*, minimum: int, example: str | None = None) -> BeforeValidator:
    """Accept a whole number.

    Args:
        minimum: it must be at least this.
        example: shown in the message.

    Returns:
        A validator that gives an ``int``.
    """
    expected = f"a whole number of at least {minimum}" + (f", such as {example}" if example else "")

    def read(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
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


def choice(*allowed: str, later: tuple[str, ...] = ()) -> BeforeValidator:
    """Accept one of some words.

    Args:
        allowed: the words.
        later: words that a later release will accept, so that the message can say so.

    Returns:
        A validator that gives one of the words.
    """
    expected = f"one of {', '.join(allowed)}" if len(allowed) > 1 else allowed[0]

    def read(value: object) -> object:
        if isinstance(value, str) and value in later:
            refuse(f"{_PLACE} is {{value}}, which comes in a later release", expected=expected)
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


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    locate: Callable[[Place, bool], Location | None],
    describe: Callable[[Place], str],
) -> list[Problem]:
    """Turn a validation error into problems.

    Args:
        error: what pydantic raised.
        model: the model that was being made, for the names of its keys.
        locate: finds where a value (or, with ``True``, its key) stands.
        describe: names a place in words, such as ``strategies[0].weight``.

    Returns:
        The problems, in the order of the model's fields.
    """
    return [_problem(details, model, locate, describe) for details in error.errors()]


def _problem(
    details: ErrorDetails,
    model: type[BaseModel],
    locate: Callable[[Place, bool], Location | None],
    describe: Callable[[Place], str],
) -> Problem:
    place: Place = details["loc"]
    context: Mapping[str, Any] = details.get("ctx", {})  # pydantic's own type: the values differ per kind of error
    if place and place[-1] == "[key]":
        place = place[:-1]
        return Problem(
            message=f"the name {show(details['input'])} does not fit in {describe(place[:-1])}",
            location=locate(place, True),
            expected=context.get("expected"),
            hint=context.get("hint"),
        )
    match details["type"]:
        case "extra_forbidden":
            return _unknown_key(str(place[-1]), place[:-1], model, locate, describe)
        case "missing":
            field = _model_at(model, place[:-1]).model_fields.get(str(place[-1]))
            return Problem(
                message=f"{describe(place[:-1])} has no '{place[-1]}'",
                location=locate(place[:-1], False),
                expected=f"{place[-1]}: {field.description}" if field and field.description else None,
            )
        case "podium":
            place = (*place, *context["at"])
            message = str(context["message"]).replace(_PLACE, describe(place))
            return Problem(
                message=message.replace("{value}", show(details["input"])),
                location=locate(place, False),
                expected=context["expected"],
                hint=context["hint"],
            )
        case kind:
            return Problem(
                message=f"{describe(place)} is {show(details['input'])}",
                location=locate(place, False),
                expected=_EXPECTED.get(kind, details["msg"]),
            )


def _unknown_key(
    word: str,
    around: Place,
    model: type[BaseModel],
    locate: Callable[[Place, bool], Location | None],
    describe: Callable[[Place], str],
) -> Problem:
    known = keys_of(model, around)
    later: frozenset[str] = getattr(_model_at(model, around), "later_keys", frozenset())
    return Problem(
        message=f"'{word}' comes in a later release"
        if word in later
        else f"unknown key '{word}' in {describe(around)}",
        location=locate((*around, word), True),
        expected=f"one of {', '.join(known)}" if known else None,
        hint=f"remove '{word}' until then" if word in later else did_you_mean(word, known),
    )


_EXPECTED = {
    "dict_type": "a map of names and values",
    "mapping_type": "a map of names and values",
    "model_type": "a map of names and values",
    "model_attributes_type": "a map of names and values",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "is_instance_of": "an Instrument",
}


def keys_of(model: type[BaseModel], place: Place = ()) -> list[str]:
    """List the keys that a model accepts at a place.

    Args:
        model: the root model.
        place: keys and positions that lead to the map.

    Returns:
        The keys as they are written in a file.
    """
    return [field.alias or name for name, field in _model_at(model, place).model_fields.items()]


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    for step in place:
        if isinstance(step, int):
            continue
        field = next((f for name, f in model.model_fields.items() if step in (name, f.alias)), None)
        inner = _inner_model(field.annotation) if field is not None else None
        # A step that is no field is the key of a map (a symbol): its model was already entered.
        model = inner or model
    return model


def _inner_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _inner_model(argument)) is not None:
            return found
    return None
