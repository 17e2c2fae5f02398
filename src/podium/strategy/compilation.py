"""Turn rules plans into what the engine reads: a byte of signals per bar, ticks per level, one row of plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

__all__ = ["CompiledPlan", "compile_plan", "plan_nodes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompiledPlan:
    """Hold a plan as the engine reads it, on one symbol.

    Args:
        signals: a byte of ``SignalBit`` per bar of the plan's time frame.
        plan: a ``PLAN`` row whose ``series`` number the levels.
        levels: ticks per bar, ``NO_LEVEL`` where unknown.
        warm_up: bars before which nothing is decided.
    """

    signals: NDArray[np.uint8]
    plan: Record
    levels: tuple[NDArray[np.int64], ...]
    warm_up: int


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


def compile_plan(
    plan: RulePlan, values: Mapping[str, Array], graph: Graph, *, instrument: Instrument, unit: MoneyUnit, bars: int
) -> CompiledPlan:
    """Compile a plan for one symbol.

    Args:
        plan: what the strategy decides with.
        values: the graph's values of ``plan_nodes(plan)``, by their text.
        graph: where the warm-up is known.
        instrument: grid of the symbol.
        unit: the money unit.
        bars: how many bars there are.

    Returns:
        The compiled plan.

    Raises:
        ConfigurationError: when a size does not fit the instrument.
    """
    warm_up = max((graph.warm_up(node) for node in plan_nodes(plan)), default=0)
    signals = np.zeros(bars, np.uint8)
    for node, bit in (
        (plan.long_entry, SignalBit.LONG_ENTRY),
        (plan.long_exit, SignalBit.LONG_EXIT),
        (plan.short_entry, SignalBit.SHORT_ENTRY),
        (plan.short_exit, SignalBit.SHORT_EXIT),
    ):
        if node is not None:
            pack(values[node.text], int(bit), signals)
    signals[:warm_up] = 0
    row = np.zeros(1, PLAN)[0]
    levels: list[NDArray[np.int64]] = []
    row["series"] = -1
    for index, level in enumerate(_levels(plan)):
        if level is not None:
            _write_level(row, index, level, values, levels, tick=instrument.tick)
    _write_constants(row, plan, instrument, unit)
    return CompiledPlan(signals=signals, plan=row, levels=tuple(levels), warm_up=warm_up)


def _write_level(
    row: Record,
    index: int,
    level: Level,
    values: Mapping[str, Array],
    levels: list[NDArray[np.int64]],
    *,
    tick: Decimal,
) -> None:
    if level.kind is LevelKind.PERCENT and level.ratio is not None:
        row["mode"][index], row["value"][index] = LevelMode.RATIO, to_rate(level.ratio, "percent of a level")
        return
    row["mode"][index] = LevelMode.DISTANCE if level.kind is LevelKind.DISTANCE else LevelMode.PRICE
    if level.expression is not None:
        row["series"][index] = len(levels)
        levels.append(_ticks(values[level.expression.text], tick))


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
