"""Feed an engine one time step after the other, in memory that does not grow.

Such an engine has a timeline of a single row, which is written anew for each step; all that outlives a step is in its
other tables. So it does what an engine does that knows the whole timeline, one step at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from podium.core.arrays import numbers_of
from podium.core.errors import invariant
from podium.core.times import NANOSECONDS_PER_DAY
from podium.engine.engine import Engine
from podium.engine.tables import Record

__all__ = ["CellSignals", "StepStream", "TickBar"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TickBar:
    """Hold one bar on the engine's grid.

    Args:
        open, high, low, close: ticks.
        measure: its ``MEASURE`` row, where a cost asks for one.
    """

    open: int
    high: int
    low: int
    close: int
    measure: Record = None


@dataclass(frozen=True, slots=True, eq=False)
class CellSignals:
    """Say what the rules of one cell want at a bar.

    Args:
        signals: a byte of ``SignalBit``.
        levels: ticks, as its plan numbers them; none are needed where it wants nothing.
    """

    signals: int = 0
    levels: Sequence[int] = field(default=())


class StepStream:
    """Write each step into an engine that was made of ``Timeline.of_one_step``.

    Args:
        engine: at its start, or restored.
    """

    def __init__(self, engine: Engine) -> None:
        invariant(len(engine.timeline) == 1, "a stream of steps has a timeline of one")
        self._engine, self._run = engine, engine.tables.run[0]
        self._run["dense"] = 0
        self._signals, self._levels = numbers_of(engine.tables.signals), numbers_of(engine.tables.levels)
        cells = engine.tables.cells
        is_coded = cells["coded"].astype(bool)
        # Every rules cell has one byte of signals, one after the other, and its levels likewise.
        self._signal_of = np.where(is_coded, -1, np.cumsum(~is_coded) - 1).tolist()
        self._levels_of = [
            [int(place) for place in sorted(set(row.tolist())) if place >= 0] for row in cells["plan"]["series"]
        ]

    @property
    def step(self) -> int:
        """Give the number of the step that is being presented, or was last."""
        return int(self._run["first_step"])

    def present(
        self,
        time: int,
        bars: Mapping[int, TickBar],
        signals: Mapping[int, CellSignals],
        *,
        limit_day: int,
        flows: NDArray[np.void] | None = None,
        rates: NDArray[np.int64] | None = None,
    ) -> int:
        """Put the next step in the place of the last one, which was decided.

        Args:
            time: its close, nanoseconds since 1970 UTC.
            bars: by the number of the symbol, in portfolio order.
            signals: by rules cell; cells left out want nothing.
            limit_day: the day on which limits see it, in their zone.
            flows: ``FLOW`` rows that are due in it, by phase, their step not yet written.
            rates: of quote currencies: what is known before its bars, then at their closes, as numerator and
                denominator; shape ``(currencies, 2, 2)``; ``None`` without currencies.

        Returns:
            The number of the step.
        """
        tables, run = self._engine.tables, self._run
        half_step = int(run["half_step"])
        invariant(half_step % 2 == 0, "a step is decided before the next one comes", at=half_step)
        step = half_step // 2
        run["first_step"] = step
        tables.times[0] = time
        if step == 0:
            run["schedule"]["day"] = (time - 1) // NANOSECONDS_PER_DAY
        if len(tables.limit_days):
            tables.limit_days[0] = limit_day
        tables.days[0] = (time - 1) // NANOSECONDS_PER_DAY
        tables.steps[1] = len(bars)
        for place, (symbol, bar) in enumerate(bars.items()):
            tables.symbols[place] = symbol
            tables.bars[symbol] = (bar.open, bar.high, bar.low, bar.close)
            tables.instruments[symbol]["next_bar"] = symbol
            if bar.measure is not None:
                tables.measures[symbol] = bar.measure
        if rates is not None:
            tables.rates[0] = rates.ravel()
        tables.signals[:] = 0
        for cell, wanted in signals.items():
            if wanted.signals:
                self._signals[self._signal_of[cell]] = wanted.signals
                for place, level in zip(self._levels_of[cell], wanted.levels, strict=True):
                    self._levels[place] = level
        if flows is not None and len(flows):
            flows["step"] = step
            self._engine.take_flows(flows)
        return step
