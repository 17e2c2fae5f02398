"""Bars of a longer time frame."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.core.errors import DataError
from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import Bar, BarSeries
from podium.data.resample import Resampler, resample
from podium.data.sample import sample_market

HOUR = Timeframe.parse("1h")
BTC = sample_market(symbols=["BTC/USDT"], bars=900)["BTC/USDT"]


def at(text: str) -> int:
    return to_nanoseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


def hours(*closes: str) -> BarSeries:
    bars = [
        Bar(
            symbol="X",
            close_time=datetime.fromisoformat(close).replace(tzinfo=UTC),
            open=10.0 + row,
            high=12.0 + row,
            low=9.0 - row,
            close=11.0 + row,
            volume=1.0 + row,
        )
        for row, close in enumerate(closes)
    ]
    return BarSeries.of("X", HOUR, bars)


def test_a_bucket_takes_open_high_low_close_and_volume() -> None:
    """Four hours make one bar, known at the row that closes it."""
    series = hours("2024-01-01 01:00", "2024-01-01 02:00", "2024-01-01 03:00", "2024-01-01 04:00", "2024-01-01 05:00")
    result, known = resample(series, Timeframe.parse("4h"))
    assert known.tolist() == [3]
    bar = result.bar(0)
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10.0, 15.0, 6.0, 14.0, 10.0)
    assert bar.close_time == datetime(2024, 1, 1, 4, tzinfo=UTC)
    assert result.timeframe == Timeframe.parse("4h")


def test_a_bucket_without_its_last_bar_is_known_one_bar_later() -> None:
    """Only the next bar proves it complete; its own close time stays the end of the bucket. (D-09)"""
    result, known = resample(hours("2024-01-01 03:00", "2024-01-01 05:00"), Timeframe.parse("4h"))
    assert known.tolist() == [1]
    assert result.close_time.tolist() == [at("2024-01-01 04:00")]


def test_one_bar_may_complete_two_buckets() -> None:
    """The end of one is missing, and the bar ends the other."""
    series = hours("2024-01-01 03:00", "2024-01-01 08:00")
    result, known = resample(series, Timeframe.parse("4h"))
    assert known.tolist() == [1, 1]
    assert result.close_time.tolist() == [at("2024-01-01 04:00"), at("2024-01-01 08:00")]
    carried = Resampler(HOUR, Timeframe.parse("4h"))
    assert [len(carried.update(bar)) for bar in series] == [0, 2]


def test_an_unproven_last_bucket_is_left_out() -> None:
    """Nothing is invented at the end of the data. (B-71)"""
    result, known = resample(hours("2024-01-01 05:00", "2024-01-01 06:00"), Timeframe.parse("4h"))
    assert len(result) == len(known) == 0


def test_weeks_end_on_monday_at_midnight() -> None:
    """2024-01-08 is a Monday."""
    series = hours("2024-01-05 12:00", "2024-01-08 00:00", "2024-01-08 01:00")
    result, known = resample(series, Timeframe.parse("1w"))
    assert result.close_time.tolist() == [at("2024-01-08 00:00")]
    assert known.tolist() == [1]


def test_the_same_time_frame_gives_the_series_back() -> None:
    """Bars that close off the clock are not moved."""
    series = hours("2024-01-01 03:30", "2024-01-01 04:30")
    result, known = resample(series, HOUR)
    assert result.close_time.tolist() == series.close_time.tolist()
    assert known.tolist() == [0, 1]
    assert Resampler(HOUR, HOUR).update(series.bar(0)) == (series.bar(0),)


@pytest.mark.parametrize("timeframe", ["30m", "90m", "100s"])
def test_what_is_no_multiple_is_refused(timeframe: str) -> None:
    """The message says what would do. (B-16)"""
    with pytest.raises(DataError, match="a multiple of 1h"):
        resample(BTC, Timeframe.parse(timeframe))
    with pytest.raises(DataError, match="a multiple of 1h"):
        Resampler(HOUR, Timeframe.parse(timeframe))


def test_bars_out_of_order_are_refused() -> None:
    """Buckets are made of checked bars only."""
    with pytest.raises(DataError, match="not in order"):
        resample(BTC.select(np.array([3, 2])), Timeframe.parse("4h"))


@settings(max_examples=60, deadline=None)
@given(
    keep=st.lists(st.booleans(), min_size=900, max_size=900),
    timeframe=st.sampled_from(["2h", "3h", "4h", "7h", "1d", "1w", "2w"]).map(Timeframe.parse),
)
def test_carried_forward_equals_made_whole_to_the_bit(keep: list[bool], timeframe: Timeframe) -> None:
    """The same bars at the same base rows, with holes anywhere. (design 1, D-09)"""
    series = BTC.select(np.array(keep))
    result, known = resample(series, timeframe)
    carried = Resampler(HOUR, timeframe)
    made = [(row, bar) for row in range(len(series)) for bar in carried.update(series.bar(row))]
    assert [row for row, _ in made] == known.tolist()
    assert [bar for _, bar in made] == list(result)


@settings(max_examples=40, deadline=None)
@given(stop=st.integers(1, 900), timeframe=st.sampled_from(["3h", "4h", "1d"]).map(Timeframe.parse))
def test_the_future_changes_no_completed_bar(stop: int, timeframe: Timeframe) -> None:
    """Cutting the data off leaves the bars that were known by then, and no others. (D-07)"""
    whole, known = resample(BTC, timeframe)
    cut, known_cut = resample(BTC.select(slice(0, stop)), timeframe)
    by_then = known < stop
    assert known_cut.tolist() == known[by_then].tolist()
    assert list(cut) == list(whole.select(by_then))
