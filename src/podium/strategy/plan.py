"""What a rules strategy decides, in one form whether it came from a strategy file or from a class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from podium.core.times import Timeframe
from podium.rules.nodes import Node

__all__ = ["BreakEven", "Level", "LevelKind", "RulePlan", "Size", "SizeKind", "Target", "Trail"]


class LevelKind(StrEnum):
    """Say what the number of a level means."""

    DISTANCE = "distance"
    """a distance from the fill price, in price units"""
    PERCENT = "percent"
    """a ratio of the fill price"""
    PRICE = "price"
    """an absolute price"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Place a protective level.

    Args:
        kind: what the number means.
        expression: the number as a series, for ``distance`` and ``price``; read at the bar of the decision.
        ratio: the number, for ``percent`` (0.02 is 2 %).
    """

    kind: LevelKind
    expression: Node | None = None
    ratio: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Take profit at a level.

    Args:
        level: where.
        share: which share of the entered quantity closes there, in (0, 1].
    """

    level: Level
    share: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Follow the best price with a stop.

    Args:
        distance: how far behind (``distance`` or ``percent``).
        after: the open return from which it follows; 0 follows at once.
    """

    distance: Level
    after: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Move the stop to the entry once the position has earned enough.

    Args:
        after: the open return from which it acts, > 0.
        offset: a ratio of the entry price added in the position's favour.
    """

    after: Decimal
    offset: Decimal = Decimal(0)


class SizeKind(StrEnum):
    """Say what the number of a size means."""

    FRACTION = "fraction"
    """a share of the strategy's capital, in (0, 1]"""
    QUANTITY = "quantity"
    """a quantity of the instrument"""
    MONEY = "money"
    """a notional in account currency"""
    RISK = "risk"
    """a share of the strategy's capital that is lost if the stop is hit; never more than is available"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Say how large an entry is.

    Args:
        kind: what the number means.
        value: the number, > 0.
    """

    kind: SizeKind = SizeKind.FRACTION
    value: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlan:
    """Hold everything a rules strategy decides with.

    Args:
        name: the strategy's own name.
        params: parameter values the expressions were built with, for the record.
        indicators: named expressions, for records and plots.
        timeframe: on whose completed bars the strategy decides; ``None`` means the base time frame.
        long_entry, long_exit, short_entry, short_exit: conditions; a rule acts only on true.
        stop: the stop-loss.
        targets: take-profits, nearest first; shares sum to at most 1.
        trail: the trailing stop.
        breakeven: the break-even move.
        max_bars: bars after which the position closes, ≥ 1.
        size: how large an entry is.
    """

    name: str
    params: Mapping[str, object] = field(default_factory=dict)
    indicators: Mapping[str, Node] = field(default_factory=dict)
    timeframe: Timeframe | None = None
    long_entry: Node | None = None
    long_exit: Node | None = None
    short_entry: Node | None = None
    short_exit: Node | None = None
    stop: Level | None = None
    targets: tuple[Target, ...] = ()
    trail: Trail | None = None
    breakeven: BreakEven | None = None
    max_bars: int | None = None
    size: Size = field(default_factory=Size)
