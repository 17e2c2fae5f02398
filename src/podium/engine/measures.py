"""What bars tell about a market's unrest and volume, for the models of slippage: known with the bar's close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.core.instruments import Instrument
from podium.core.money import RATE_SCALE
from podium.engine.tables import MEASURE
from podium.engine.timeline import Timeline

__all__ = ["measure_rows", "needs_measures"]

_Number = TypeVar("_Number", np.int64, np.float64)
#: Volatility is kept up to ten times the price.
_VOLATILITY_MAXIMUM = 10 * RATE_SCALE


def needs_measures(instruments: Sequence[Instrument]) -> bool:
    """Tell whether anything asks for measures.

    Args:
        instruments: of all symbols.
    """
    return any(
        instrument.slippage_model is not None or instrument.volume_limit is not None for instrument in instruments
    )


def measure_rows(timeline: Timeline, instruments: Sequence[Instrument]) -> NDArray[np.void]:
    """Measure every bar of the symbols that have a use for it.

    Volatility is the root mean square of the returns from close to close over the last ``window`` bars, this one
    included (a mean of 0 is assumed, as for any short horizon); the first bar's return is from its own open. The mean
    volume is over the same bars, in whole lots, rounded down. While there are fewer bars, those there are count.

    Args:
        timeline: bars, and volumes in lots.
        instruments: in portfolio order.

    Returns:
        ``MEASURE`` rows, shape ``(bars,)``; a single one where no symbol has a use for it.
    """
    if not needs_measures(instruments):
        return np.zeros(1, MEASURE)
    rows = np.zeros(len(timeline.bars), MEASURE)
    first = 0
    for instrument, length in zip(instruments, timeline.lengths, strict=True):
        part = slice(first, first + length)
        first += length
        model = instrument.slippage_model
        if timeline.volumes is not None:
            rows["volume"][part] = timeline.volumes[part]
        if model is not None and length:
            rows["volatility"][part] = _volatility(timeline.bars[part], model.window)
            rows["mean_volume"][part] = _moving_sum(rows["volume"][part], model.window) // _counts(length, model.window)
    return rows


def _volatility(bars: NDArray[np.void], window: int) -> NDArray[np.int64]:
    """Give billionths, rounded half to even."""
    close = bars["close"].astype(np.float64)
    before = np.concatenate(([float(bars["open"][0])], close[:-1]))
    squares = (close / before - 1) ** 2
    mean = np.maximum(_moving_sum(squares, window), 0) / _counts(len(close), window)
    rounded: NDArray[np.int64] = np.rint(np.minimum(np.sqrt(mean) * RATE_SCALE, _VOLATILITY_MAXIMUM)).astype(np.int64)
    return rounded


def _moving_sum(values: NDArray[_Number], window: int) -> NDArray[_Number]:
    sums = np.cumsum(values)
    sums[window:] = sums[window:] - sums[:-window]
    return sums


def _counts(length: int, window: int) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.minimum(np.arange(1, length + 1), window)
    return counts
