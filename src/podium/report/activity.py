"""What the engine's events tell about a run beyond its trades: what was bound and what was refused.

Everything is read from fills and refusals in whole arrays; nothing looks at a bar that is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from podium.backtest.attribution import Attribution
from podium.backtest.result import OrchestratorResult
from podium.core.events import EventKind
from podium.engine.tables import MOVED
from podium.report.blocked import BlockedEntries, is_blocked
from podium.report.levels import EntryLevels, TradeKey, entry_levels

__all__ = ["Activity", "Exposure", "activity_of"]

_FILL_FIELDS = ("step", "cell", "position")
_REFUSAL_FIELDS = ("step", "cell", "reason")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """Hold what one strategy held at the drawn moments.

    Args:
        long: the value of its long positions in money, shape ``(moments,)``.
        short: that of its short positions, negative.
        capital_use: the largest share of its allocation that was bound since the moment before.
        blocked: the entries that were refused, with their reasons.
    """

    long: NDArray[np.float64]
    short: NDArray[np.float64]
    capital_use: NDArray[np.float64]
    blocked: BlockedEntries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """Hold what the events of a run tell.

    Args:
        exposures: by strategy id, at the drawn rows.
        attribution: where the result came from.
        levels: the stops and targets with which trades were entered, as far as they are known.
    """

    exposures: dict[str, Exposure]
    attribution: Attribution
    levels: Mapping[TradeKey, EntryLevels] = field(default_factory=dict)


def activity_of(result: OrchestratorResult, rows: NDArray[np.int64]) -> Activity:
    """Read the events of a run.

    Args:
        result: what came out.
        rows: the time steps that are drawn, growing.

    Returns:
        What they tell.
    """
    reader = _Reader(result)
    exposures = {
        strategy_id: reader.exposure(number, rows) for number, strategy_id in enumerate(result.strategy_results)
    }
    return Activity(exposures=exposures, attribution=result.attributed, levels=entry_levels(result))


class _Reader:
    def __init__(self, result: OrchestratorResult) -> None:
        self.result, self.market = result, result.market
        self.names = list(result.strategy_results)
        self.members = np.array(result.cells.members, dtype=np.int64)
        self.rates = result.engine.rates(at_close=True)
        blocks = result.engine.events()
        chosen = [(block, block["kind"] == EventKind.ORDER_FILLED) for block in blocks]
        self.fills = {name: _joined([block[name][mask] for block, mask in chosen]) for name in _FILL_FIELDS}
        several = [_uses(block) for block in blocks]
        self.uses = {name: _joined([one[name] for one in several]) for name in ("step", "cell", "used", "allocated")}
        refused = [(block, is_blocked(block)) for block in blocks]
        self.refused = {name: _joined([block[name][mask] for block, mask in refused]) for name in _REFUSAL_FIELDS}

    def exposure(self, number: int, rows: NDArray[np.int64]) -> Exposure:
        """Sample what one strategy held."""
        values = [self._value(int(cell), rows) for cell in np.flatnonzero(self.members == number)]
        nothing = np.zeros(len(rows))
        return Exposure(
            long=sum((np.maximum(value, 0.0) for value in values), nothing),
            short=sum((np.minimum(value, 0.0) for value in values), nothing),
            capital_use=self._capital_use(number, rows),
            blocked=self._blocked(number),
        )

    def _capital_use(self, number: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        mine = self.members[self.uses["cell"]] == number
        used, allocated = self.uses["used"][mine], self.uses["allocated"][mine]
        return _highest_since(self.uses["step"][mine], used / np.maximum(allocated, 1), rows)

    def _blocked(self, number: int) -> BlockedEntries:
        mine = self.members[self.refused["cell"]] == number
        times = self.market.timeline.times[self.refused["step"][mine]]
        return BlockedEntries(times=times, reasons=self.refused["reason"][mine])

    def _value(self, cell: int, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Value the position of a cell at the last close known at each row; the last fill of a step counts."""
        mine = self.fills["cell"] == cell
        if not mine.any():
            return np.zeros(len(rows))
        held = np.concatenate(([0], self.fills["position"][mine]))
        held = held[np.searchsorted(self.fills["step"][mine], rows, side="right")]
        symbol = self.result.cells.symbols[cell]
        series, instrument = self.market.store.series(symbol), self.market.instruments[symbol]
        bars = np.searchsorted(series.close_time, self.market.timeline.times[rows], side="right") - 1
        values = np.asarray(held * series.close[np.maximum(bars, 0)] * float(instrument.lot * instrument.multiplier))
        if cell in self.rates:
            values *= self.rates[cell][rows, 0] / self.rates[cell][rows, 1]
        return values


def _uses(block: NDArray[np.void]) -> dict[str, NDArray[np.int64]]:
    """Read what strategies had bound of what they were allocated, after each fill and each movement of capital."""
    filled = np.flatnonzero(block["kind"] == EventKind.ORDER_FILLED)
    moved = np.flatnonzero(block["kind"] == EventKind.CAPITAL_MOVED)
    others = moved[block["order"][moved] >= 0]
    told, other = block[np.concatenate((filled, moved))], block[others]
    overlay = other.view(MOVED)
    columns = {
        "step": (told["step"], other["step"]),
        "cell": (told["cell"], other["order"]),
        "used": (told["used"], overlay["other_used"]),
        "allocated": (told["allocated"], overlay["other_allocated"]),
    }
    order = np.argsort(np.concatenate((filled, moved, others)), kind="stable")
    return {name: np.concatenate(pair)[order].astype(np.int64) for name, pair in columns.items()}


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(parts).astype(np.int64)


def _highest_since(
    steps: NDArray[np.int64], values: NDArray[np.float64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give for each row the highest value after the row before it, what held from before included."""
    if len(rows) == 0:
        return np.zeros(0)
    held = np.concatenate(([0.0], values, [0.0]))
    until = np.searchsorted(steps, rows, side="right")
    since = np.concatenate(([0], until[:-1]))
    # Pairs of (from, behind the last); every second result is that of a pair.
    borders = np.stack((since, until + 1), axis=1).reshape(-1)
    return np.asarray(np.maximum.reduceat(held, borders)[::2], dtype=np.float64)
