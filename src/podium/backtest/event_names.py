"""What the numbers in a run's events stand for: strategies, symbols, grids and times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from podium.backtest.result import OrchestratorResult
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit

__all__ = ["EventNames"]

_NANOSECONDS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventNames:
    """Name what events are about.

    Args:
        strategies: ids in the file's order.
        members: the number of each cell's strategy.
        symbols: the symbol of each cell.
        instruments: the instrument of each cell.
        groups: groups of symbols that are limited, in the order of the limits.
        unit: the money unit.
        unallocated: units that no strategy was given at the start.
        is_fine: whether times have fractions of a second.
        has_conflicts: whether strategies may want both sides of a symbol.
        times_of: gives the close times of steps, nanoseconds since 1970 UTC.
    """

    strategies: tuple[str, ...]
    members: tuple[int, ...]
    symbols: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    groups: tuple[str, ...]
    unit: MoneyUnit
    unallocated: int
    is_fine: bool
    has_conflicts: bool
    times_of: Callable[[NDArray[np.integer]], NDArray[np.int64]]

    @classmethod
    def of(cls, result: OrchestratorResult) -> EventNames:
        """Take the names of a run that has ended.

        Args:
            result: the run's result.

        Returns:
            The names.
        """
        times, unit, risk = result.market.timeline.times, result.engine.unit, result.config.risk
        return cls(
            strategies=tuple(result.strategy_results),
            members=result.cells.members,
            symbols=result.cells.symbols,
            instruments=tuple(result.market.instruments[symbol] for symbol in result.cells.symbols),
            groups=tuple(risk.group_exposure) if risk is not None else (),
            unit=unit,
            unallocated=unit.to_units(result.unallocated),
            is_fine=bool((times % _NANOSECONDS_PER_SECOND).any()),
            has_conflicts=result.conflicts_detected > 0,
            times_of=partial(np.take, times),
        )

    @property
    def strategy_of_cell(self) -> dict[int, str]:
        """Give the strategy of each cell."""
        return {cell: self.strategies[member] for cell, member in enumerate(self.members)}

    @property
    def symbol_of_cell(self) -> dict[int, str]:
        """Give the symbol of each cell."""
        return dict(enumerate(self.symbols))
