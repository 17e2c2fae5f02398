"""The reduction to one value a day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.errors import InvariantBroken
from podium.stats.daily import Calendar, daily_equity

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def reduced(points, calendar=Calendar.ALWAYS, start=100.0, digits=0):
    times = np.array([time for time, _ in points], dtype=np.int64)
    return daily_equity(times, np.array([value for _, value in points]), start=start, calendar=calendar, digits=digits)


def test_the_last_point_of_a_day_counts():
    """Of several points of one UTC day the last one is the day's value (B-47)."""
    daily = reduced([(HOUR, 1.0), (23 * HOUR, 2.0), (25 * HOUR, 3.0)])
    assert daily.days.tolist() == [0, 1]
    assert daily.values.tolist() == [2.0, 3.0]


def test_midnight_ends_the_day_before():
    """A bar that closes at 00:00 belongs to the day it describes, so daily bars fall on their own dates (B-47)."""
    daily = reduced([(DAY, 1.0), (2 * DAY, 2.0), (2 * DAY + 1, 3.0)])
    assert daily.days.tolist() == [0, 1, 2]
    assert daily.values.tolist() == [1.0, 2.0, 3.0]


def test_round_the_clock_fills_days_without_points():
    """With 24/7 a day without a point keeps the value of the day before; sessions leave it out (B-47)."""
    points = [(HOUR, 1.0), (3 * DAY + HOUR, 2.0)]
    assert reduced(points).values.tolist() == [1.0, 1.0, 1.0, 2.0]
    sessions = reduced(points, Calendar.SESSIONS)
    assert sessions.days.tolist() == [0, 3]
    assert sessions.values.tolist() == [1.0, 2.0]


def test_calendars_state_their_year():
    """365 days a year for every UTC day, 252 for sessions (B-47)."""
    assert (Calendar("24/7").periods_per_year, Calendar("sessions").periods_per_year) == (365, 252)


def test_units_become_money():
    """Whole units and their digits give money."""
    assert reduced([(HOUR, 12_345_678_901)], digits=8).values.tolist() == [123.45678901]


def test_the_first_day_has_a_return_from_the_starting_capital():
    """What is lost on the first day is in the returns; all days multiply to the total return (B-47)."""
    daily = reduced([(HOUR, 90.0), (DAY + HOUR, 99.0)])
    assert daily.returns().tolist() == pytest.approx([-0.1, 0.1])


def test_returns_have_no_meaning_once_money_is_gone():
    """After an equity of zero or below there are no returns; losing everything on the last day still is one."""
    assert reduced([(HOUR, 0.0), (DAY + HOUR, 5.0)]).returns() is None
    assert reduced([(HOUR, 50.0), (DAY + HOUR, 0.0)]).returns().tolist() == [-0.5, -1.0]


def test_no_points_give_no_days():
    """An empty curve is reduced to an empty series."""
    daily = reduced([])
    assert len(daily) == 0
    assert daily.calendar_days == 0
    assert daily.returns().tolist() == []


def test_times_and_points_must_belong_together():
    """Columns of different length are a defect and crash."""
    with pytest.raises(InvariantBroken):
        daily_equity(np.zeros(2, np.int64), np.zeros(3), start=1.0, calendar=Calendar.ALWAYS)


curves = st.lists(
    st.tuples(st.integers(1, 60 * DAY), st.integers(1, 10**9)),
    min_size=1,
    max_size=60,
    unique_by=lambda point: point[0],
).map(sorted)


@given(curves, st.sampled_from(list(Calendar)))
def test_reduction_equals_the_plain_definition(points, calendar):
    """The binary search gives what a loop over all points gives (B-47)."""
    last = {}
    for time, value in points:
        last[(time - 1) // DAY] = float(value)
    if calendar is Calendar.ALWAYS:
        for day in range(min(last), max(last)):
            last.setdefault(day + 1, last[day])
    daily = reduced(points, calendar)
    assert dict(zip(daily.days.tolist(), daily.values.tolist(), strict=True)) == last
    assert daily.days.tolist() == sorted(last)


@given(curves, st.data())
def test_points_that_repeat_the_value_change_nothing(points, data):
    """Other symbols' time steps, at which this equity stays as it is, do not change the daily values (B-30, B-47)."""
    first, last = points[0][0], points[-1][0]
    extra = data.draw(st.lists(st.integers(first, last), max_size=20))
    known = dict(points)
    for time in extra:
        known.setdefault(time, max(point for point in points if point[0] <= time)[1])
    denser = reduced(sorted(known.items()))
    assert denser.values.tolist() == reduced(points).values.tolist()
