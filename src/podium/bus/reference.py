"""The page of events with their fields, generated from the classes."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from decimal import Decimal
from types import NoneType, UnionType
from typing import TypeVar, get_args, get_type_hints

from podium.bus.events import EVENTS, Event, Nature
from podium.data.bars import Bar

__all__ = ["event_reference"]

_HEAD = """# Events

Every event that travels on a bus, generated from the code. How they travel is told in
[events and buses](../concepts/events.md). Every event has these fields; an empty one is left out where it is printed:

"""
_TITLES = {
    Nature.MESSAGE: "Messages",
    Nature.OPERATIONAL: "Operational events",
    Nature.DOMAIN: "Domain events",
}
_TEXTS = {
    Nature.MESSAGE: "They go through the local bus of their symbol, are counted and not stored.",
    Nature.OPERATIONAL: """They tell what happened to a part of the system. The journal keeps them with a sequence of
their own; they are no part of what is compared between runs.""",
    Nature.DOMAIN: """The engine makes them. The journal keeps them, and parity and reproduction compare them.
`sequence` is the number of the domain event, gapless from 1; names that stand for one event share it. Prices are in
quote currency, quantities in units of the symbol, money in the account currency.""",
}
_TYPES: dict[object, str] = {
    str: "text",
    int: "whole number",
    bool: "true or false",
    Decimal: "exact number",
    Bar: "bar",
    NoneType: "nothing",
}
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def event_reference() -> str:
    """Write the page.

    Returns:
        Markdown: the events by what becomes of them, each with its fields.
    """
    return _HEAD + _table(Event, "") + "".join(line for nature in Nature for line in _section(nature))


def _section(nature: Nature) -> Iterator[str]:
    yield f"\n## {_TITLES[nature]}\n\n{_TEXTS[nature]}\n"
    for kind, each in EVENTS.items():
        if each.nature is nature:
            outside = " Other systems get it, too." if each.is_external else ""
            yield f"\n### `{kind}`\n\n{_summary(each)}{outside}\n{_fields(each)}"


def _fields(event_type: type[Event]) -> str:
    """Write the fields that not every event has; those of another event are not repeated."""
    same = next((kind for kind, each in EVENTS.items() if each is event_type.__base__), None)
    if same is not None:
        return f"\nIts fields are those of [`{same}`](#{same.lower()}).\n"
    return _table(event_type, "\n") or "\nIt has no other fields.\n"


def _table(event_type: type[Event], before: str) -> str:
    types, meanings = get_type_hints(event_type), dict(_meanings(event_type))
    common = set() if event_type is Event else {"sequence", *(field.name for field in dataclasses.fields(Event))}
    rows = [
        f"| `{field.name}` | {_type(types[field.name])} | {meanings[field.name]} |\n"
        for field in dataclasses.fields(event_type)
        if field.name not in common
    ]
    return f"{before}| field | type | meaning |\n|---|---|---|\n{''.join(rows)}" if rows else ""


def _meanings(event_type: type[Event]) -> Iterator[tuple[str, str]]:
    """Read what the classes say about their fields, the most general class first."""
    for each in reversed(event_type.__mro__):
        if issubclass(each, Event) and "__doc__" in vars(each):
            for name, text in _ARGUMENT.findall(inspect.cleandoc(each.__doc__ or "")):
                yield name, re.sub(r"\s+", " ", text).replace("``", "`").rstrip(".")


def _summary(event_type: type[Event]) -> str:
    text = inspect.cleandoc(event_type.__doc__ or "").split("\n\n")[0].replace("``", "`")
    told = re.sub(r"\s+", " ", re.sub(r"^Tell (?:that )?", "", text))
    return told[:1].upper() + told[1:]


def _type(annotation: object) -> str:
    if isinstance(annotation, UnionType):
        return " or ".join(_TYPES[each] for each in get_args(annotation))
    return "what was calculated" if isinstance(annotation, TypeVar) else _TYPES[annotation]
