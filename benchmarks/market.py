"""The bars of the benchmark: one-minute geometric random walks on ticks of 0.01, the same for every side.

Columns are made with NumPy's PCG64 from the seed, the column's number and the symbol's, so that the first k of n bars
are the same bars for any n. They are kept as ``.npy`` files, which every environment can read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMNS", "MINUTE_NANOSECONDS", "load_bars", "make_bars", "save_bars"]

SEED = 7
START_NANOSECONDS = 946_684_800_000_000_000  # 2000-01-01T00:00:00Z
MINUTE_NANOSECONDS = 60_000_000_000
COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
_FIRST_SYMBOL_STREAM = 1000


def make_bars(bars: int, symbol: int | None = None) -> dict[str, NDArray[np.int64] | NDArray[np.float64]]:
    """Make bars.

    Args:
        bars: how many.
        symbol: a number from 0; ``None`` for the market of the workloads with one symbol.

    Returns:
        A column per name of ``COLUMNS``, shape ``(bars,)``.
    """

    def stream(column: int) -> np.random.Generator:
        return np.random.default_rng(
            [SEED, column] if symbol is None else [SEED, column, _FIRST_SYMBOL_STREAM + symbol]
        )

    close = 100.0 * np.exp(np.cumsum(stream(0).normal(0.0, 2e-4, bars)))
    open_ = np.concatenate(([100.0], close[:-1])) * np.exp(stream(1).normal(0.0, 5e-5, bars))
    high = np.maximum(open_, close) * (1 + np.abs(stream(2).normal(0, 1e-4, bars)))
    low = np.minimum(open_, close) * (1 - np.abs(stream(3).normal(0, 1e-4, bars)))
    volume = stream(4).integers(1, 1000, bars).astype(np.float64)
    open_, high, low, close = (np.round(price, 2) for price in (open_, high, low, close))
    return {
        "open_time": START_NANOSECONDS + MINUTE_NANOSECONDS * np.arange(bars, dtype=np.int64),
        "open": open_,
        "high": np.maximum(high, np.maximum(open_, close)),
        "low": np.minimum(low, np.minimum(open_, close)),
        "close": close,
        "volume": volume,
    }


def save_bars(folder: Path, bars: int, symbol: int | None = None) -> None:
    """Write bars, unless as many are there already.

    Args:
        folder: the benchmark's data.
        bars: how many are needed.
        symbol: see ``make_bars``.
    """
    place = _place(folder, symbol)
    last = place / f"{COLUMNS[-1]}.npy"
    if last.exists() and len(np.load(last, mmap_mode="r")) >= bars:
        return
    place.mkdir(parents=True, exist_ok=True)
    last.unlink(missing_ok=True)  # written last: its presence says that all columns are whole
    columns = make_bars(bars, symbol)
    for name in COLUMNS:
        np.save(place / f"{name}.npy", columns[name])


def load_bars(folder: Path, bars: int, symbol: int | None = None) -> dict[str, NDArray[np.float64]]:
    """Read the first bars into memory.

    Args:
        folder: the benchmark's data.
        bars: how many.
        symbol: see ``make_bars``.

    Returns:
        A column per name of ``COLUMNS``; ``open_time`` is ``int64``.

    Raises:
        ValueError: when fewer are there.
    """
    place = _place(folder, symbol)
    columns = {name: np.array(np.load(place / f"{name}.npy", mmap_mode="r")[:bars]) for name in COLUMNS}
    if len(columns["close"]) != bars:
        raise ValueError(f"{place} holds {len(columns['close'])} bars, {bars} are needed")
    return columns


def _place(folder: Path, symbol: int | None) -> Path:
    return folder / ("one" if symbol is None else f"symbol-{symbol:02d}")
