"""Read YAML: exact numbers, and each value with the line and column of its key and of itself.

Numbers are read from their text, never through a float. Dates stay text. YAML 1.2 holds: ``no`` and ``1:30`` are text,
``012`` is twelve. What is not YAML is told in words that help, at the place where it can be mended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from podium.core.documents import Item, Scalar, Written
from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean

__all__ = ["parse_document", "parse_value", "read_document"]

_VALUES_MAXIMUM = 100_000
_TAG = "tag:yaml.org,2002:"
_QUOTE_HINT = "put text that contains any of : # , [ ] { } in quotes"


def read_document(path: Path) -> Item:
    """Read a YAML file.

    Args:
        path: the file, shown in messages as it is given.

    Returns:
        Its root, a map.

    Raises:
        ConfigurationError: when there is no such file, it cannot be read or it is not a YAML map.
    """
    where = Location(file=str(path))
    content = b""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        near = sorted(entry.name for entry in path.parent.glob("*") if entry.suffix in {".yaml", ".yml"})
        hint = did_you_mean(path.name, near) or (f"here are: {', '.join(near[:5])}" if near else None)
        raise ConfigurationError(
            Problem(message="there is no such file", location=where, expected="a YAML file", hint=hint)
        ) from None
    except IsADirectoryError:
        raise ConfigurationError(
            Problem(message="this is a folder", location=where, expected="a YAML file", hint="name the file in it")
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            Problem(
                message=f"byte {error.start} is not UTF-8",
                location=Location(file=str(path), line=content[: error.start].count(b"\n") + 1),
                expected="a YAML file in UTF-8",
                hint="save the file as UTF-8",
            )
        ) from None
    except OSError as error:
        raise ConfigurationError(
            Problem(message=f"cannot be read: {error.strerror}", location=where, expected="a readable YAML file")
        ) from None
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Item:
    """Read YAML text whose root is a map.

    Args:
        text: the text.
        file: its name in messages.

    Returns:
        The root.

    Raises:
        ConfigurationError: when it is not a YAML map; all problems of its values at once.
    """
    root = _Reader(text, file).read()
    if not isinstance(root.value, Mapping):
        what = "the file is empty" if root.value is None else "this is not a map of names and values"
        raise ConfigurationError(Problem(message=what, location=root.location, expected="key: value"))
    return root


def parse_value(text: str, location: Location) -> Item:
    """Read one value, as it would stand behind a key.

    Args:
        text: for example ``10``, ``0.1%``, ``[a, b]``.
        location: where it came from, such as an option of the command line.

    Returns:
        The value; everything in it has that location.

    Raises:
        ConfigurationError: when it is not YAML.
    """
    try:
        return _placed(_Reader(text, location.file).read(), location)
    except ConfigurationError as error:
        raise ConfigurationError([replace(problem, location=location) for problem in error.problems]) from None


def _placed(item: Item, location: Location) -> Item:
    value = item.value
    if isinstance(value, Mapping):
        value = {key: _placed(inner, location) for key, inner in value.items()}
    elif isinstance(value, tuple):
        value = tuple(_placed(inner, location) for inner in value)
    return Item(value=value, location=location, key_location=location)


class _Reader:
    """Turn YAML nodes into items and collect what is wrong with them."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._problems: list[Problem] = []
        self._open: set[int] = set()
        self._values = 0

    def read(self) -> Item:
        try:
            node = YAML(typ="safe", pure=True).compose(self._text)
        except MarkedYAMLError as error:
            raise ConfigurationError(_syntax_problem(error, self._file)) from None
        except YAMLError as error:
            raise ConfigurationError(self._unprintable(error)) from None
        if node is None:
            return Item(value=None, location=Location(file=self._file, line=1, column=1))
        item = self._item(node)
        if self._problems:
            raise ConfigurationError(self._problems)
        return item

    def _unprintable(self, error: YAMLError) -> Problem:
        """Say where the character stands that YAML does not allow."""
        position = getattr(error, "position", 0)
        before = self._text[:position]
        line, column = before.count("\n") + 1, position - before.rfind("\n")
        found = self._text[position : position + 1]
        message = f"the character U+{ord(found):04X} cannot be printed" if found else str(error)
        where = Location(file=self._file, line=line, column=column)
        return Problem(message=message, location=where, expected="text that can be printed")

    def _at(self, mark: StringMark) -> Location:
        return Location(file=self._file, line=mark.line + 1, column=mark.column + 1)

    def _item(self, node: Node, key: ScalarNode | None = None) -> Item:
        location = self._at(node.start_mark)
        key_location = self._at(key.start_mark) if key is not None else None
        self._values += 1
        if id(node) in self._open or self._values > _VALUES_MAXIMUM:
            reason = "refers to itself" if id(node) in self._open else f"stands for more than {_VALUES_MAXIMUM} values"
            raise ConfigurationError(Problem(message=f"this reference {reason}", location=location, expected="a value"))
        self._open.add(id(node))
        value: Scalar | Mapping[str, Item] | tuple[Item, ...]
        match node:
            case MappingNode():
                value = self._map(node)
            case SequenceNode():
                value = tuple(self._item(inner) for inner in node.value)
            case _:
                value = self._scalar(str(node.tag), str(node.value), location)
        self._open.remove(id(node))
        written = self._written(node) if isinstance(value, str) else None
        return Item(value=value, location=location, key_location=key_location, written=written)

    def _map(self, node: MappingNode) -> dict[str, Item]:
        own: dict[str, Item] = {}
        inherited: dict[str, Item] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._wrong("a key is a list or a map", self._at(key.start_mark), "text", _QUOTE_HINT)
                continue
            if key.tag == f"{_TAG}merge":
                inherited |= self._inherited(value)
                continue
            if node.flow_style and ")" in key.value and not value.value:
                hint = "inside { } a comma ends the value: put the expression in quotes"
                self._wrong(f"'{key.value}' came as a key", self._at(key.start_mark), "key: value", hint)
                continue
            if key.value in own:
                first = own[key.value].key_location
                self._wrong(
                    f"'{key.value}' stands here a second time",
                    self._at(key.start_mark),
                    "each key once",
                    f"the first is at {first}",
                )
                continue
            own[key.value] = self._item(value, key)
        return {**inherited, **own}

    def _inherited(self, value: Node) -> dict[str, Item]:
        sources = value.value if isinstance(value, SequenceNode) else [value]
        inherited: dict[str, Item] = {}
        for source in reversed(sources):
            if not isinstance(source, MappingNode):
                self._wrong("<< takes over something that is not a map", self._at(source.start_mark), "<<: *name")
                continue
            inherited |= dict(self._map(source))
        return inherited

    def _scalar(self, full_tag: str, text: str, location: Location) -> Scalar:
        match full_tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return self._whole(text, location)
            case "float":
                return _fraction(text)
            case "str" | "timestamp" | "value":
                return text
            case tag:
                self._wrong(f"the YAML tag '{tag}' is not known here", location, "a plain value", _QUOTE_HINT)
                return None

    def _whole(self, text: str, location: Location) -> int:
        bare = text.replace("_", "")
        if len(bare) > 40:
            self._wrong("this number has more digits than can be meant", location, "at most 40 digits")
            return 0
        return int(bare, 0) if bare.lstrip("+-")[:2].lower() in {"0x", "0o"} else int(bare)

    def _written(self, node: Node) -> Written:
        start, end = node.start_mark, node.end_mark
        characters = self._text_between(start, end)
        line, column = start.line + 1, start.column + 1
        if getattr(node, "style", None) in {"|", ">"}:
            _header, _, characters = characters.partition("\n")
            line, column = line + 1, 1
        return Written(characters, line, column)

    def _text_between(self, start: StringMark, end: StringMark) -> str:
        lines = self._text.splitlines(keepends=True)[start.line : end.line + 1]
        joined = "".join(lines)
        behind = len(lines[-1]) - end.column if lines and end.line - start.line < len(lines) else 0
        return joined[start.column : len(joined) - behind if behind > 0 else len(joined)]

    def _wrong(self, message: str, location: Location, expected: str, hint: str | None = None) -> None:
        self._problems.append(Problem(message=message, location=location, expected=expected, hint=hint))


def _fraction(text: str) -> Decimal:
    bare = text.replace("_", "").lower()
    if bare.endswith((".inf", ".nan")):
        return Decimal(bare.replace(".", ""))
    return Decimal(bare)


def _syntax_problem(error: MarkedYAMLError, file: str) -> Problem:
    mark, context = error.problem_mark, error.context_mark
    text, around = str(error.problem or ""), str(error.context or "")
    unclosed = "<stream end>" in text or "unexpected end of stream" in text
    if unclosed and context is not None:
        mark = context
    location = Location(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Location(file=file)
    what = next((word for part, word in _OPENED.items() if part in around), "structure")
    if unclosed:
        return Problem(message=f"this {what} is not closed", location=location, expected=_CLOSING[what])
    for pattern, message, expected, hint in _SYNTAX:
        if matched := re.search(pattern, text):
            since = f"{context.line + 1}:{context.column + 1}" if context else ""
            filled = message.format(*matched.groups(), what=what, since=since)
            return Problem(message=filled, location=location, expected=expected.format(*matched.groups()), hint=hint)
    return Problem(message=f"this is not YAML: {text or around}", location=location, expected="key: value")


_OPENED = {"flow sequence": "list", "flow mapping": "map", "quoted scalar": "quoted text"}
_CLOSING = {"list": "a ']'", "map": "a '}'", "quoted text": "the same quote at its end", "structure": "its end"}
_SYNTAX = (
    (
        r"^mapping values are not allowed",
        "this ':' does not fit here",
        "one 'key: value' on a line, with a space after the colon, at the same indent as its neighbours",
        f"look at the line above, too; {_QUOTE_HINT}",
    ),
    (
        r"^expected (',' or .*), but got '(.+)'$",
        "found '{1}' in the {what} that starts at {since}",
        "{0}",
        f"close the bracket before; {_QUOTE_HINT}",
    ),
    (r"character '\\t'", "a tab stands here", "spaces", "indent with spaces"),
    (
        r"^found character (.+) that cannot start",
        "text cannot start with {0}",
        "text that starts with a letter or a digit",
        "put it in quotes",
    ),
    (
        r"^found undefined alias '?([^']*)'?",
        "'*{0}' refers to a name that was not given",
        "a value",
        "put text that starts with * in quotes",
    ),
    (r"another document", "a second document starts here", "one document in a file", "remove the ---"),
    (
        r"^(?:expected <block end>, but found|did not find expected|could not find expected ':')",
        "this line does not fit the lines above it",
        "'key: value' at the same indent as its neighbours",
        None,
    ),
)
