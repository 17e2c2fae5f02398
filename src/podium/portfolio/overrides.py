"""Values that come from outside a portfolio file: the environment and ``--set``.

What wins, from the strongest: ``--set``, the environment, a strategy's entry in the portfolio file (``params``,
``timeframe``), the strategy file, the portfolio file's ``defaults``, the defaults of Podium. Maps merge, lists and
scalars replace; ``size``, ``stop``, ``trail`` and ``breakeven`` replace as a whole, because each is a choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from podium.core.documents import Item
from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean
from podium.core.places import Place, describe
from podium.core.yaml_files import parse_value

__all__ = ["CHOICES", "ENVIRONMENT_PREFIX", "Override", "apply_environment", "apply_settings"]

#: Variables that start so set values: ``PODIUM__PORTFOLIO__CAPITAL=5000``.
ENVIRONMENT_PREFIX = "PODIUM__"
#: Keys of a strategy file whose maps replace as a whole.
CHOICES = frozenset({"size", "stop", "trail", "breakeven"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Record that one value took the place of another.

    Args:
        path: what was set, such as ``strategies.trend.params.fast``.
        base: the value that held before; ``None`` when there was only a default.
        value: the value that holds now.
        source: where it came from: a file with line and column, the environment or ``--set``.
    """

    path: str
    base: object
    value: object
    source: str


def apply_environment(root: Item, environment: Mapping[str, str]) -> tuple[Item, list[Override]]:
    """Set the values that the environment names; words are joined by two underscores, in any case.

    Args:
        root: the portfolio file.
        environment: variables with their values.

    Returns:
        The file with the values, and what was set.

    Raises:
        ConfigurationError: when a variable names no strategy of the file or its value cannot be read.
    """
    overrides: list[Override] = []
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        words = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        root, override = _set(root, words, environment[name], Location(file=f"environment {name}"), loose=True)
        overrides.append(override)
    return root, overrides


def apply_settings(root: Item, settings: Mapping[str, str]) -> tuple[Item, list[Override]]:
    """Set the values that options of the command line name.

    Args:
        root: the portfolio file.
        settings: paths such as ``strategies.trend.params.fast`` with their values as text.

    Returns:
        The file with the values, and what was set.

    Raises:
        ConfigurationError: when a path names no strategy of the file or a value cannot be read.
    """
    overrides: list[Override] = []
    for path, text in settings.items():
        location = Location(file=f"--set {path}={text}")
        root, override = _set(root, path.split("."), text, location, loose=False)
        overrides.append(override)
    return root, overrides


def _set(root: Item, words: list[str], text: str, location: Location, *, loose: bool) -> tuple[Item, Override]:
    if not all(words):
        raise ConfigurationError(
            Problem(
                message="a part of the path is empty",
                location=location,
                expected="a path such as strategies.trend.params.fast",
            )
        )
    place = _resolve(root, words, location, loose=loose)
    value = parse_value(text, location)
    before = root.get(*place)
    changed = root.with_value(place, value)
    return changed, Override(
        path=_words(root, place),
        base=before.plain() if before is not None else None,
        value=value.plain(),
        source=location.file,
    )


def _words(root: Item, place: Place) -> str:
    words: list[str] = []
    for position, step in enumerate(place):
        name = root.get(*place[: position + 1], "id") if isinstance(step, int) else None
        words.append(str(name.value) if name is not None else str(step))
    return ".".join(words)


def _resolve(root: Item, words: list[str], location: Location, *, loose: bool) -> Place:
    """Follow words through the file; strategies are found by their id, a symbol may contain the separator."""
    place: Place = ()
    while words:
        here = root.get(*place)
        if here is not None and isinstance(here.value, tuple):
            if place != ("strategies",):
                raise ConfigurationError(
                    Problem(
                        message=f"{describe(place)} is a list",
                        location=location,
                        expected="a whole list as the value, such as [a, b]",
                    )
                )
            step: str | int = _strategy_position(here, words[0], location, loose=loose)
            words = words[1:]
        else:
            step, words = _key(here, words, loose=loose)
        place = (*place, step)
    return place


def _key(here: Item | None, words: list[str], *, loose: bool) -> tuple[str, list[str]]:
    known = list(here.value) if here is not None and isinstance(here.value, Mapping) else []
    for length in range(len(words), 0, -1):
        wanted = ("__" if loose else ".").join(words[:length])
        for key in known:
            if key == wanted or (loose and _loosely(key) == _loosely(wanted)):
                return key, words[length:]
    return words[0], words[1:]


def _strategy_position(strategies: Item, wanted: str, location: Location, *, loose: bool) -> int:
    ids: list[str] = []
    for position in range(len(strategies.value) if isinstance(strategies.value, tuple) else 0):
        name = strategies.get(position, "id")
        ids.append(str(name.value) if name is not None else "")
        if ids[-1] == wanted or (loose and _loosely(ids[-1]) == _loosely(wanted)):
            return position
    raise ConfigurationError(
        Problem(
            message=f"there is no strategy '{wanted}'",
            location=location,
            expected=f"one of {', '.join(name for name in ids if name)}",
            hint=did_you_mean(wanted, ids),
        )
    )


def _loosely(word: str) -> str:
    return word.lower().replace("-", "_").replace("/", "_")
