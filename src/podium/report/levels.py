"""The stops and targets with which rules strategies entered, for the price charts.

The events do not tell them, so they are placed once more from the plan and the series that the engine still has, by the
engine's own function. A coded strategy may move its levels at any bar; only those that were hit are known of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.backtest.result import OrchestratorResult
from podium.core.events import EventKind
from podium.engine.protection_kernel import level_price
from podium.engine.tables import LevelMode, Record

__all__ = ["EntryLevels", "TradeKey", "entry_levels"]

#: A trade's strategy, symbol and number.
TradeKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLevels:
    """Hold the levels that protected a trade from its entry on.

    Args:
        stop: a price; ``None`` without a stop.
        targets: prices, in the order of the plan.
    """

    stop: Decimal | None
    targets: tuple[Decimal, ...]


def entry_levels(result: OrchestratorResult) -> Mapping[TradeKey, EntryLevels]:
    """Place the levels of every trade of rules strategies as they were at its entry.

    Args:
        result: what came out.

    Returns:
        The levels by trade; trades without any, and those of coded strategies, are not in it.
    """
    return {key: levels for key, levels in _placed(result) if levels.stop is not None or levels.targets}


def _placed(result: OrchestratorResult) -> Iterator[tuple[TradeKey, EntryLevels]]:
    names, market, tables = list(result.strategy_results), result.market, result.engine.tables
    # A market order waits for the next bar of its symbol, unless it fills at the close that decided it.
    waits = 0 if result.config.fill == "close" else 1
    opened = np.concatenate([block[block["kind"] == EventKind.POSITION_OPENED] for block in result.engine.events()])
    for cell in np.unique(opened["cell"]).tolist():
        plan = tables.cells[cell]["plan"]
        if tables.cells[cell]["coded"] or not plan["mode"].any():
            continue
        mine, symbol = opened[opened["cell"] == cell], result.cells.symbols[cell]
        tick, owner = market.instruments[symbol].tick, names[result.cells.members[cell]]
        times = market.timeline.times[mine["step"]]
        rows = np.searchsorted(market.store.series(symbol).close_time, times) - waits
        # Place 1 of a plan is the trail, which moves from the start.
        places = [0, *range(2, 2 + int(plan["target_count"]))]
        levels = [_levels(plan, place, tables.levels, rows, mine) for place in places]
        for number, *ticks in zip(mine["order"].tolist(), *levels, strict=True):
            stop, *targets = [None if level is None else level * tick for level in ticks]
            known = tuple(target for target in targets if target is not None)
            yield (owner, symbol, number), EntryLevels(stop=stop, targets=known)


def _levels(
    plan: Record, place: int, series: NDArray[np.int64], rows: NDArray[np.intp], opened: NDArray[np.void]
) -> list[int | None]:
    """Place one level of a plan for each entry of its cell, in ticks."""
    mode, start = int(plan["mode"][place]), int(plan["series"][place])
    if mode == LevelMode.NONE:
        return [None] * len(opened)
    values = [int(plan["value"][place])] * len(opened) if start < 0 else series[start + rows].tolist()
    away = -1 if place == 0 else 1
    entries = zip(values, opened["price"].tolist(), opened["side"].tolist(), strict=True)
    return [int(level_price(mode, value, price, side * away)) for value, price, side in entries]
