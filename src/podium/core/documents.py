"""Trees of values that know where they stand in a file.

A document knows nothing of what its values mean. Everything keeps the line and column of its key and of its value, and
a position inside a text leads back to the file, also through quotes, folded lines and block scalars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from podium.core.errors import Location
from podium.core.places import Place

__all__ = ["Item", "Scalar", "Written", "merge"]

Scalar = str | int | bool | Decimal | None
"""What stands at the leaves of a file."""


@dataclass(frozen=True, slots=True)
class Written:
    """Keep how a text was written: its characters in the file from a line and column (both from 1) on."""

    characters: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Hold one value and where it stands.

    Args:
        value: a scalar, a map of items or a list of items.
        location: where the value starts.
        key_location: where its key starts, for a value of a map.
        written: how a text was written.
    """

    value: Scalar | Mapping[str, Item] | tuple[Item, ...]
    location: Location
    key_location: Location | None = None
    written: Written | None = None

    def plain(self) -> object:
        """Give the values without their places.

        Returns:
            Dictionaries, lists and scalars.
        """
        match self.value:
            case Mapping():
                return {key: item.plain() for key, item in self.value.items()}
            case tuple():
                return [item.plain() for item in self.value]
            case scalar:
                return scalar

    def get(self, *place: str | int) -> Item | None:
        """Find a value.

        Args:
            place: keys and positions from here.

        Returns:
            The item, or ``None`` when there is none.
        """
        item: Item | None = self
        for step in place:
            item = item.inner(step) if item is not None else None
        return item

    def inner(self, step: str | int) -> Item | None:
        """Find a value directly inside this one.

        Args:
            step: a key or a position.

        Returns:
            The item, or ``None`` when there is none.
        """
        if isinstance(self.value, Mapping) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, tuple) and isinstance(step, int) and -1 < step < len(self.value):
            return self.value[step]
        return None

    def locate(self, place: Place, key: bool = False) -> Location:
        """Tell where a value stands, or the nearest thing around it that stands in the file.

        Args:
            place: keys and positions from here.
            key: whether its key is meant.

        Returns:
            The location.
        """
        item = self
        for position, step in enumerate(place):
            inner = item.inner(step)
            if inner is None:
                return item.location
            item = inner
            if key and position == len(place) - 1 and item.key_location is not None:
                return item.key_location
        return item.location

    def locate_in_text(self, line: int, column: int) -> Location:
        """Tell where a character of a text stands in the file.

        Args:
            line: the line inside the text, from 1.
            column: the column inside that line, from 1.

        Returns:
            The location; the start of the text when the way back is lost.
        """
        if not isinstance(self.value, str) or self.written is None:
            return self.location
        lines = self.value.split("\n")
        offset = sum(len(text) + 1 for text in lines[: line - 1]) + column - 1
        return _way_back(self.value, self.written, offset, self.location)

    def with_value(self, place: Place, item: Item) -> Item:
        """Set a value; maps on the way are made where they are missing.

        Args:
            place: keys and positions from here.
            item: the new value.

        Returns:
            A new tree; everything else is shared.
        """
        if not place:
            return replace(item, key_location=item.key_location or item.location)
        step, rest = place[0], place[1:]
        inner = self.inner(step) or Item(value={}, location=item.location, key_location=item.location)
        changed = inner.with_value(rest, item)
        if isinstance(step, int) and isinstance(self.value, tuple):
            return replace(self, value=(*self.value[:step], changed, *self.value[step + 1 :]))
        known = self.value if isinstance(self.value, Mapping) else {}
        return replace(self, value={**known, str(step): changed})

    def leaves(self) -> Iterator[tuple[Place, Item]]:
        """Walk over all scalars and empty structures.

        Yields:
            The place from here and the item.
        """
        inner: list[tuple[str | int, Item]] = []
        if isinstance(self.value, Mapping):
            inner = list(self.value.items())
        elif isinstance(self.value, tuple):
            inner = list(enumerate(self.value))
        if not inner:
            yield (), self
        for step, item in inner:
            for place, leaf in item.leaves():
                yield (step, *place), leaf


def merge(base: Item, over: Item, whole: frozenset[str] = frozenset()) -> Item:
    """Lay one tree over another: maps merge, lists and scalars replace.

    Args:
        base: what holds where the other says nothing.
        over: what wins.
        whole: keys whose maps replace as a whole, because they are a choice.

    Returns:
        A new tree; each value keeps its place.
    """
    if not isinstance(base.value, Mapping) or not isinstance(over.value, Mapping):
        return over
    merged = dict(base.value)
    for key, item in over.value.items():
        merged[key] = merge(merged[key], item, whole) if key in merged and key not in whole else item
    return replace(over, value=merged)


def _way_back(text: str, written: Written, offset: int, start: Location) -> Location:
    """Follow the characters of a text through the file up to an offset.

    YAML only drops characters (quotes, escapes, indents) and joins lines, so the next character of the text is the next
    equal one in the file; white space matches any white space.
    """
    found = position = 0
    characters = written.characters
    for character in text[: offset + 1]:
        if character.isspace():
            continue
        while position < len(characters) and characters[position] != character:
            position += 1
        found, position = position, position + 1
    if position > len(characters):
        return start
    if text[: offset + 1].strip() and (offset >= len(text) or text[offset].isspace()):
        found += 1  # just behind the last character that is not white space
    before = characters[:found]
    line = before.count("\n")
    column = len(before) - before.rfind("\n") if line else written.column + found
    return Location(file=start.file, line=written.line + line, column=column)
