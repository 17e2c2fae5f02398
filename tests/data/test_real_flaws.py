"""The flaws that real bars are known to have, found on the real files, and few alarms on clean ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from podium.core.times import from_nanoseconds
from podium.data.bars import BarSeries
from podium.data.flaws import FlawKind
from podium.data.grid import infer_tick, to_ticks
from podium.data.quality import QualityReport, check_bars
from podium.data.readers import read_bars

Load = Callable[[str], BarSeries]


@pytest.fixture
def load(market_data: Path) -> Load:
    def one(name: str) -> BarSeries:
        (series,) = read_bars(market_data / f"{name}.parquet").values()
        return series

    return one


def days(report: QualityReport, kind: FlawKind) -> list[str]:
    """Name the opening days of the flawed bars."""
    series = report.series
    rows = report.rows.get(kind, np.empty(0, dtype=np.intp))
    return [
        from_nanoseconds(int(series.close_time[row]) - series.timeframe.nanoseconds).date().isoformat() for row in rows
    ]


@pytest.mark.parametrize(
    ("name", "known", "at_most"),
    [
        ("GOOG_RAW_1d", ["2007-12-18", "2008-09-30"], 2),
        ("AAPL_RAW_1d", ["2009-09-21", "2010-08-31", "2011-01-03"], 4),
        ("SPY_RAW_1d", ["2000-12-18", "2002-04-02", "2002-06-06"], 15),
        ("IWM_RAW_1d", ["2008-09-19"], 1),
        ("BAC_RAW_1d", ["2001-11-12"], 6),
        ("AIG_RAW_1d", ["2009-05-05"], 3),
        ("BTCUSD_COINBASE_1d", ["2017-04-15"], 1),
    ],
)
def test_bad_prints_are_found(load: Load, name: str, known: list[str], at_most: int) -> None:
    """Flaw 1: single wrong prices, on exactly these days; the others are wrong prints, too. (B-45)"""
    found = days(check_bars(load(name)), FlawKind.BAD_PRINT)
    assert set(known) <= set(found)
    assert len(found) <= at_most


def test_the_worst_print_is_told_first(load: Load) -> None:
    """A low of 0.01 in a market at 396. (B-45)"""
    report = check_bars(load("GOOG_RAW_1d"))
    first = next(flaw for flaw in report.flaws if flaw.kind == FlawKind.BAD_PRINT)
    assert "open 395.98, high 489.36, low 0.01" in first.detail
    assert first.time == "2008-10-01T00:00:00Z"


@pytest.mark.parametrize(
    ("name", "known", "at_most"),
    [
        ("AAPL_RAW_1d", ["2000-06-21", "2000-09-29", "2005-02-28", "2014-06-09", "2020-08-31"], 5),
        ("IBM_RAW_1d", ["1999-05-27"], 2),
        ("BAC_RAW_1d", ["2004-08-30"], 1),
        ("GOOG_RAW_1d", ["2014-04-03"], 2),
        ("IWM_RAW_1d", ["2005-06-09"], 1),
        ("AIG_RAW_1d", ["2009-07-01"], 6),
        ("USO_RAW_1d", ["2020-04-29"], 3),
    ],
)
def test_splits_are_found_as_jumps(load: Load, name: str, known: list[str], at_most: int) -> None:
    """Flaw 2: on exactly these days; what else is found is news, a hole or another company. (B-45)"""
    found = days(check_bars(load(name)), FlawKind.JUMP)
    assert set(known) <= set(found)
    assert len(found) <= at_most


@pytest.mark.parametrize(
    ("name", "holes", "missing"),
    [
        ("ADABTC_5m", 5, 40),
        ("DASHBTC_5m", 2, 2),
        ("XMRBTC_5m", 2, 2),
        ("ZECBTC_5m", 2, 2),
        ("UNITTESTBTC_1m", 538, 717),
        ("XRPETH_1m", 676, 1_091),
        ("XRPETH_5m", 6, 6),
        ("BTCUSD_BITSTAMP_1d", 1, 12),
        ("ETHUSD_BITSTAMP_1d", 1, 12),
        ("LTCUSD_BITSTAMP_1d", 1, 12),
        ("BTCUSD_COINBASE_1m", 99, 775_257),
        ("ETHUSD_COINBASE_1m", 3, 304_271),
        ("LTCUSD_COINBASE_1m", 4, 433),
    ],
)
def test_missing_bars_are_counted(load: Load, name: str, holes: int, missing: int) -> None:
    """Flaws 3 and 5: every hole of a market that never closes. (B-71)"""
    report = check_bars(load(name))
    assert report.counts[FlawKind.GAP] == holes
    assert f"{missing:,} bars missing in all" in report.notes[0]
    assert "closes regularly" not in report.summary


def test_missing_days_are_named(load: Load) -> None:
    """Flaw 3: 2019-03-20 to 2019-03-31 are not there. (B-71)"""
    for name in ("BTCUSD_BITSTAMP_1d", "ETHUSD_BITSTAMP_1d", "LTCUSD_BITSTAMP_1d"):
        report = check_bars(load(name))
        assert days(report, FlawKind.GAP) == ["2019-04-01"]
        (flaw,) = (flaw for flaw in report.flaws if flaw.kind == FlawKind.GAP)
        assert flaw.detail == "12 bars missing after 2019-03-20T00:00:00Z (13.0 days)"


def test_longest_hole_of_the_pairs_is_told_first(load: Load) -> None:
    """Flaw 3: one hole of 2.8 h. (B-71)"""
    report = check_bars(load("ADABTC_5m"))
    first = next(flaw for flaw in report.flaws if flaw.kind == FlawKind.GAP)
    assert "33 bars missing" in first.detail
    assert "(2.83 h)" in first.detail


def test_week_ends_are_usual_and_the_hole_of_152_hours_is_not(load: Load) -> None:
    """Flaw 3: one note for hundreds of week ends, a flaw for what is missing. (B-71)"""
    report = check_bars(load("EURUSD_1h"))
    assert report.counts[FlawKind.GAP] <= 40
    first = next(flaw for flaw in report.flaws if flaw.kind == FlawKind.GAP)
    assert "(6.3 days)" in first.detail
    series = report.series
    assert series.close_time[first.row] - series.close_time[first.row - 1] == 152 * 3_600_000_000_000
    assert any("closes regularly: 614 usual closings" in note for note in report.notes)


@pytest.mark.parametrize(
    ("name", "closings", "at_most"),
    [("SPY_RAW_1h", 5_700, 70), ("AAPL_RAW_1h", 5_700, 70), ("ESTX50_5m", 20, 0), ("SPY_SI_1m", 3, 0)],
)
def test_nights_are_usual(load: Load, name: str, closings: int, at_most: int) -> None:
    """A market with sessions gives one note, not one warning per night; what is left are holidays. (B-71)"""
    report = check_bars(load(name))
    assert report.counts.get(FlawKind.GAP, 0) <= at_most
    (note,) = (note for note in report.notes if "closes regularly" in note)
    assert int(note.split("regularly: ")[1].split()[0]) >= closings


def test_daily_break_of_a_future_is_usual(load: Load) -> None:
    """An hour each day, and the week ends. (B-71)"""
    (note,) = (note for note in check_bars(load("6EH4_1m")).notes if "closes regularly" in note)
    assert "typically 1.02 h" in note


@pytest.mark.parametrize(
    ("name", "sundays"), [("EURUSD_1d", 620), ("EURGBP_1d", 620), ("GBPUSD_1d", 620), ("XAUUSD_1d", 654)]
)
def test_sunday_bars_are_odd_sessions(load: Load, name: str, sundays: int) -> None:
    """Flaw 4: exactly the bars of week ends. (B-45)"""
    report = check_bars(load(name))
    assert report.counts[FlawKind.ODD_SESSION] == sundays
    assert {datetime.fromisoformat(day).weekday() for day in days(report, FlawKind.ODD_SESSION)} == {6}


@pytest.mark.parametrize("name", ["BTCUSD_COINBASE_1d", "BTCUSDT_2020_1d", "BTCUSD_BITSTAMP_1d"])
def test_week_ends_of_a_market_that_never_closes_are_not_odd(load: Load, name: str) -> None:
    """Flaw 4 is none here. (B-45)"""
    assert FlawKind.ODD_SESSION not in check_bars(load(name)).counts


@pytest.mark.parametrize(
    ("name", "first_day_after"),
    [("BTCUSD_COINBASE_1m", "2017-09-03"), ("SPY_RAW_1m", "2023-08-03"), ("ETHUSD_COINBASE_1m", "2018-04-04")],
)
def test_joined_days_are_found(load: Load, name: str, first_day_after: str) -> None:
    """Flaw 5: months missing, told first, and the price jumps there. (B-45, B-71)"""
    report = check_bars(load(name))
    first = next(flaw for flaw in report.flaws if flaw.kind == FlawKind.GAP)
    assert first.time.startswith(first_day_after)
    assert first_day_after in days(report, FlawKind.JUMP)


def test_jitter_of_milliseconds_is_an_odd_session(load: Load) -> None:
    """Flaw 5: 59 of 91 funding times are off the clock. (B-45)"""
    series = load("XRPUSDT_FUNDING_8h")
    off = series.close_time % series.timeframe.nanoseconds != 0
    assert check_bars(series).rows[FlawKind.ODD_SESSION].tolist() == np.flatnonzero(off).tolist()


@pytest.mark.parametrize("name", ["EURUSD_1h", "XAUUSD_1m", "ESTX50_1d"])
def test_volume_of_quotes_is_told_once(load: Load, name: str) -> None:
    """Flaw 7: one entry for the whole series. (B-45)"""
    report = check_bars(load(name))
    (flaw,) = (flaw for flaw in report.flaws if flaw.kind == FlawKind.ZERO_VOLUME_RUN)
    assert flaw.count == len(report.series)
    assert "0 throughout" in flaw.detail


def test_a_day_without_volume_though_prices_moved_is_found(load: Load) -> None:
    """Flaw 7: one day of 2020. (B-45)"""
    report = check_bars(load("BTCUSDT_2020_1d"))
    (flaw,) = report.flaws
    assert flaw.kind == FlawKind.ZERO_VOLUME_RUN
    assert flaw.detail == "1 bar without volume, though prices moved"
    assert report.series.volume[flaw.row] == 0


@pytest.mark.parametrize("name", ["ADABTC_5m", "ETHBTC_5m", "UNITTESTBTC_1m", "XRPETH_1m"])
def test_float_noise_is_put_on_the_grid(load: Load, name: str) -> None:
    """Flaw 7: noise such as 5.2900000000000005e-05 is no flaw and is gone after rounding. (design 4)"""
    series = load(name)
    tick = infer_tick(series)
    assert FlawKind.OFF_TICK not in check_bars(series, tick).counts
    for price in (series.open, series.high, series.low, series.close):
        assert not to_ticks(price, tick)[1]


CLEAN = {
    "GOOG_1d": {FlawKind.GAP},
    "MSFT_ZIPLINE_1d": {FlawKind.GAP},
    "KO_ZIPLINE_1d": {FlawKind.GAP},
    "SPY_SI_1d": {FlawKind.GAP},
    "EURUSD_BTPY_1h": {FlawKind.GAP},
    "EURUSD_DUKAS_ASK_1h": {FlawKind.GAP},
    "SPY_SI_1m": set(),
    "ETHBTC_5m": set(),
    "LTCBTC_5m": set(),
    "ETCBTC_5m": set(),
    "BTCUSDT_BINANCE_1h": set(),
    "BTCUSD_SI_1d": set(),
    "BTCUSD_1M": set(),
    "XRPUSDT_PERP_5m": set(),
    "XRPUSDT_PERP_1h": set(),
}


@pytest.mark.parametrize("name", list(CLEAN))
def test_clean_files_give_no_alarm_but_holidays(load: Load, name: str) -> None:
    """Nothing is told of them except the holidays of markets that have some. (B-45)"""
    report = check_bars(load(name))
    assert set(report.counts) == CLEAN[name], report.summary
    years = (report.series.close_time[-1] - report.series.close_time[0]) / (365.25 * 86_400e9)
    assert report.counts.get(FlawKind.GAP, 0) <= 10 * years + 2


def test_every_summary_is_short(market_data: Path) -> None:
    """It fits on a screen for every file, and lists no more than the worst. (B-45)"""
    for file in sorted(market_data.glob("*.parquet")):
        if "trades" in file.name:
            continue
        (series,) = read_bars(file).values()
        report = check_bars(series)
        assert len(report.summary.splitlines()) <= 1 + len(report.counts) + 2
        assert all(len(line) < 260 for line in report.summary.splitlines())
        for kind, count in report.counts.items():
            entries = [flaw for flaw in report.flaws if flaw.kind == kind]
            assert sum(flaw.count for flaw in entries) == count
            assert len(entries) <= 21


def test_hours_and_days_of_one_market_agree(load: Load) -> None:
    """The known prints of AAPL are found in hours as well. (B-45)"""
    found = days(check_bars(load("AAPL_RAW_1h")), FlawKind.BAD_PRINT)
    assert {"2009-09-21", "2010-08-31", "2011-01-03"} <= set(found)
