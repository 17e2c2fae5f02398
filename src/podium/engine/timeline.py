"""The run's timeline: all bars with one close time are one step, symbols in portfolio order within it.

Bars stay together by symbol; for each step the symbols that have a bar are listed, and each symbol's next bar is its.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core.times import NANOSECONDS_PER_DAY
from podium.engine.tables import BAR

__all__ = ["SymbolTicks", "Timeline"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolTicks:
    """Hold the bars of one symbol on the engine's grid.

    Args:
        close_time: nanoseconds since 1970 UTC, strictly growing, shape ``(bars,)``.
        open, high, low, close: ticks, shape ``(bars,)``.
        volume: lots, shape ``(bars,)``; ``None`` where nothing asks for it.
    """

    close_time: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]
    volume: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """Hold the bars of all symbols, and which of them make up each step.

    Args:
        bars: ``BAR`` rows by (symbol, close time), shape ``(bars,)``.
        bar_steps: the step of each of ``bars``, shape ``(bars,)``.
        symbols: the symbol of each bar by (close time, symbol), shape ``(bars,)``.
        steps: where each step starts in ``symbols``, and a last one behind it, shape ``(steps + 1,)``.
        times: close time of each step, nanoseconds since 1970 UTC, shape ``(steps,)``.
        lengths: how many bars each symbol has.
        highest: the highest price of each symbol in ticks; 0 without bars.
        volumes: of each of ``bars``, lots; ``None`` where no symbol has any.
    """

    bars: NDArray[np.void]
    bar_steps: NDArray[np.int64]
    symbols: NDArray[np.int32]
    steps: NDArray[np.int64]
    times: NDArray[np.int64]
    lengths: tuple[int, ...]
    highest: tuple[int, ...]
    volumes: NDArray[np.int64] | None = None

    @classmethod
    def merge(cls, symbols: Sequence[SymbolTicks]) -> Timeline:
        """Merge the bars of all symbols into steps.

        Args:
            symbols: in portfolio order.

        Returns:
            The timeline.
        """
        lengths = tuple(len(ticks.close_time) for ticks in symbols)
        times, step_of_bar = _steps_of_bars([ticks.close_time for ticks in symbols])
        bars = np.empty(sum(lengths), BAR)
        position = 0
        for ticks, length in zip(symbols, lengths, strict=True):
            for name in ("open", "high", "low", "close"):
                bars[name][position : position + length] = getattr(ticks, name)
            position += length
        owners = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        if len(lengths) > 1:
            # Stable, so that symbols of one step stay in portfolio order.
            owners = owners[np.argsort(step_of_bar, kind="stable")]
        return cls(
            bars=bars,
            bar_steps=step_of_bar,
            symbols=owners,
            steps=np.concatenate(([0], np.cumsum(np.bincount(step_of_bar, minlength=len(times))))),
            times=times,
            lengths=lengths,
            highest=tuple(int(ticks.high.max(initial=0)) for ticks in symbols),
            volumes=_volumes(symbols),
        )

    @classmethod
    def of_one_step(cls, symbols: int) -> Timeline:
        """Make room for a single step, which is written anew for each: for what is known only as it happens.

        Args:
            symbols: how many there are.

        Returns:
            A timeline of one step in which every symbol may have a bar.
        """
        return cls(
            # Prices of 1, since there is no bar yet and nothing is divided by 0.
            bars=np.ones(symbols, BAR),
            bar_steps=np.zeros(symbols, np.int64),
            symbols=np.arange(symbols, dtype=np.int32),
            steps=np.array([0, symbols]),
            times=np.zeros(1, np.int64),
            lengths=(1,) * symbols,
            highest=(0,) * symbols,
        )

    @property
    def days(self) -> NDArray[np.int64]:
        """Give the UTC day of each step, since 1970; what closes at midnight belongs to the day that ends there."""
        return (self.times - 1) // NANOSECONDS_PER_DAY

    def __len__(self) -> int:
        return len(self.times)


def _volumes(symbols: Sequence[SymbolTicks]) -> NDArray[np.int64] | None:
    if all(ticks.volume is None for ticks in symbols):
        return None
    return np.concatenate(
        [np.zeros(len(ticks.close), np.int64) if ticks.volume is None else ticks.volume for ticks in symbols]
    )


def _steps_of_bars(close_times: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the distinct close times, and for all bars one symbol after the other which of these is theirs."""
    if len(close_times) == 1:  # strictly growing, so every bar is a step
        return close_times[0], np.arange(len(close_times[0]))
    together = np.concatenate([*close_times, np.zeros(0, np.int64)])
    times, step_of_bar = np.unique(together, return_inverse=True)
    return times, step_of_bar
