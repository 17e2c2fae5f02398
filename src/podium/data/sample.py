"""The sample market: synthetic bars to try Podium with, without a network. No real market ever had these prices.

One market factor drives all symbols; each adds a part of its own. The factor walks through regimes (rising, falling,
calm, panic) whose drift and volatility last for days; volatility clusters; returns have fat tails and jumps; volume
follows volatility and the hour of the day. Every hour is a walk of several small steps, so that highs and lows are
earned, not invented. All randomness comes from seeded PCG64 generators, one per symbol, so a symbol's bars do not
depend on which others are asked for; prices are rounded to ticks, which hides the last bits that differ between
machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.core.errors import DataError, Problem, did_you_mean
from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import BarSeries, BarSource
from podium.data.grid import from_ticks

__all__ = ["SAMPLE_BARS", "SAMPLE_START", "SAMPLE_SYMBOLS", "SAMPLE_TICKS", "sample_market", "write_sample"]

_HOUR = Timeframe.parse("1h")
_STEPS = 12
SAMPLE_START = datetime(2022, 1, 1, tzinfo=UTC)
#: Three years of hours, 2022-01-01 to 2024-12-31.
SAMPLE_BARS = 26_304


@dataclass(frozen=True, slots=True, kw_only=True)
class _Symbol:
    tick: Decimal
    first_price: float
    beta: float
    own_volatility: float
    volume: float


_MARKET = {
    "BTC/USDT": _Symbol(tick=Decimal("0.1"), first_price=46_200, beta=1.0, own_volatility=0.0022, volume=1_400),
    "ETH/USDT": _Symbol(tick=Decimal("0.01"), first_price=3_680, beta=1.15, own_volatility=0.0034, volume=16_000),
    "SOL/USDT": _Symbol(tick=Decimal("0.001"), first_price=170, beta=1.4, own_volatility=0.0065, volume=240_000),
    "XRP/USDT": _Symbol(tick=Decimal("0.0001"), first_price=0.83, beta=0.95, own_volatility=0.0052, volume=9_000_000),
}
SAMPLE_SYMBOLS = tuple(_MARKET)
SAMPLE_TICKS = {symbol: described.tick for symbol, described in _MARKET.items()}

#: Per regime: drift and volatility per hour, and the mean stay in hours.
_REGIMES = np.array(
    [
        [0.00036, 0.0046, 380.0],  # rising
        [-0.00040, 0.0056, 300.0],  # falling
        [0.0, 0.0030, 420.0],  # calm
        [-0.0012, 0.0115, 40.0],  # panic
    ]
)
_NEXT_REGIME = np.cumsum(
    [[0.0, 0.36, 0.54, 0.10], [0.40, 0.0, 0.50, 0.10], [0.52, 0.38, 0.0, 0.10], [0.35, 0.40, 0.25, 0.0]], axis=1
)


def sample_market(
    *,
    symbols: Sequence[str] = SAMPLE_SYMBOLS,
    start: datetime = SAMPLE_START,
    bars: int = SAMPLE_BARS,
    seed: int = 12,
) -> dict[str, BarSeries]:
    """Make the bars of a synthetic market.

    Args:
        symbols: some of ``SAMPLE_SYMBOLS``.
        start: when the first hour opens, aware.
        bars: how many hours, ≥ 1.
        seed: equal seeds give equal bars, ≥ 0.

    Returns:
        Hourly series by symbol, in the order asked for.

    Raises:
        DataError: when a symbol is not part of the sample market, or there would be no bars.
    """
    if bars < 1:
        raise DataError(Problem(message=f"bars is {bars}", expected="a whole number above 0"))
    unknown = [symbol for symbol in symbols if symbol not in _MARKET]
    if unknown:
        problem = Problem(
            message=f"the sample market has no symbol {unknown[0]}",
            expected="some of " + ", ".join(SAMPLE_SYMBOLS),
            hint=did_you_mean(unknown[0], SAMPLE_SYMBOLS),
        )
        raise DataError(problem)
    drift, volatility = _regimes(bars, _generator(seed, 0))
    factor = _factor(drift, volatility, _generator(seed, 1))
    times = to_nanoseconds(start) + _HOUR.nanoseconds * np.arange(1, bars + 1, dtype=np.int64)
    return {
        symbol: _series(symbol, times, factor, _generator(seed, 2 + SAMPLE_SYMBOLS.index(symbol))) for symbol in symbols
    }


def write_sample(folder: Path, *, seed: int = 12) -> tuple[Path, ...]:
    """Write the sample market as Parquet files, one per symbol, and a note that says what it is.

    Args:
        folder: where to; made when it is not there. Files of the same names are replaced.
        seed: equal seeds give equal bars.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    market = sample_market(seed=seed)
    files = {symbol: folder / f"{symbol.replace('/', '-')}_1h.parquet" for symbol in market}
    note = folder / "SYNTHETIC.md"
    written = (note, *files.values())
    # All of them or none: nothing gets its name before everything is written.
    drafts = {file: file.with_name(f"{file.name}.draft") for file in written}
    try:
        drafts[note].write_text(_NOTE.format(seed=seed), encoding="utf-8")
        for symbol, file in files.items():
            drafts[file].write_bytes(_parquet(market[symbol]))
        for file, draft in drafts.items():
            draft.replace(file)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    return written


_NOTE = """# Synthetic bars

These bars were made by Podium's sample market (seed {seed}). They are random numbers that look like a market, for
trying things out. They are no prices of any real market, and results on them say nothing about one.
"""


def _generator(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, stream])))


def _regimes(bars: int, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    regime, at = 2, 0
    state = np.empty(bars, dtype=np.intp)
    while at < bars:
        stay = 1 + int(-_REGIMES[regime, 2] * np.log1p(-random.random()))
        state[at : at + stay] = regime
        at += stay
        regime = int(np.searchsorted(_NEXT_REGIME[regime], random.random(), side="right"))
    # Volatility clusters within a regime, too: a slow wave of mean one.
    shocks = 0.06 * random.standard_normal(bars)
    wave, level = np.empty(bars), 0.0
    for row, shock in enumerate(shocks.tolist()):
        level = 0.985 * level + shock
        wave[row] = level
    return _REGIMES[state, 0], _REGIMES[state, 1] * np.exp(wave - 0.06)


def _factor(
    drift: NDArray[np.float64], volatility: NDArray[np.float64], random: np.random.Generator
) -> NDArray[np.float64]:
    bars = len(drift)
    widths = (volatility * _fat_tail(bars, random))[:, None] / np.sqrt(_STEPS)
    steps: NDArray[np.float64] = random.standard_normal((bars, _STEPS)) * widths
    steps += drift[:, None] / _STEPS
    steps[:, 0] += _jumps(bars, 1 / 600, 0.022, random)
    return steps


def _fat_tail(bars: int, random: np.random.Generator) -> NDArray[np.float64]:
    # Student's t with five degrees of freedom: a normal over the root of a mean of five squares, scaled to variance 1.
    squares: NDArray[np.float64] = np.square(random.standard_normal((bars, 5))).mean(axis=1)
    widths: NDArray[np.float64] = np.minimum(np.sqrt(0.6 / squares), 6.0)
    return widths


def _jumps(bars: int, rate: float, size: float, random: np.random.Generator) -> NDArray[np.float64]:
    happens = random.random(bars) < rate
    return np.where(happens, size * random.standard_normal(bars), 0.0)


def _series(
    symbol: str,
    times: NDArray[np.int64],
    factor: NDArray[np.float64],
    random: np.random.Generator,
) -> BarSeries:
    described, bars = _MARKET[symbol], len(times)
    own = random.standard_normal((bars, _STEPS)) * (described.own_volatility * _fat_tail(bars, random))[:, None]
    steps = described.beta * factor + own / np.sqrt(_STEPS)
    steps[:, 0] += _jumps(bars, 1 / 900, 0.03, random)
    path = described.first_price * np.exp(np.cumsum(steps.ravel())).reshape(bars, _STEPS)
    opens = np.concatenate([[described.first_price], path[:-1, -1]])
    high, low = np.maximum(path.max(axis=1), opens), np.minimum(path.min(axis=1), opens)
    activity = (high / low - 1) / (described.beta * 0.0048)
    volume = described.volume * _hours(times) * (0.35 + 0.65 * activity) * np.exp(0.35 * random.standard_normal(bars))
    prices = {"open": opens, "high": high, "low": low, "close": path[:, -1]}
    return BarSeries(
        symbol=symbol,
        timeframe=_HOUR,
        close_time=times,
        volume=np.round(volume, 3),
        source=BarSource(),
        **{name: _on_grid(price, described.tick) for name, price in prices.items()},
    )


def _hours(times: NDArray[np.int64]) -> NDArray[np.float64]:
    hour = (times // _HOUR.nanoseconds - 1) % 24
    busy: NDArray[np.float64] = 1 + 0.35 * np.cos((hour - 15) * (2 * np.pi / 24))
    return busy


def _on_grid(prices: NDArray[np.float64], tick: Decimal) -> NDArray[np.float64]:
    ticks = np.maximum(np.rint(prices / float(tick)), 1).astype(np.int64)
    return from_ticks(ticks, tick)


def _parquet(series: BarSeries) -> bytes:
    # In memory first: polars tells of a full disk by an exception of its own, which is no OSError.
    buffer = BytesIO()
    _frame(series).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _frame(series: BarSeries) -> pl.DataFrame:
    opened = pl.Series(series.close_time - series.timeframe.nanoseconds).cast(pl.Datetime("ns", "UTC"))
    columns = {name: getattr(series, name) for name in ("open", "high", "low", "close", "volume")}
    return pl.DataFrame({"ts": opened, **columns})
