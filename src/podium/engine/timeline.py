"""The run's timeline: all bars with one close time are one step, symbols in portfolio order within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.engine.tables import BAR

__all__ = ["SymbolTicks", "Timeline"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolTicks:
    """Hold the bars of one symbol on the engine's grid.

    Args:
        close_time: nanoseconds since 1970 UTC, strictly growing, shape ``(bars,)``.
        open, high, low, close: ticks, shape ``(bars,)``.
    """

    close_time: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """Hold the merged bars of all symbols.

    Args:
        bars: ``BAR`` rows by (close time, symbol), shape ``(bars,)``.
        steps: where each step starts in ``bars``, and a last one behind it, shape ``(steps + 1,)``.
        times: close time of each step, nanoseconds since 1970 UTC, shape ``(steps,)``.
        lengths: how many bars each symbol has.
    """

    bars: NDArray[np.void]
    steps: NDArray[np.int64]
    times: NDArray[np.int64]
    lengths: tuple[int, ...]

    @classmethod
    def merge(cls, symbols: Sequence[SymbolTicks]) -> Timeline:
        """Merge the bars of all symbols into steps.

        Args:
            symbols: in portfolio order.

        Returns:
            The timeline.
        """
        lengths = tuple(len(ticks.close_time) for ticks in symbols)
        bars = np.zeros(sum(lengths), BAR)
        position = 0
        for index, (ticks, length) in enumerate(zip(symbols, lengths, strict=True)):
            part = bars[position : position + length]
            for name in ("open", "high", "low", "close"):
                part[name] = getattr(ticks, name)
            part["symbol"] = index
            part["row"] = np.arange(length)
            position += length
        if not len(bars):
            return cls(bars=bars, steps=np.zeros(1, np.int64), times=np.zeros(0, np.int64), lengths=lengths)
        close_time = np.concatenate([ticks.close_time for ticks in symbols])
        if len(symbols) > 1:
            # Stable, so that symbols of one step stay in portfolio order.
            order = np.argsort(close_time, kind="stable")
            close_time, bars = close_time[order], bars[order]
        first = np.concatenate(([True], close_time[1:] != close_time[:-1]))
        starts = np.flatnonzero(first)
        steps = np.append(starts, len(bars)).astype(np.int64)
        return cls(bars=bars, steps=steps, times=close_time[starts].astype(np.int64), lengths=lengths)

    def __len__(self) -> int:
        return len(self.times)
