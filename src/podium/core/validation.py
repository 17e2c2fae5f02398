"""Turn what pydantic finds wrong into problems that a person can mend.

Where a value stands (a line of a file, an argument in Python) and what a place is called is looked up by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from podium.core.errors import Location, Problem, did_you_mean
from podium.core.places import Place

__all__ = ["PLACE", "keys_of", "problems_of", "show"]

#: Stands for the name of the wrong place in the messages of validators.
PLACE = "{place}"


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
            message = str(context["message"]).replace(PLACE, describe(place))
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
    "list_type": "a list, its items behind '-' or in [ ]",
    "tuple_type": "a list, its items behind '-' or in [ ]",
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
