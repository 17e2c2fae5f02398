"""Turn what a strategy says (settings with expressions) into the plan that is run.

Expressions are read in the order in which they need each other: an indicator may use any other, whatever their order in
the file. Every expression is read, so that one pass tells all problems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Protocol

from podium.core.documents import Item
from podium.core.errors import Location, Problem, RuleError
from podium.core.places import Place, describe
from podium.core.times import Timeframe
from podium.core.validation import show
from podium.rules.nodes import Kind, Node, Outputs, as_node
from podium.rules.parser import parse
from podium.strategy.plan import BreakEven, Level, LevelKind, RulePlan, Size, SizeKind, Target, Trail
from podium.strategy.settings import LevelSection, SidesSection, SizeSection, StrategySettings, TrailSection

__all__ = ["plan_of"]

ParameterValue = int | Decimal


class _Source(Protocol):
    """Find how an expression was written, if it stands in a file."""

    def __call__(self, place: Place) -> Item | None: ...


def plan_of(
    settings: StrategySettings, name: str, source: _Source, words: Callable[[Place], str] = describe
) -> RulePlan:
    """Build the plan of a strategy.

    Args:
        settings: what it says.
        name: its name when it gives none.
        source: finds the item of an expression, for the places in messages.
        words: names a place in words.

    Returns:
        The plan; parameters are replaced by their values.

    Raises:
        RuleError: with all expressions that are wrong.
    """
    reader = _Expressions(settings, source, words)
    plan = RulePlan(
        name=settings.name or name,
        params=dict(settings.params),
        indicators=reader.indicators(),
        timeframe=Timeframe.parse(settings.timeframe) if settings.timeframe else None,
        long_entry=reader.side("entry", settings.entry, "long"),
        short_entry=reader.side("entry", settings.entry, "short"),
        long_exit=reader.side("exit", settings.exit, "long"),
        short_exit=reader.side("exit", settings.exit, "short"),
        stop=reader.level(("stop",), settings.stop) if settings.stop else None,
        targets=tuple(
            Target(level=reader.level(("targets", position), target), share=target.close)
            for position, target in enumerate(settings.targets)
        ),
        trail=reader.trail(settings.trail) if settings.trail else None,
        breakeven=BreakEven(after=settings.breakeven.after, offset=settings.breakeven.offset)
        if settings.breakeven
        else None,
        max_bars=settings.max_bars,
        size=_size(settings.size),
    )
    if reader.problems:
        raise RuleError(reader.problems)
    return plan


def _size(section: SizeSection) -> Size:
    for kind in SizeKind:
        value: Decimal | None = getattr(section, kind.value)
        if value is not None:
            return Size(kind=kind, value=value)
    return Size()


class _Failed(Exception):
    """Say that an expression needs an indicator whose own problem is already told."""


class _Names(Mapping[str, Node]):
    """Give parameters and indicators by name; an indicator is read when it is first needed."""

    def __init__(self, expressions: _Expressions, settings: StrategySettings) -> None:
        self._expressions = expressions
        self._params = settings.params
        self._indicators = settings.indicators

    def __getitem__(self, name: str) -> Node:
        if name in self._params:
            return as_node(self._params[name])
        if name in self._indicators:
            return self._expressions.indicator(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self._params or name in self._indicators

    def __iter__(self) -> Iterator[str]:
        yield from self._params
        yield from self._indicators

    def __len__(self) -> int:
        return len(self._params) + len(self._indicators)


class _Expressions:
    """Read the expressions of one strategy and collect their problems."""

    def __init__(self, settings: StrategySettings, source: _Source, words: Callable[[Place], str]) -> None:
        self._words = words
        self.problems: list[Problem] = []
        self._settings, self._source = settings, source
        self._names = _Names(self, settings)
        self._read: dict[str, Node | None] = {}
        self._reading: list[str] = []

    def indicators(self) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for name in self._settings.indicators:
            try:
                node = self.indicator(name)
            except _Failed:
                continue
            if isinstance(node, Outputs):
                found |= {f"{name}.{output}": node.output(output) for output in node.names}
            else:
                found[name] = node
        return found

    def indicator(self, name: str) -> Node:
        if name in self._reading:
            chain = " -> ".join([*self._reading[self._reading.index(name) :], name])
            place: Place = ("indicators", self._reading[-1])
            self.problems.append(
                Problem(
                    message=f"the indicator '{name}' needs itself: {chain}",
                    location=self._where(place),
                    expected="indicators that do not go in a circle",
                    hint="write one of them out without the others",
                )
            )
            raise _Failed
        if name not in self._read:
            self._reading.append(name)
            expression = self._settings.indicators[name]
            self._read[name] = self._expression(("indicators", name), expression, None)
            self._reading.pop()
        node = self._read[name]
        if node is None:
            raise _Failed
        return node

    def side(self, key: str, section: SidesSection | None, side: str) -> Node | None:
        expression = getattr(section, side) if section is not None else None
        return None if expression is None else self._expression((key, side), expression, Kind.CONDITION)

    def level(self, place: Place, section: LevelSection | TrailSection) -> Level:
        for kind in (LevelKind.PRICE, LevelKind.DISTANCE):
            expression = getattr(section, kind.value, None)
            if expression is not None:
                node = self._expression((*place, kind.value), expression, Kind.NUMBER)
                return Level(kind=kind, expression=node)
        return Level(kind=LevelKind.PERCENT, ratio=section.percent)

    def trail(self, section: TrailSection) -> Trail:
        return Trail(distance=self.level(("trail",), section), after=section.after)

    def _expression(self, place: Place, expression: object, expect: Kind | None) -> Node | None:
        try:
            return self._node(place, expression, expect)
        except RuleError as error:
            self.problems.extend(self._placed(problem, place) for problem in error.problems)
            return None
        except _Failed:
            return None  # the problem of the indicator that it needs is told already

    def _node(self, place: Place, expression: object, expect: Kind | None) -> Node:
        if isinstance(expression, str):
            start = Location(file="", line=1, column=1)
            return parse(expression, names=self._names, location=start, expect=expect, title=self._words(place))
        node = expression.bind(self._settings.params) if isinstance(expression, Node) else as_node(expression)
        if expect is not None and node.kind is not expect:
            self.problems.append(_other_kind(self._words(place), node, expect, self._where(place)))
        return node

    def _where(self, place: Place) -> Location | None:
        item = self._source(place)
        return item.location if item is not None else None

    def _placed(self, problem: Problem, place: Place) -> Problem:
        item = self._source(place)
        message, location = problem.message, None
        if item is None:
            message = f"{self._words(place)}: {message}"
        elif problem.location is not None and problem.location.line is not None:
            location = item.locate_in_text(problem.location.line, problem.location.column or 1)
        else:
            location = item.location
        return Problem(message=message, location=location, expected=problem.expected, hint=problem.hint)


def _other_kind(place: str, node: Node, expect: Kind, location: Location | None) -> Problem:
    return Problem(
        message=f"{place} is the {node.kind.value} {show(node.text)}",
        location=location,
        expected=f"a {expect.value}",
        hint="compare it with something, such as > 0" if expect is Kind.CONDITION else None,
    )
