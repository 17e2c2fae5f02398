"""What the quality report finds, on bars made for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from podium.core.errors import DataError
from podium.core.times import Timeframe, to_nanoseconds
from podium.data.bars import BarSeries, BarSource
from podium.data.flaws import LISTED_FLAWS, FlawKind
from podium.data.policy import Policy, apply_policy
from podium.data.quality import check_bars
from podium.data.readers import read_bars
from podium.data.sample import SAMPLE_TICKS, sample_market

CLEAN = sample_market(symbols=["BTC/USDT"], bars=2_000)["BTC/USDT"]
TICK = SAMPLE_TICKS["BTC/USDT"]


def changed(row: int, **values: float) -> BarSeries:
    series = CLEAN.select(np.arange(len(CLEAN)))
    for name, value in values.items():
        getattr(series, name)[row] = value
    return series


def test_clean_bars_have_no_flaw() -> None:
    """And the summary says so. (B-45)"""
    report = check_bars(CLEAN, TICK)
    assert report.counts == {}
    assert report.flaws == ()
    assert report.summary.endswith("no flaws")


PRICE = float(CLEAN.close[99])


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({"close": float("nan")}, {FlawKind.NOT_A_NUMBER}),
        ({"high": float("inf")}, {FlawKind.NOT_A_NUMBER}),
        ({"volume": float("nan")}, {FlawKind.NOT_A_NUMBER}),
        ({"open": 0.0, "low": 0.0}, {FlawKind.NON_POSITIVE}),
        ({"low": -5.0}, {FlawKind.NON_POSITIVE}),
        ({"high": PRICE * 0.9}, {FlawKind.HIGH_BELOW_LOW}),
        ({"low": PRICE * 1.01}, {FlawKind.HIGH_BELOW_LOW}),
        ({"volume": -1.0}, {FlawKind.NEGATIVE_VOLUME}),
        ({"volume": 0.0}, {FlawKind.ZERO_VOLUME_RUN}),
        ({"low": PRICE / 10}, {FlawKind.BAD_PRINT}),
        ({"high": PRICE * 2}, {FlawKind.BAD_PRINT}),
        ({"open": PRICE / 2, "low": PRICE / 2}, {FlawKind.BAD_PRINT, FlawKind.JUMP}),
        ({"low": float(CLEAN.low[100]) - 0.03}, {FlawKind.OFF_TICK}),
    ],
)
def test_one_wrong_bar_is_found_and_no_other(values: dict[str, float], kinds: set[FlawKind]) -> None:
    """Exactly that row. (B-45)"""
    series = changed(100, **values)
    # Keep the changed prices on the grid where the tick is not the question.
    tick = TICK if FlawKind.OFF_TICK in kinds else None
    report = check_bars(series, tick)
    assert set(report.counts) == kinds
    for rows in report.rows.values():
        assert rows.tolist() == [100]


LONG = sample_market(symbols=["BTC/USDT"], bars=2 * 16_384 + 5)["BTC/USDT"]


@pytest.mark.parametrize("row", [0, 1, 16_383, 16_384, 16_385, 2 * 16_384, len(LONG) - 1])
@pytest.mark.parametrize("factor", [0.5, 0.94, 0.88, 1.12, 1.06, 2.0, float("nan")])
def test_a_long_series_is_looked_over_in_pieces_without_a_seam(row: int, factor: float) -> None:
    """A wrong close is found wherever it stands: in a long series as among its neighbours alone. (B-45)"""
    series = LONG.select(np.arange(len(LONG)))
    series.close[row] *= factor
    low, high = np.minimum(series.low, series.close), np.maximum(series.high, series.close)
    series = replace(series, low=low, high=high)
    first = max(row - 500, 0) // 32 * 32
    found, alone = check_bars(series), check_bars(series.select(slice(first, row + 500)))
    near = {kind: rows[(rows >= row - 2) & (rows <= row + 2)].tolist() for kind, rows in found.rows.items()}
    assert near == {kind: (rows + first).tolist() for kind, rows in alone.rows.items()}


def test_a_lone_close_is_a_bad_print() -> None:
    """A close far from the close before and the open after it. (B-45)"""
    wrong = float(np.round(PRICE * 1.5, 1))
    report = check_bars(changed(100, close=wrong, high=wrong), TICK)
    assert report.rows[FlawKind.BAD_PRINT].tolist() == [100]


def test_a_split_is_a_jump_and_no_bad_print() -> None:
    """The price stays where it went. (B-45)"""
    series = CLEAN.select(np.arange(len(CLEAN)))
    for name in ("open", "high", "low", "close"):
        getattr(series, name)[1_000:] /= 2
    report = check_bars(series)
    assert report.rows[FlawKind.JUMP].tolist() == [1_000]
    assert set(report.counts) == {FlawKind.JUMP}
    assert "(× 0.5)" in report.flaws[0].detail


def test_duplicates_and_backward_times_are_told_apart() -> None:
    """What is left without both is strictly growing. (B-45)"""
    rows = np.array([0, 1, 1, 3, 2, 4, 0, 5, 5])
    report = check_bars(CLEAN.select(rows))
    assert report.rows[FlawKind.DUPLICATE].tolist() == [2, 6, 8]
    assert report.rows[FlawKind.BACKWARD_TIME].tolist() == [4]
    keep = np.setdiff1d(np.arange(len(rows)), [2, 4, 6, 8])
    assert (np.diff(CLEAN.close_time[rows][keep]) > 0).all()
    assert FlawKind.GAP not in report.counts  # row 4 fills what row 3 seems to skip


def test_a_gap_is_told_with_its_length() -> None:
    """Missing bars are counted, in a market that never closes all of them. (B-71)"""
    report = check_bars(CLEAN.select(np.r_[0:500, 503:1_000, 1_300:2_000]))
    assert report.rows[FlawKind.GAP].tolist() == [500, 997]
    assert [flaw.detail.split(" after")[0] for flaw in report.flaws] == ["300 bars missing", "3 bars missing"]
    assert report.notes == ("303 bars missing in all, the longest hole lasts 12.5 days",)


def sessions(first: datetime, days: int, *, hours: range, closed: frozenset[int] = frozenset({5, 6})) -> BarSeries:
    moments = [
        first + timedelta(days=day, hours=hour)
        for day in range(days)
        for hour in hours
        if (first + timedelta(days=day)).weekday() not in closed
    ]
    times = np.array([to_nanoseconds(moment) for moment in moments], dtype=np.int64)
    ones = np.ones(len(times))
    return BarSeries(
        symbol="X",
        timeframe=Timeframe.parse("1h"),
        close_time=times,
        open=ones,
        high=ones,
        low=ones,
        close=ones,
        volume=ones,
        source=BarSource(),
    )


def test_nights_and_week_ends_are_usual() -> None:
    """A market with sessions has no gap, but a note. (B-71)"""
    series = sessions(datetime(2024, 1, 1, tzinfo=UTC), 100, hours=range(9, 17))
    report = check_bars(series)
    assert FlawKind.GAP not in report.counts
    assert any(note.startswith("the market closes regularly: 71 usual closings") for note in report.notes)


def test_summer_time_is_no_gap() -> None:
    """When the sessions move by an hour, nothing is missing. (B-71)"""
    winter = sessions(datetime(2024, 1, 1, tzinfo=UTC), 70, hours=range(9, 17))
    summer = sessions(datetime(2024, 3, 11, tzinfo=UTC), 70, hours=range(8, 16))
    both = replace(winter, close_time=np.concatenate([winter.close_time, summer.close_time]))
    ones = np.ones(len(both.close_time))
    both = replace(both, open=ones, high=ones, low=ones, close=ones, volume=ones)
    assert FlawKind.GAP not in check_bars(both).counts


def test_a_missing_session_is_a_gap_of_its_bars() -> None:
    """Eight bars of a Wednesday, not the night around them. (B-71)"""
    series = sessions(datetime(2024, 1, 1, tzinfo=UTC), 100, hours=range(9, 17))
    wednesday = to_nanoseconds(datetime(2024, 2, 7, tzinfo=UTC))
    day = (series.close_time >= wednesday) & (series.close_time < wednesday + 86_400_000_000_000)
    report = check_bars(series.select(~day))
    (flaw,) = report.flaws
    assert flaw.kind == FlawKind.GAP
    assert flaw.detail.startswith("8 bars missing after 2024-02-06T16:00:00Z")


def test_zero_volume_runs_are_told_by_their_length() -> None:
    """One entry per run, the counts are bars. (B-45)"""
    series = changed(0)
    series.volume[100:130] = 0
    series.volume[500] = 0
    report = check_bars(series)
    assert report.counts == {FlawKind.ZERO_VOLUME_RUN: 31}
    assert [(flaw.row, flaw.count) for flaw in report.flaws] == [(100, 30), (500, 1)]


def test_many_flaws_are_told_by_the_worst_and_a_count() -> None:
    """Nothing is lost: the rows are all there and the counts add up. (B-45)"""
    series = changed(0)
    rows = np.arange(50, 2_000, 40)
    series.low[rows] = series.low[rows] / np.linspace(2, 50, len(rows))
    report = check_bars(series)
    assert report.rows[FlawKind.BAD_PRINT].tolist() == rows.tolist()
    assert len(report.flaws) == LISTED_FLAWS + 1
    assert report.flaws[0].row == rows[-1]
    assert sum(flaw.count for flaw in report.flaws) == len(rows)
    assert "more until" in report.flaws[-1].detail


def test_off_tick_counts_bars() -> None:
    """A coarser tick than the prices have. (B-45)"""
    report = check_bars(CLEAN, Decimal(1))
    on_grid = np.ones(len(CLEAN), dtype=np.bool_)
    for price in (CLEAN.open, CLEAN.high, CLEAN.low, CLEAN.close):
        on_grid &= price == np.rint(price)
    assert report.counts == {FlawKind.OFF_TICK: int((~on_grid).sum())}


def test_an_odd_second_is_found() -> None:
    """One bar off the clock of its series. (B-45)"""
    series = changed(0)
    series.close_time[700] += 5_000_000
    assert check_bars(series).rows[FlawKind.ODD_SESSION].tolist() == [700]


def daily(weekdays: Collection[int], *, weeks: int, hour: int = 0, extra: Sequence[int] = ()) -> BarSeries:
    """Make daily bars that open on some days of the UTC week (0 is Monday), and on some other days from the first."""
    monday = datetime(2024, 1, 1, hour, tzinfo=UTC)
    days = sorted({7 * week + day for week in range(weeks) for day in weekdays} | set(extra))
    frame = pl.DataFrame({"ts": [monday + timedelta(days=day) for day in days]}).with_columns(
        *(pl.lit(100.0).alias(name) for name in ("open", "high", "low", "close", "volume"))
    )
    return read_bars(frame, timeframe="1d")["DEFAULT"]


def odd_days(series: BarSeries) -> int:
    return check_bars(series).counts.get(FlawKind.ODD_SESSION, 0)


def test_a_market_east_of_greenwich_has_no_odd_days() -> None:
    """Its Monday opens on the Sunday of UTC. (B-45)"""
    tokyo = daily((6, 0, 1, 2, 3), weeks=52, hour=15)
    assert odd_days(tokyo) == 0
    kept, _ = apply_policy(tokyo, check_bars(tokyo), Policy.of({"odd_session": "drop"}))
    assert len(kept) == len(tokyo)


def test_a_market_whose_midnight_wanders_with_summer_time_has_no_odd_days() -> None:
    """Half of its weeks begin on a Sunday of UTC, and then they end on a Thursday. (B-45)"""
    winter, summer = daily(range(5), weeks=26), daily((-1, 0, 1, 2, 3), weeks=26, hour=23)
    times = np.sort(np.concatenate([winter.close_time, summer.close_time + 26 * 7 * 86_400 * 10**9]))
    year = replace(daily(range(5), weeks=52), close_time=times)
    assert odd_days(year) == 0


def test_few_bars_show_no_habit() -> None:
    """Three of them, one on a Sunday. (B-45)"""
    assert odd_days(daily((6, 7, 8), weeks=1)) == 0


def test_a_rare_day_is_odd() -> None:
    """A Saturday in a year of Mondays to Fridays, a Friday in one of Sundays to Thursdays. (B-45)"""
    assert odd_days(daily(range(5), weeks=52, extra=[5])) == 1
    assert odd_days(daily((6, 0, 1, 2, 3), weeks=52, extra=[4])) == 1


def test_a_sunday_before_five_days_is_odd() -> None:
    """A few hours that belong to the Monday, in every week. (B-45)"""
    assert odd_days(daily((6, 0, 1, 2, 3, 4), weeks=52)) == 52


def test_no_bars_is_refused() -> None:
    """There is nothing to look over. (B-16)"""
    with pytest.raises(DataError, match="there are no bars"):
        check_bars(CLEAN.select(slice(0, 0)))


@pytest.mark.parametrize("rows", [1, 2, 3, 31, 33])
def test_few_bars_are_enough(rows: int) -> None:
    """Short series are looked over as well."""
    assert check_bars(CLEAN.select(slice(0, rows)), TICK).counts == {}


def test_the_bars_are_not_changed() -> None:
    """Never a silent repair. (B-45)"""
    series = changed(100, close=float("nan"), low=-1.0)
    before = {
        name: getattr(series, name).tobytes() for name in ("close_time", "open", "high", "low", "close", "volume")
    }
    check_bars(series, TICK)
    assert before == {name: getattr(series, name).tobytes() for name in before}
