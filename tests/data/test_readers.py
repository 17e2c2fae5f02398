"""Reading bars from whatever holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from podium.core.errors import ConfigurationError, DataError
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.data.flaws import FlawKind
from podium.data.quality import check_bars
from podium.data.readers import read_bars

START = datetime(2024, 1, 1, tzinfo=UTC)
TIMES = [START + timedelta(hours=hour) for hour in range(3)]
PRICES: dict[str, list[float]] = {
    "open": [10.0, 11.0, 12.0],
    "high": [12.0, 13.0, 14.0],
    "low": [9.0, 10.0, 11.0],
    "close": [11.0, 12.0, 13.0],
    "volume": [1.0, 2.0, 3.0],
}
FRAME = pl.DataFrame({"ts": TIMES, **PRICES})


def expect(series: BarSeries, *, symbol: str = "DEFAULT", first_close: datetime = START + timedelta(hours=1)) -> None:
    assert series.symbol == symbol
    assert series.timeframe == Timeframe.parse("1h")
    assert [bar.close_time for bar in series] == [first_close + timedelta(hours=hour) for hour in range(3)]
    for name, values in PRICES.items():
        assert getattr(series, name).tolist() == values


@dataclass
class Candle:
    timestamp: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def candles() -> list[Candle]:
    return [Candle(time, *(Decimal(str(PRICES[name][row])) for name in PRICES)) for row, time in enumerate(TIMES)]


class TestSources:
    def test_polars_frame(self) -> None:
        """A frame alone is the symbol DEFAULT. (B-73)"""
        expect(read_bars(FRAME)["DEFAULT"])

    @pytest.mark.parametrize("name", ["ts", "time", "Timestamp", "DATE", "datetime", "open_time", " time "])
    def test_time_column_by_any_accepted_name(self, name: str) -> None:
        """In any case. (B-73)"""
        expect(read_bars(FRAME.rename({"ts": name}))["DEFAULT"])

    def test_close_time_column_names_the_close(self) -> None:
        """No label needs to be stated for it. (B-73)"""
        expect(read_bars(FRAME.rename({"ts": "close_time"}))["DEFAULT"], first_close=START)

    def test_label_close_is_taken_as_stated(self) -> None:
        """Close = label; otherwise close = label + time frame. (B-73)"""
        expect(read_bars(FRAME, label="close")["DEFAULT"], first_close=START)

    def test_parquet_and_csv_files(self, tmp_path: Path) -> None:
        """Symbol and time frame come from the file's name. (B-73)"""
        FRAME.write_parquet(tmp_path / "BTC-USDT_1h.parquet")
        FRAME.write_csv(tmp_path / "ETH-USDT_1h.csv")
        expect(read_bars(tmp_path / "BTC-USDT_1h.parquet")["BTC/USDT"], symbol="BTC/USDT")
        expect(read_bars(str(tmp_path / "ETH-USDT_1h.csv"))["ETH/USDT"], symbol="ETH/USDT")
        folder = read_bars(tmp_path)
        assert list(folder) == ["BTC/USDT", "ETH/USDT"]
        expect(folder["ETH/USDT"], symbol="ETH/USDT")
        assert folder["ETH/USDT"].source.file == str(tmp_path / "ETH-USDT_1h.csv")

    @pytest.mark.parametrize(
        ("file", "symbol", "timeframe"),
        [
            ("GOOG_1d.parquet", "GOOG", "1d"),
            ("GOOG_RAW_15m.parquet", "GOOG_RAW", "15m"),
            ("GOOG.parquet", "GOOG", "1d"),
            ("BTCUSD_1M.parquet", "BTCUSD", "1d"),
        ],
    )
    def test_file_names(self, tmp_path: Path, file: str, symbol: str, timeframe: str) -> None:
        """Without a time frame in the name the commonest spacing counts. (B-73)"""
        times = [START + timedelta(days=day) for day in range(3)]
        FRAME.with_columns(ts=pl.Series(times)).write_parquet(tmp_path / file)
        series = read_bars(tmp_path / file)[symbol]
        assert series.timeframe == Timeframe.parse(timeframe)

    def test_pandas_frame_with_index_of_times(self) -> None:
        """The form of other backtesting tools: DatetimeIndex and capital names. (B-73)"""
        frame = pd.DataFrame(
            {name.capitalize(): values for name, values in PRICES.items()}, index=pd.DatetimeIndex(TIMES)
        )
        series = read_bars({"GOOG": frame})["GOOG"]
        expect(series, symbol="GOOG")
        assert not series.source.naive_times

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_pandas_index_of_any_resolution_and_zone(self, unit: Any) -> None:
        """Times are UTC inside whatever zone they came in. (B-45)"""
        index = pd.DatetimeIndex(TIMES).tz_convert("America/New_York").as_unit(unit)
        expect(read_bars(pd.DataFrame(PRICES, index=index))["DEFAULT"])

    def test_pandas_frame_with_a_time_column(self) -> None:
        """A column or the index. (B-73)"""
        expect(read_bars(pd.DataFrame({"Date": TIMES, **PRICES}))["DEFAULT"])
        expect(read_bars(pd.DataFrame({"Close_Time": TIMES, **PRICES}))["DEFAULT"], first_close=START)
        text = [time.isoformat() for time in TIMES]
        expect(read_bars(pd.DataFrame({"time": text, **PRICES}))["DEFAULT"])

    def test_list_of_objects_with_decimals(self) -> None:
        """Attributes and `Decimal` prices. (B-73)"""
        expect(read_bars(candles())["DEFAULT"])

    def test_list_of_mappings(self) -> None:
        """Keys in any case, text and numbers. (B-73)"""
        rows = [
            {"Time": time.isoformat(), **{key.upper(): str(values[row]) for key, values in PRICES.items()}}
            for row, time in enumerate(TIMES)
        ]
        expect(read_bars(rows)["DEFAULT"])

    def test_list_of_our_own_bars_gives_the_series_back(self) -> None:
        """Bars know their close time and symbol. (B-73)"""
        series = read_bars({"X/Y": FRAME})["X/Y"]
        expect(read_bars(list(series))["X/Y"], symbol="X/Y")
        assert read_bars(series)["X/Y"] is series
        assert read_bars(series, symbol="Z")["Z"].symbol == "Z"

    def test_dict_of_anything(self, tmp_path: Path) -> None:
        """Several symbols at once, from sources of any kind. (B-73)"""
        FRAME.write_parquet(tmp_path / "x.parquet")
        pandas = pd.DataFrame({"time": TIMES, **PRICES})
        given = {"A": FRAME, "B": pandas, "C": candles(), "D": tmp_path / "x.parquet", "E": read_bars(FRAME)["DEFAULT"]}
        found = read_bars(given)
        assert list(found) == list(given)
        for symbol, series in found.items():
            expect(series, symbol=symbol)

    def test_symbol_column_splits_a_frame(self) -> None:
        """Symbols in the order of their first bars. (B-73)"""
        both = pl.concat([FRAME.with_columns(symbol=pl.lit("Z")), FRAME.with_columns(symbol=pl.lit("A"))])
        mixed = both.sort("ts", maintain_order=True)
        found = read_bars(mixed)
        assert list(found) == ["Z", "A"]
        expect(found["A"], symbol="A")
        expect(found["Z"], symbol="Z")

    def test_missing_volume_is_zero(self) -> None:
        """Quotes have none. (B-73)"""
        assert read_bars(FRAME.drop("volume"))["DEFAULT"].volume.tolist() == [0, 0, 0]
        rows = [{"ts": TIMES[0], "open": 1, "high": 1, "low": 1, "close": 1}]
        assert read_bars(rows, timeframe="1h")["DEFAULT"].volume.tolist() == [0]

    def test_a_stated_time_frame_picks_the_file_of_a_symbol(self, tmp_path: Path) -> None:
        """A folder may hold several time frames. (B-73)"""
        FRAME.write_parquet(tmp_path / "BTC-USDT_1h.parquet")
        FRAME.with_columns(ts=pl.Series([START, START + timedelta(days=1), START + timedelta(days=2)])).write_parquet(
            tmp_path / "BTC-USDT_1d.parquet"
        )
        assert read_bars(tmp_path, timeframe="1d")["BTC/USDT"].timeframe == Timeframe.parse("1d")
        assert read_bars(tmp_path, timeframe="1h")["BTC/USDT"].timeframe == Timeframe.parse("1h")
        with pytest.raises(DataError, match="BTC/USDT is in two files"):
            read_bars(tmp_path)

    def test_arrays_may_be_written_to(self) -> None:
        """Kernels compile anew for arrays that may not."""
        series = read_bars(FRAME)["DEFAULT"]
        for name in ("close_time", *PRICES):
            assert getattr(series, name).flags.writeable


class TestTimes:
    @pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
    def test_whole_numbers_are_read_by_their_magnitude(self, factor: int) -> None:
        """Seconds, milliseconds, microseconds, nanoseconds. (B-73)"""
        epoch = [int(time.timestamp()) * factor for time in TIMES]
        expect(read_bars(FRAME.with_columns(ts=pl.Series(epoch)))["DEFAULT"])
        expect(read_bars(FRAME.with_columns(ts=pl.Series([float(value) for value in epoch])))["DEFAULT"])
        expect(read_bars(FRAME.with_columns(ts=pl.Series([str(value) for value in epoch])))["DEFAULT"])
        rows = [
            dict(zip(FRAME.columns, (value, *row[1:]), strict=True))
            for value, row in zip(epoch, FRAME.rows(), strict=True)
        ]
        expect(read_bars(rows)["DEFAULT"])

    def test_text_with_a_zone(self) -> None:
        """Any offset; UTC inside. (B-45)"""
        zone = timezone(timedelta(hours=5, minutes=30))
        text = [time.astimezone(zone).isoformat() for time in TIMES]
        series = read_bars(FRAME.with_columns(ts=pl.Series(text)))["DEFAULT"]
        expect(series)
        assert not series.source.naive_times

    @pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S.%f"])
    def test_text_without_a_zone_is_utc_and_told(self, form: str) -> None:
        """A naive time is a flaw that is reported, never a guess in silence. (B-45)"""
        series = read_bars(FRAME.with_columns(ts=pl.Series([time.strftime(form) for time in TIMES])))["DEFAULT"]
        expect(series)
        assert check_bars(series).counts == {FlawKind.NAIVE_TIME: 3}

    def test_mixed_fractions_of_seconds(self) -> None:
        """Rows written unlike the first one are read all the same."""
        text = ["2024-01-01 00:00:00", "2024-01-01 01:00:00.000", "2024-01-01 02:00"]
        expect(read_bars(FRAME.with_columns(ts=pl.Series(text)))["DEFAULT"])

    def test_naive_frames_are_utc_and_told(self) -> None:
        """In polars and pandas. (B-45)"""
        naive = FRAME.with_columns(pl.col("ts").dt.replace_time_zone(None))
        assert check_bars(read_bars(naive)["DEFAULT"]).counts == {FlawKind.NAIVE_TIME: 3}
        index = pd.DatetimeIndex(TIMES).tz_localize(None)
        series = read_bars(pd.DataFrame(PRICES, index=index))["DEFAULT"]
        expect(series)
        assert check_bars(series).counts == {FlawKind.NAIVE_TIME: 3}

    def test_dates_are_utc_days(self) -> None:
        """A date lacks no zone; its bar closes at the next midnight UTC."""
        for days in (
            pl.Series([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]),
            pl.Series(["2024-01-01", "2024-01-02", "2024-01-03"]),
        ):
            series = read_bars(FRAME.with_columns(ts=days))["DEFAULT"]
            assert series.bar(0).close_time == datetime(2024, 1, 2, tzinfo=UTC)
            assert not series.source.naive_times

    def test_commonest_spacing_is_the_time_frame(self) -> None:
        """Holes and jitter of milliseconds do not hide it; it is marked as inferred."""
        offsets = [0, 1, 2, 3.0000011, 7, 8, 30]
        times = [START + timedelta(hours=offset) for offset in offsets]
        rows = [{"time": time, "open": 1, "high": 1, "low": 1, "close": 1} for time in times]
        series = read_bars(rows)["DEFAULT"]
        assert series.timeframe == Timeframe.parse("1h")
        assert series.source.timeframe_inferred

    def test_rows_stay_as_they_came(self) -> None:
        """Nothing is sorted or dropped; that is told by the quality report. (B-45)"""
        frame = pl.concat([FRAME[2], FRAME[0], FRAME[0], FRAME[1]])
        series = read_bars(frame, timeframe="1h")["DEFAULT"]
        assert series.open.tolist() == [12.0, 10.0, 10.0, 11.0]
        assert check_bars(series).counts == {FlawKind.DUPLICATE: 1, FlawKind.BACKWARD_TIME: 2}


def without(name: str) -> pl.DataFrame:
    return FRAME.drop(name)


BAR: dict[str, object] = {"time": START, "open": 1, "high": 1, "low": 1, "close": 1}

WRONG: list[tuple[str, object, dict[str, Any], str]] = [
    ("no source", 3, {}, "cannot read bars from int"),
    ("none", None, {}, "cannot read bars from NoneType"),
    ("bytes", b"abc", {}, "cannot read bars from bytes"),
    ("empty list", [], {}, "there are no bars"),
    ("empty dict", {}, {}, "there are no bars"),
    ("empty frame", FRAME.clear(), {}, "there are no bars"),
    ("frame without anything", pl.DataFrame(), {}, "there are no bars\n  expected: at least one row"),
    ("pandas frame without anything", pd.DataFrame(), {}, "there are no bars\n  expected: at least one row"),
    ("columns of one name", FRAME.with_columns(Close=pl.lit(1.0)), {}, "there are two columns 'close' and 'Close'"),
    ("newest first", FRAME.reverse(), {}, "the bars are sorted newest first\n  .*the oldest.*\n  .*sort them by time"),
    (
        "newest first, two symbols",
        pl.concat([FRAME.with_columns(symbol=pl.lit("A")), FRAME.reverse().with_columns(symbol=pl.lit("B"))]),
        {},
        "the bars of B are sorted newest first",
    ),
    ("empty in dict", {"A": FRAME, "B": []}, {}, "B: there are no bars"),
    ("empty series", read_bars(FRAME)["DEFAULT"].select(slice(0, 0)), {}, "there are no bars"),
    ("label", FRAME, {"label": "middle"}, "label is 'middle'\n  expected: open or close"),
    ("no close", without("close"), {}, "there is no column 'close'; there are ts, open, high, low, volume"),
    ("near name", FRAME.rename({"close": "clsoe"}), {}, "did you mean 'clsoe'"),
    ("no time", without("ts"), {}, "there is no column for the time"),
    ("no time, pandas", pd.DataFrame(PRICES), {}, "there is no column for the time"),
    ("no price", FRAME.with_columns(low=pl.Series(["9", "x", "11"])), {}, "row 1: low is 'x', which is not a number"),
    ("no time value", FRAME.with_columns(ts=pl.Series([TIMES[0], None, TIMES[2]])), {}, "row 1: the time is missing"),
    (
        "guessing day and month",
        FRAME.with_columns(ts=pl.Series(["01/02/2024"] * 3)),
        {},
        "row 0: the time is '01/02/2024'",
    ),
    (
        "a word",
        FRAME.with_columns(ts=pl.Series(["2024-01-01", "2024-13-01", "x"])),
        {},
        "row 1: the time is '2024-13-01'",
    ),
    ("dates without dashes", FRAME.with_columns(ts=pl.Series([20240101, 20240102, 20240103])), {}, "without dashes"),
    ("half a second", FRAME.with_columns(ts=pl.Series([1.5, 2.5, 3.5])), {}, "row 0: the time is 1.5"),
    ("a flag", FRAME.with_columns(ts=pl.Series([True, False, True])), {}, "which is not a time"),
    ("one bar", [BAR], {}, "cannot be told from a single bar"),
    ("too narrow", FRAME, {"timeframe": "4h"}, "the bars are 1h apart, which is less than the time frame 4h"),
    ("objects without time", [object()], {}, "bar 0 has no time"),
    ("objects without close", [{"time": START, "open": 1, "high": 1, "low": 1}], {}, "bar 0 has no close"),
    ("naive object", [{**BAR, "time": datetime(2024, 1, 1)}], {}, "bar 0: the time 2024-01-01T00:00:00 has no zone"),
    ("naive text", [{**BAR, "time": "2024-01-01T00:00"}], {}, "bar 0: the time 2024-01-01T00:00:00 has no zone"),
    ("word as time", [{**BAR, "time": "soon"}], {}, "bar 0: 'soon' is not a time"),
    ("list as time", [{**BAR, "time": []}], {}, "bar 0: \\[\\] is not a time"),
    ("word as price", [BAR, {**BAR, "high": "x"}], {}, "bar 1: high is 'x', which is not a number"),
    ("flag as price", [{**BAR, "high": True}], {}, "bar 0: high is True, which is not a number"),
    (
        "two symbols under one name",
        {"A": pl.concat([FRAME.with_columns(symbol=pl.lit(name)) for name in "XY"])},
        {},
        "A: holds 2 symbols: X, Y",
    ),
]


@pytest.mark.parametrize(("source", "options", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_sources_are_refused(source: object, options: dict[str, Any], message: str) -> None:
    """Each says what came and what was expected, as a `ValueError` at once. (B-16)"""
    with pytest.raises(DataError, match=message) as caught:
        read_bars(source, **options)
    assert isinstance(caught.value, ValueError)


def test_a_wrong_time_frame_is_refused() -> None:
    """It is an option, not data. (B-16)"""
    with pytest.raises(ConfigurationError, match="'1y' is not a time frame"):
        read_bars(FRAME, timeframe="1y")


def frame_of(spacings: Sequence[int]) -> pl.DataFrame:
    """Make bars so many minutes apart."""
    times = [START + timedelta(minutes=int(minutes)) for minutes in np.cumsum([0, *spacings])]
    prices = {name: [1.0] * len(times) for name in ("open", "high", "low", "close")}
    return pl.DataFrame({"ts": times, **prices})


class TestTimeFrameShorterThanTheBars:
    def test_is_refused(self) -> None:
        """Else each close would be known before it happened. (B-16)"""
        with pytest.raises(DataError, match=r"no two bars are 30m apart; most are 1h apart\n.*\n.*timeframe: 1h"):
            read_bars(frame_of([60] * 20), timeframe="30m")

    def test_is_refused_for_one_of_several_symbols(self) -> None:
        """Each symbol is looked at. (B-16)"""
        slow = frame_of([120] * 5).with_columns(symbol=pl.lit("B"))
        frame = pl.concat([frame_of([60] * 20).with_columns(symbol=pl.lit("A")), slow])
        with pytest.raises(DataError, match="no two bars are 1h apart; most are 2h apart"):
            read_bars(frame, timeframe="1h")

    def test_is_no_matter_where_bars_are_missing(self) -> None:
        """One pair of neighbours is enough, and a few bars prove nothing. (B-71)"""
        assert len(read_bars(frame_of([60, 120, 120, 120, 600]), timeframe="1h")["DEFAULT"]) == 6
        assert len(read_bars(frame_of([1440, 4320]), timeframe="1h")["DEFAULT"]) == 3

    def test_is_refused_for_a_series(self) -> None:
        """It says its own time frame. (B-16)"""
        series = read_bars(frame_of([60] * 5))["DEFAULT"]
        with pytest.raises(DataError, match="DEFAULT: the bars are of 1h, the time frame stated is 30m"):
            read_bars(series, timeframe="30m")

    def test_is_refused_where_the_name_of_the_file_says_another(self, tmp_path: Path) -> None:
        """One of the two is wrong. (B-16)"""
        file = tmp_path / "BTC-USDT_1h.parquet"
        frame_of([60, 60]).write_parquet(file)
        for length in ("1m", "1d"):
            with pytest.raises(DataError) as caught:
                read_bars(file, timeframe=length)
            assert str(caught.value) == (
                f"{file}: the name of the file says bars of 1h, the time frame stated is {length}\n"
                f"  expected: bars of {length}\n"
                "  hint: write timeframe: 1h, or rename the file if its name is wrong"
            )

    def test_is_refused_where_the_name_of_the_file_is_wrong(self, tmp_path: Path) -> None:
        """The bars themselves tell. (B-16)"""
        frame_of([60] * 5).write_parquet(tmp_path / "BTC-USDT_1m.parquet")
        with pytest.raises(DataError, match=r"no two bars are 1m apart(.*\n)*.*name the file by it \(_1h\)"):
            read_bars(tmp_path / "BTC-USDT_1m.parquet")


class TestYearsThatDoNotFit:
    MESSAGE = "row 1: the time 2300-01-01(T00:00:00\\+00:00)? cannot be held in nanoseconds\n.*from 1678 to 2261"

    def test_text(self, tmp_path: Path) -> None:
        """They would wrap around to 1715; the line is named. (B-16)"""
        file = tmp_path / "A_1h.csv"
        file.write_text("ts,open,high,low,close\n2024-01-01,1,1,1,1\n2300-01-01,1,1,1,1\n")
        with pytest.raises(DataError, match=rf"A_1h\.csv:3: {self.MESSAGE}"):
            read_bars(file)
        file.write_text("ts,open,high,low,close\n1600-01-01T00:00Z,1,1,1,1\n2024-01-01T00:00Z,1,1,1,1\n")
        with pytest.raises(DataError, match="row 0: the time 1600-01-01T00:00Z cannot be held"):
            read_bars(file)

    @pytest.mark.parametrize(
        "times",
        [
            pl.Series([START, datetime(2300, 1, 1, tzinfo=UTC)]),
            pl.Series([START, datetime(2300, 1, 1, tzinfo=UTC)], dtype=pl.Datetime("ms", "UTC")),
            pl.Series([START.date(), date(2300, 1, 1)]),
            pl.Series([1_704_067_200, 10_413_792_000]),
            pl.Series([1_704_067_200_000, 10_413_792_000_000]),
        ],
    )
    def test_columns(self, times: pl.Series) -> None:
        """Whatever they are counted in. (B-16)"""
        frame = pl.DataFrame({"ts": times} | {name: [1.0, 1.0] for name in ("open", "high", "low", "close")})
        with pytest.raises(DataError, match=self.MESSAGE):
            read_bars(frame)

    def test_a_pandas_frame(self) -> None:
        """Its seconds reach further than nanoseconds do. (B-16)"""
        index = pd.DatetimeIndex(np.array(["2024-01-01", "2300-01-01"], dtype="datetime64[s]"), tz="UTC")
        frame = pd.DataFrame({name: [1.0, 1.0] for name in ("open", "high", "low", "close")}, index=index)
        with pytest.raises(DataError, match=self.MESSAGE):
            read_bars(frame)

    @pytest.mark.parametrize("time", [datetime(2300, 1, 1, tzinfo=UTC), "9999-12-31T23:59Z", 10**30, 10**18 * 10])
    def test_bars_one_by_one(self, time: object) -> None:
        """The bar is named. (B-16)"""
        rows = [{"ts": each, "open": 1, "high": 1, "low": 1, "close": 1} for each in (TIMES[0], time)]
        with pytest.raises(DataError, match=r"bar 1: the time .* cannot be held in nanoseconds"):
            read_bars(rows)


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "bars_1h.csv: this is no readable CSV file"),
            ("ts,open,high,low,close\n", "bars_1h.csv: there are no bars"),
            ("ts,open\n1,2\n", "bars_1h.csv: there is no column 'high', 'low', 'close'; there are ts, open"),
            (
                "ts,open,high,low,close\n2024-01-01,1,1,1,1\n2024-01-02,1,1,1,one\n",
                "bars_1h.csv:3: row 1: close is 'one'",
            ),
            ("ts,open,high,low,close\n2024-01-01,1,1,1,1\n,1,1,1,1\n", "bars_1h.csv:3: row 1: the time is missing"),
            (
                "ts,open,high,low,close\n2024-01-02,1,1,1,1\n2024-01-01,1,1,1,1\n",
                (
                    "bars_1h.csv: the bars are sorted newest first\n  expected: the oldest bar first\n"
                    "  hint: sort the rows by time and write the file again"
                ),
            ),
            (
                "ts,open,high,low,close,close\n2024-01-01,1,1,1,1,2\n",
                "bars_1h.csv: there are two columns 'close' and 'close'\n  expected: each column once",
            ),
            (
                '\ufeffts;"Open"; open ;high;low;close\n2024-01-01;1;1;1;1;2\n',
                "bars_1h.csv: there are two columns 'Open' and 'open'",
            ),
            ("ts,open,high,low,close\n2024-01-01,1,1,1,1,7,8\n", "bars_1h.csv: this is no readable CSV file"),
        ],
    )
    def test_csv(self, tmp_path: Path, text: str, message: str) -> None:
        """File, line and what came. (B-16)"""
        file = tmp_path / "bars_1h.csv"
        file.write_text(text)
        with pytest.raises(DataError) as caught:
            read_bars(file)
        assert str(caught.value).startswith(str(tmp_path / message))

    def test_separators_and_empty_cells(self, tmp_path: Path) -> None:
        """Semicolons and tabs are understood; an empty price is told by the report. (B-45)"""
        for separator in (",", ";", "\t"):
            text = "time,open,high,low,close,volume\n2024-01-01T00:00Z,1,2,1,,1\n2024-01-01T01:00Z, 1 ,2,1,1,1\n"
            file = tmp_path / "x.csv"
            file.write_text("﻿" + text.replace(",", separator), encoding="utf-8")
            series = read_bars(file)["x"]
            assert np.isnan(series.close[0])
            assert check_bars(series).counts == {FlawKind.NOT_A_NUMBER: 1}

    def test_broken_parquet(self, tmp_path: Path) -> None:
        """The file is named. (B-16)"""
        (tmp_path / "x.parquet").write_bytes(b"nonsense")
        with pytest.raises(DataError, match="this is no readable Parquet file"):
            read_bars(tmp_path / "x.parquet")

    def test_missing_unknown_and_empty(self, tmp_path: Path) -> None:
        """A near name helps. (B-16)"""
        FRAME.write_parquet(tmp_path / "BTC-USDT_1h.parquet")
        with pytest.raises(DataError, match=r"did you mean 'BTC-USDT_1h\.parquet'"):
            read_bars(tmp_path / "BTC-USD_1h.parquet")
        (tmp_path / "x.xlsx").write_bytes(b"")
        with pytest.raises(DataError, match=r"files of kind '\.xlsx' cannot be read"):
            read_bars(tmp_path / "x.xlsx")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataError, match="the folder holds no bars"):
            read_bars(tmp_path / "empty")
        with pytest.raises(DataError, match=r"files such as BTC-USDT_5m\.parquet or BTC-USDT_5m\.csv"):
            read_bars(tmp_path / "empty", timeframe="5m")

    def test_one_symbol_in_two_files(self, tmp_path: Path) -> None:
        """The hint names the time frame of a file that is there. (B-16)"""
        for length in ("1h", "30m"):
            FRAME.write_parquet(tmp_path / f"A_{length}.parquet")
        with pytest.raises(DataError, match=r"A_30m\.parquet: A is in two files.*\n.*\n.*timeframe: 30m"):
            read_bars(tmp_path)

    def test_all_problems_of_a_folder_and_a_dict_are_told_at_once(self, tmp_path: Path) -> None:
        """Not one per run. (B-16)"""
        (tmp_path / "A_1h.csv").write_text("x\n1\n")
        (tmp_path / "B_1h.csv").write_text("")
        with pytest.raises(DataError) as caught:
            read_bars(tmp_path)
        assert len(caught.value.problems) == 2
        with pytest.raises(DataError) as caught:
            read_bars({"A": 3, "B": [], "C": FRAME})
        assert [problem.message.split(":")[0] for problem in caught.value.problems] == ["A", "B"]
