"""Turn rules plans into what the engine reads: a byte of signals per bar, ticks per level, one row of plan."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import ConfigurationError, Problem
from podium.core.instruments import Instrument
from podium.core.money import RATE_SCALE, MoneyUnit, to_rate
from podium.engine.tables import NO_LEVEL, PLAN, TARGETS_MAXIMUM, LevelMode, Record, SignalBit, SizeMode
from podium.rules.conditions_kernel import pack
from podium.rules.functions import Array
from podium.rules.graph import Graph
from podium.rules.nodes import Node
from podium.strategy.plan import Level, LevelKind, RulePlan, SizeKind

__all__ = ["CompiledPlan", "plan_nodes"]


def plan_nodes(plan: RulePlan) -> list[Node]:
    """List the expressions a plan decides with.

    Args:
        plan: the plan.

    Returns:
        Conditions first, then levels; named indicators only where these use them.
    """
    conditions = [plan.long_entry, plan.long_exit, plan.short_entry, plan.short_exit]
    return [node for node in [*conditions, *(level.expression for level in _levels(plan) if level)] if node is not None]


def _levels(plan: RulePlan) -> list[Level | None]:
    trail = plan.trail.distance if plan.trail else None
    return [plan.stop, trail, *(target.level for target in plan.targets)]


class CompiledPlan:
    """Be a plan as the engine reads it, on one symbol.

    Args:
        plan: what the strategy decides with.
        graph: where the warm-up is known.
        instrument: grid of the symbol.
        unit: the money unit.

    Raises:
        ConfigurationError: when a size does not fit the instrument.
    """

    def __init__(self, plan: RulePlan, graph: Graph, *, instrument: Instrument, unit: MoneyUnit) -> None:
        #: Bars before which nothing is decided.
        self.warm_up = max((graph.warm_up(node) for node in plan_nodes(plan)), default=0)
        #: A ``PLAN`` row whose ``series`` number the levels.
        self.row: Record = np.zeros(1, PLAN)[0]
        self._tick = instrument.tick
        sides = (
            (plan.long_entry, SignalBit.LONG_ENTRY),
            (plan.long_exit, SignalBit.LONG_EXIT),
            (plan.short_entry, SignalBit.SHORT_ENTRY),
            (plan.short_exit, SignalBit.SHORT_EXIT),
        )
        self._conditions = [(node.text, int(bit)) for node, bit in sides if node is not None]
        self._series: list[str] = []
        self.row["series"] = -1
        for index, level in enumerate(_levels(plan)):
            if level is not None:
                self._write_level(index, level)
        _write_constants(self.row, plan, instrument, unit)

    @property
    def level_count(self) -> int:
        """Tell how many levels follow an expression."""
        return len(self._series)

    def signals(self, values: Mapping[str, Array], first_bar: int, bars: int) -> NDArray[np.uint8]:
        """Say what the plan wants at some bars that follow each other.

        Args:
            values: the graph's values of ``plan_nodes(plan)`` at these bars, by their text.
            first_bar: the number of the first one since the origin.
            bars: how many there are.

        Returns:
            A byte of ``SignalBit`` per bar; nothing is wanted before the warm-up is over.
        """
        signals = np.zeros(bars, np.uint8)
        for text, bit in self._conditions:
            pack(values[text], bit, signals)
        signals[: max(self.warm_up - first_bar, 0)] = 0
        return signals

    def signal(self, values: Mapping[str, Array], row: int) -> int:
        """Say what the plan wants at a single bar, as ``signals`` does.

        Args:
            values: arrays of one.
            row: the number of the bar since the origin.

        Returns:
            Bits of ``SignalBit``.
        """
        return 0 if row < self.warm_up else sum(bit for text, bit in self._conditions if values[text][0] == 1)

    def levels(self, values: Mapping[str, Array]) -> list[NDArray[np.int64]]:
        """Compute the levels at some bars.

        Args:
            values: as for ``signals``.

        Returns:
            For each level by expression ticks per bar, ``NO_LEVEL`` where unknown.
        """
        return [_ticks(values[text], self._tick) for text in self._series]

    def _write_level(self, index: int, level: Level) -> None:
        row = self.row
        if level.kind is LevelKind.PERCENT and level.ratio is not None:
            row["mode"][index], row["value"][index] = LevelMode.RATIO, to_rate(level.ratio, "percent of a level")
            return
        row["mode"][index] = LevelMode.DISTANCE if level.kind is LevelKind.DISTANCE else LevelMode.PRICE
        if level.expression is not None:
            row["series"][index] = len(self._series)
            self._series.append(level.expression.text)


def _ticks(values: Array, tick: Decimal) -> NDArray[np.int64]:
    """Put levels on the nearest tick; unknown and unreachable ones become ``NO_LEVEL``."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint(values / float(tick))
    known = np.abs(scaled) < 2.0**61
    return np.where(known, np.where(known, scaled, 0).astype(np.int64), NO_LEVEL)


def _write_constants(row: Record, plan: RulePlan, instrument: Instrument, unit: MoneyUnit) -> None:
    if len(plan.targets) > TARGETS_MAXIMUM:
        raise ConfigurationError(
            Problem(message=f"{plan.name} has {len(plan.targets)} targets", expected=f"at most {TARGETS_MAXIMUM}")
        )
    row["target_count"] = len(plan.targets)
    for index, target in enumerate(plan.targets):
        row["target_share"][index] = to_rate(target.share, "share of a target")
    if plan.trail is not None:
        row["trail_after"] = to_rate(plan.trail.after, "after of the trail")
    if plan.breakeven is not None:
        row["break_even_after"] = to_rate(plan.breakeven.after, "after of the break-even")
        row["break_even_offset"] = to_rate(plan.breakeven.offset, "offset of the break-even")
    row["max_bars"] = plan.max_bars or 0
    size = plan.size
    row["size_mode"] = SizeMode[size.kind.name]
    if size.kind is SizeKind.QUANTITY:
        lots = size.value / instrument.lot
        if lots != lots.to_integral_value():
            raise ConfigurationError(
                Problem(
                    message=f"{plan.name}: the size {size.value} is no whole number of lots",
                    expected=f"a multiple of {instrument.lot}",
                )
            )
        row["size"] = int(lots)
    elif size.kind is SizeKind.MONEY:
        row["size"] = unit.to_units(size.value, "size")
    else:
        row["size"] = int(size.value * RATE_SCALE)
