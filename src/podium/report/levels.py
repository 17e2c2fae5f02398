"""The stops and targets with which trades were entered, for the price charts.

What moves later, such as a trailing stop or what code sets, is known where it was hit: there the trade ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from podium.backtest.result import OrchestratorResult
from podium.core.events import EventKind
from podium.engine.tables import OPENED

__all__ = ["EntryLevels", "TradeKey", "entry_levels"]

#: A trade's strategy, symbol and number.
TradeKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLevels:
    """Hold the levels that protected a trade from its entry on.

    Args:
        stop: a price; ``None`` without a stop.
        targets: prices, in the order in which the price reaches them.
    """

    stop: Decimal | None
    targets: tuple[Decimal, ...]


def entry_levels(result: OrchestratorResult) -> Mapping[TradeKey, EntryLevels]:
    """Read the levels of every trade as they were at its entry from the events.

    Args:
        result: what came out.

    Returns:
        The levels by trade; trades without any are not in it.
    """
    names, found = list(result.strategy_results), {}
    opened = np.concatenate([block[block["kind"] == EventKind.POSITION_OPENED] for block in result.engine.events()])
    levels = opened.view(OPENED)
    known = (levels["stop"] != 0) | (levels["target"] != 0).any(axis=1)
    columns = (opened["cell"], opened["order"], levels["stop"], levels["target"])
    for cell, number, stop, targets in zip(*(column[known].tolist() for column in columns), strict=True):
        symbol = result.cells.symbols[cell]
        tick, owner = result.market.instruments[symbol].tick, names[result.cells.members[cell]]
        prices = tuple(target * tick for target in targets if target)
        found[owner, symbol, number] = EntryLevels(stop=stop * tick if stop else None, targets=prices)
    return found
