"""What bars tell about a market's unrest and volume, for the models of slippage: known with the bar's close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.instruments import Instrument
from podium.core.money import RATE_SCALE
from podium.engine.tables import MEASURE
from podium.engine.timeline import Timeline

__all__ = ["Measurement", "measure_rows", "needs_measures"]

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

    Args:
        timeline: bars, and volumes in lots.
        instruments: in portfolio order.

    Returns:
        ``MEASURE`` rows, shape ``(bars,)``; a single one where no symbol has a use for it.
    """
    if not needs_measures(instruments):
        return np.zeros(1, MEASURE)
    volumes = np.zeros(len(timeline.bars), np.int64) if timeline.volumes is None else timeline.volumes
    parts, first = [], 0
    for instrument, length in zip(instruments, timeline.lengths, strict=True):
        part = slice(first, first + length)
        first += length
        parts.append(Measurement(instrument).extend(timeline.bars[part], volumes[part]))
    return np.concatenate([*parts, np.zeros(0, MEASURE)])


class Measurement:
    """Measure the bars of one symbol, some at a time; how they are cut never changes a measure.

    Volatility is the root mean square of the returns from close to close over the last ``window`` bars, this one
    included (a mean of 0 is assumed, as for any short horizon); the first bar's return is from its own open. The mean
    volume is over the same bars, in whole lots, rounded down. While there are fewer bars, those there are count.

    Args:
        instrument: whose models ask for it.
    """

    def __init__(self, instrument: Instrument) -> None:
        model = instrument.slippage_model
        self._window = 0 if model is None else model.window
        self._squares = _MovingSum(self._window, np.float64)
        self._volumes = _MovingSum(self._window, np.int64)
        self._bars, self._close = 0, 0.0

    def extend(self, bars: NDArray[np.void], volumes: NDArray[np.int64]) -> NDArray[np.void]:
        """Measure the next bars.

        Args:
            bars: ``BAR`` rows.
            volumes: of each, lots.

        Returns:
            ``MEASURE`` rows.
        """
        rows = np.zeros(len(bars), MEASURE)
        rows["volume"] = volumes
        if self._window and len(bars):
            counts = np.minimum(np.arange(self._bars + 1, self._bars + len(bars) + 1), self._window)
            rows["volatility"] = self._volatility(bars, counts)
            rows["mean_volume"] = self._volumes.extend(rows["volume"]) // counts
            self._bars += len(bars)
        return rows

    def _volatility(self, bars: NDArray[np.void], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give billionths, rounded half to even."""
        close = bars["close"].astype(np.float64)
        before = np.concatenate(([self._close if self._bars else float(bars["open"][0])], close[:-1]))
        self._close = float(close[-1])
        mean = np.maximum(self._squares.extend((close / before - 1) ** 2), 0) / counts
        rounded: NDArray[np.int64] = np.rint(np.minimum(np.sqrt(mean) * RATE_SCALE, _VOLATILITY_MAXIMUM)).astype(
            np.int64
        )
        return rounded


class _MovingSum:
    """Sum the last so many values as the difference of two sums from the first one on."""

    def __init__(self, window: int, kind: type[np.float64 | np.int64]) -> None:
        self._window = window
        #: The sums of all values up to each of the last ones; before the first value it is 0.
        self._sums = np.zeros(1, kind)

    def extend(self, values: NDArray[Any]) -> NDArray[Any]:  # Any: whole numbers or floats, as they were stated
        """Give the sum of a window that ends with each of the next values."""
        # Added one by one to the last sum, so that it is the same wherever the values are cut.
        sums = np.concatenate((self._sums[:-1], np.cumsum(np.concatenate((self._sums[-1:], values)))))
        ends = np.arange(len(self._sums), len(sums))
        self._sums = sums[-self._window :]
        moving: NDArray[Any] = sums[ends] - sums[np.maximum(ends - self._window, 0)]
        return moving
