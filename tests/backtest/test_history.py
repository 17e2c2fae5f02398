"""History in every form gives the same run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from portfolios import Cross, configuration, csv_of, events, frame_of, walk

from podium import StrategyOrchestrator, read_bars
from podium.core.errors import DataError

CAPITAL = Decimal(100_000)
X, Y = walk("X", 200, 5), walk("Y", 200, 5)


@dataclass
class Candle:
    """A bar as somebody's own code has it."""

    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def candles(series):
    seconds = (series.close_time - series.timeframe.nanoseconds) // 10**9
    columns = [
        [Decimal(repr(float(value))) for value in getattr(series, name)]
        for name in ("open", "high", "low", "close", "volume")
    ]
    return [
        Candle(datetime.fromtimestamp(int(second), UTC), *row) for second, *row in zip(seconds, *columns, strict=True)
    ]


def maps(series):
    return [vars(candle) for candle in candles(series)]


def pandas_of(series):
    frame = frame_of(series).to_pandas().set_index("time")
    frame.columns = [name.capitalize() for name in frame.columns]
    return frame


def run(history, symbol="X", **options):
    config = configuration(symbol, **options)
    return StrategyOrchestrator([(Cross(), Decimal(1))], config).run(history, CAPITAL)


FORMS = {
    "a series": lambda _: {"X": X},
    "what read_bars gave": lambda _: read_bars({"X": frame_of(X)}),
    "a polars frame": lambda _: {"X": frame_of(X)},
    "a pandas frame": lambda _: {"X": pandas_of(X)},
    "bar objects with decimals": lambda _: {"X": candles(X)},
    "maps": lambda _: {"X": maps(X)},
    "a frame with a symbol column": lambda _: frame_of(X).with_columns(pl.lit("X").alias("symbol")),
    "a parquet file": lambda folder: write(folder / "X_1h.parquet"),
    "a csv file": lambda folder: write(folder / "X_1h.csv"),
    "a folder": lambda folder: write(folder / "X_1h.parquet").parent,
    "a path as text": lambda folder: str(write(folder / "X_1h.csv")),
}


def write(path):
    if path.suffix == ".csv":
        path.write_bytes(csv_of(X))
    else:
        frame_of(X).write_parquet(path)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_history_gives_the_same_run(form, tmp_path):
    """A list, a dict, frames, Parquet, CSV: equal events and equity. (B-73, B-21)"""
    expected = run({"X": X})
    done = run(FORMS[form](tmp_path))
    assert events(done) == events(expected)
    assert done.to_dict() == expected.to_dict()
    assert done.aggregate_equity_curve == expected.aggregate_equity_curve


@pytest.mark.parametrize("form", [candles, maps, frame_of, pandas_of])
def test_one_symbol_needs_no_name(form):
    """A list or frame given alone is the symbol DEFAULT. (B-73)"""
    done = run(form(X), "DEFAULT")
    assert done.market.symbols == ("DEFAULT",)
    assert done.final_equity == run({"X": X}).final_equity


def test_several_symbols_come_at_once():
    """A dict from symbol to any form, and a frame that holds them all. (B-73)"""
    config = configuration("X", "Y")
    mixed = {"X": candles(X), "Y": frame_of(Y)}
    stacked = pl.concat([frame_of(series).with_columns(pl.lit(series.symbol).alias("symbol")) for series in (Y, X)])
    results = [
        StrategyOrchestrator([(Cross(), Decimal(1))], config).run(history, CAPITAL)
        for history in ({"X": X, "Y": Y}, mixed, stacked)
    ]
    assert events(results[0]) == events(results[1]) == events(results[2])
    assert results[0].market.symbols == ("X", "Y")


def test_flaws_that_are_let_through_are_warnings_of_the_result():
    """A gap is reported and nothing is filled in. (B-71, B-45)"""
    rows = np.ones(200, bool)
    rows[50:60] = False
    done = run({"X": X.select(rows)})
    (warning,) = [line for line in done.warnings if "gap" in line]
    assert "X" in warning
    assert len(done.aggregate_equity_curve) == 190


def test_a_label_says_which_end_of_a_bar_a_time_names():
    """The same frame read as close labels is the same market an hour earlier. (B-73)"""
    opened, closed = run({"X": frame_of(X)}), run({"X": frame_of(X)}, label="close")
    assert closed.final_equity == opened.final_equity
    assert opened.aggregate_equity_curve[0][0] - closed.aggregate_equity_curve[0][
        0
    ] == X.timeframe.nanoseconds * 1e-9 * (datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1))


def test_flaws_of_all_symbols_are_told_together():
    """Bars that may not be used stop the run before it starts, each symbol named. (B-45, B-16)"""
    broken = {}
    for series in (X, Y):
        high = series.high.copy()
        high[20] = series.low[20] - 1
        broken[series.symbol] = replace(series, high=high)
    with pytest.raises(DataError) as caught:
        StrategyOrchestrator([(Cross(), Decimal(1))], configuration("X", "Y")).run(broken, CAPITAL)
    told = str(caught.value)
    assert "X" in told
    assert "Y" in told
    assert "high" in told


def test_symbols_have_one_time_frame():
    """Hours and days are not merged silently. (B-73, B-16)"""
    with pytest.raises(DataError, match=r"the symbols have different time frames \(1h: X; 1d: Y\)"):
        StrategyOrchestrator([(Cross(), Decimal(1))]).run({"X": X, "Y": walk("Y", 50, 1, timeframe="1d")}, CAPITAL)


def test_prices_off_the_grid_are_put_on_it_and_told():
    """Half a tick goes to the nearest tick, as a warning; indicators see the same prices as fills. (B-45)"""
    close = X.close.copy()
    close[30] += 0.004
    done = run({"X": replace(X, close=close, high=np.maximum(X.high, close))})
    assert any("off_tick" in warning or "tick" in warning for warning in done.warnings)
    assert done.market.store.series("X").close[30] == X.close[30]
    assert done.final_equity == run({"X": X}).final_equity
