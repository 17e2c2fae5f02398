"""Markets to trade on, strategies of every form, and portfolios of them, for the tests of whole runs."""

from __future__ import annotations

import io
import json
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.backtest.log import completed_log
from podium.backtest.records import event_records
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.rules import atr, close, crosses_above, crosses_below, ema, rsi, sma, zscore

#: 2024-01-01T00:00:00Z
START = 1_704_067_200_000_000_000
PROOF = bool(os.environ.get("PODIUM_PROOF"))
INSTRUMENT = Instrument(tick=Decimal("0.01"), lot=Decimal("0.001"), taker_fee=Decimal("0.001"))


def walk(symbol="X", bars=300, seed=0, *, timeframe="1h", missing=0.0):
    """Make a random walk in whole ticks of 0.01; ``missing`` is the share of bars that the market lacks."""
    random = np.random.Generator(np.random.PCG64([seed, sum(symbol.encode())]))
    last = np.maximum(10_000 + np.cumsum(random.integers(-90, 91, bars)), 500)
    first = np.maximum(np.concatenate(([10_000], last[:-1])) + random.integers(-15, 16, bars), 500)
    high = np.maximum(first, last) + random.integers(0, 60, bars)
    low = np.minimum(first, last) - random.integers(0, 60, bars)
    frame = Timeframe.parse(timeframe)
    series = BarSeries(
        symbol=symbol,
        timeframe=frame,
        close_time=START + frame.nanoseconds * np.arange(1, bars + 1),
        open=first / 100.0,
        high=high / 100.0,
        low=low / 100.0,
        close=last / 100.0,
        volume=random.integers(1, 1000, bars).astype(np.float64),
    )
    kept = random.random(bars) >= missing
    # The first and the last stay, so that all symbols have one period.
    kept[[0, -1]] = True
    return series if missing == 0 else series.select(kept)


def prices(*closes, symbol="X", timeframe="1h", spread=0.0):
    """Make bars that open at the close before and reach no further than ``spread`` beyond the two."""
    last = np.array(closes, dtype=np.float64)
    first = np.concatenate((last[:1], last[:-1]))
    frame = Timeframe.parse(timeframe)
    return BarSeries(
        symbol=symbol,
        timeframe=frame,
        close_time=START + frame.nanoseconds * np.arange(1, len(last) + 1),
        open=first,
        high=np.maximum(first, last) + spread,
        low=np.minimum(first, last) - spread,
        close=last,
        volume=np.ones(len(last)),
    )


class Cross(Strategy):
    """Rules: an average crosses another, with a stop and two targets."""

    fast, slow = 5, 15
    long_entry = crosses_above(ema(close, "fast"), ema(close, "slow"))
    long_exit = crosses_below(ema(close, "fast"), ema(close, "slow"))
    stop = 2 * atr(7)
    targets = (
        {"percent": Decimal("0.01"), "close": Decimal("0.5")},
        {"percent": Decimal("0.03"), "close": Decimal("0.25")},
    )
    size = {"fraction": Decimal("0.6")}  # noqa: RUF012  # as users write it


class Swing(Strategy):
    """Rules on both sides, by risk, with a trail and a time exit."""

    length = 9
    long_entry = rsi(close, "length") < 35
    short_entry = rsi(close, "length") > 65
    stop = {"percent": Decimal("0.02")}  # noqa: RUF012  # as users write it
    trail = {"distance": 1.5 * atr(7), "after": Decimal("0.005")}  # noqa: RUF012  # as users write it
    max_bars = 20
    size = {"risk": Decimal("0.01")}  # noqa: RUF012  # as users write it


class SlowCross(Strategy):
    """Rules on completed bars of four hours."""

    timeframe = "4h"
    fast, slow = 3, 8
    long_entry = sma(close, "fast") > sma(close, "slow")
    long_exit = sma(close, "fast") < sma(close, "slow")


class Reversal(Strategy):
    """Code: enters on both sides with every kind of order, moves its stop, cancels, closes in parts."""

    length = 12
    z = zscore(close, "length")
    bars_seen = 0

    def on_bar(self, bar):
        self.bars_seen += 1
        position = self.position
        if position.is_flat:
            if self.bars_seen % 11 == 0:
                self.cancel()
            if self.z[0] < -1:
                self.buy(fraction=0.3, stop=bar.close * 0.97, target=bar.close * 1.02)
            elif self.z[0] > 1.2:
                self.sell(limit=bar.close * 1.002, quantity=3, expire_bars=3, trail=1.5)
            elif self.bars_seen % 17 == 0:
                self.buy(trigger=bar.high + 0.2, money=2000, max_bars=9)
        elif position.bars_held % 5 == 4:
            if position.is_long:
                self.protect(stop=bar.low - 0.5)
            self.close(fraction=0.5 if abs(position.quantity) > 1 else 1)
        elif position.is_long and self.z[0] > 0.8:
            self.close()
            self.sell(fraction=0.2)


class SlowCode(Strategy):
    """Code on completed bars of two hours, that reads its money."""

    timeframe = "2h"
    mean = ema(close, 6)

    def on_bar(self, bar):
        if self.position.is_flat and bar.close > self.mean[0]:
            self.buy(money=self.account.available / 2)
        elif self.position.is_long and bar.close < self.mean[0]:
            self.close()


class Buys(Strategy):
    """Buy at the first bar."""

    def on_bar(self, bar):
        if bar.index == 0:
            self.buy(quantity=5)


class Sells(Strategy):
    """Sell less than :class:`Buys` buys at the first bar."""

    def on_bar(self, bar):
        if bar.index == 0:
            self.sell(quantity=2)


class Plain:
    """Know nothing of Podium: exact prices, ``should_enter``, ``should_exit``, ``position_size``."""

    def __init__(self, length=6):
        self.length = length

    def should_enter(self, bars):
        if len(bars) <= self.length:
            return False
        return bars[-1].close > sum(bar.close for bar in bars[-self.length :]) / self.length

    def should_exit(self, position, bars):
        return bars[-1].close < position.entry_price * Decimal("0.99") or position.bars_held >= 15

    def position_size(self, capital, price):
        return capital / 3 / price


FORMS = (Cross, Swing, SlowCross, Reversal, SlowCode, Plain)


def named(strategy, strategy_id):
    """Give a strategy its id."""
    strategy.strategy_id = strategy_id
    return strategy


def configuration(*symbols, **options):
    """Make options with one instrument for all symbols."""
    return OrchestratorConfig(**{"instruments": dict.fromkeys(symbols or ("X",), INSTRUMENT), **options})


def orchestrate(members, config):
    """Make an orchestrator of (strategy, weight, symbols or ``None``), as a portfolio file can say it."""
    made = StrategyOrchestrator([(strategy, weight) for strategy, weight, _ in members], config)
    made.members = tuple(
        replace(member, symbols=symbols) for member, (_, _, symbols) in zip(made.members, members, strict=True)
    )
    return made


def run_alone(strategy, bars, capital=Decimal(100_000), **options):
    """Run one strategy with all of the capital."""
    symbols = [bars.symbol] if isinstance(bars, BarSeries) else list(bars)
    given = {bars.symbol: bars} if isinstance(bars, BarSeries) else bars
    return StrategyOrchestrator([(strategy, Decimal(1))], configuration(*symbols, **options)).run(given, capital)


def events(result, *kinds):
    """List the events of a run, of some kinds or all."""
    return [record for record in event_records(result) if not kinds or record["kind"] in kinds]


def log(result):
    """List the lines of the log as a reader of the file gets them."""
    return lines_of(completed_log(result))


def lines_of(written):
    """Read JSON lines that come in parts."""
    return [json.loads(line) for line in b"".join(written).splitlines()]


def reproduced(result, folder: Path):
    """Give the bytes of all files that hold nothing of clock or machine."""
    from podium.backtest.run_folder import REPRODUCED_FILES, write_reproduced

    folder.mkdir(parents=True, exist_ok=True)
    write_reproduced(result, folder)
    return {name: (folder / name).read_bytes() for name in REPRODUCED_FILES}


def frame_of(series):
    """Make a polars frame as a user has it: open times and prices."""
    import polars as pl

    return pl.DataFrame(
        {
            "time": pl.Series(series.close_time - series.timeframe.nanoseconds).cast(pl.Datetime("ns", "UTC")),
            **{name: getattr(series, name) for name in ("open", "high", "low", "close", "volume")},
        }
    )


def csv_of(series):
    """Write bars as a CSV file has them."""
    text = io.BytesIO()
    frame_of(series).write_csv(text)
    return text.getvalue()
