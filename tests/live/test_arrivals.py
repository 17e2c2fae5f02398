"""What each bar of a symbol is when it arrives."""

from __future__ import annotations

from math import inf, nan

import pytest
from live_bars import MINUTE, bar, close_of

from podium.live.arrivals import Arrival, Arrivals, flaw_of


def after(*numbers):
    arrivals = Arrivals(MINUTE)
    for number in numbers:
        arrivals.accept(bar(number))
    return arrivals


@pytest.mark.parametrize(
    ("came", "next_bar", "now", "what"),
    [
        ((), bar(1), 1, Arrival.NEW),
        ((1, 2), bar(3), 3, Arrival.NEW),
        ((1, 2), bar(9), 9, Arrival.NEW),
        ((1, 2), bar(2), 3, Arrival.DUPLICATE),
        ((1, 2), bar(1), 3, Arrival.DUPLICATE),
        ((1, 2), bar(2, close=101.0), 3, Arrival.REVISED),
        ((1, 3), bar(2), 3, Arrival.OUT_OF_ORDER),
        ((1, 2), bar(3), 2, Arrival.FORMING),
        ((1, 2), bar(3, close=nan), 3, Arrival.FLAWED),
        ((1, 2), bar(3, volume=inf), 3, Arrival.FLAWED),
        ((1, 2), bar(3, low=0.0), 3, Arrival.FLAWED),
        ((1, 2), bar(3, low=200.0), 3, Arrival.FLAWED),
        ((1, 2), bar(3, high=1.0), 3, Arrival.FLAWED),
        ((1, 2), bar(3, volume=-1.0), 3, Arrival.FLAWED),
    ],
)  # fmt: skip
def test_what_a_bar_is(came, next_bar, now, what):
    """Only a new bar is worked on. (C-30, B-45)"""
    assert after(*came).look(next_bar, close_of(now)) is what


def test_a_hole_is_seen_by_its_time():
    """Between the last bar and a new one. (C-30)"""
    assert not after().has_hole_before(bar(5))
    assert not after(1, 2).has_hole_before(bar(3))
    assert after(1, 2).has_hole_before(bar(4))


def test_the_last_bar_of_an_earlier_run_is_known_by_its_time():
    """A source repeats it after a restart. (C-30)"""
    arrivals = Arrivals(MINUTE, last_time=close_of(7))
    assert arrivals.look(bar(7), close_of(8)) is Arrival.DUPLICATE
    assert arrivals.look(bar(6), close_of(8)) is Arrival.OUT_OF_ORDER
    assert arrivals.look(bar(8), close_of(8)) is Arrival.NEW
    assert arrivals.has_hole_before(bar(9))


def test_only_the_last_bars_are_remembered():
    """Memory does not grow with the run."""
    arrivals = after(*range(1, 1000))
    assert arrivals.look(bar(999), close_of(999)) is Arrival.DUPLICATE
    assert arrivals.look(bar(1), close_of(999)) is Arrival.OUT_OF_ORDER
    assert len(arrivals._recent) == 64


@pytest.mark.parametrize(
    ("values", "flaw"),
    [
        ({"close": nan}, "not_a_number: open 101, high 103, low 100, close nan, volume 10"),
        ({"low": -1.0}, "non_positive: open 101, high 103, low -1, close 102, volume 10"),
        ({"high": 101.5}, "high_below_low: open 101, high 101.5, low 100, close 102, volume 10"),
        ({"volume": -2.0}, "negative_volume: open 101, high 103, low 100, close 102, volume -2"),
    ],
)
def test_a_flaw_is_told_as_data_checks_tell_it(values, flaw):
    """One word for a thing. (B-45)"""
    assert flaw_of(bar(1, **values), MINUTE) == flaw
    assert flaw_of(bar(1), MINUTE) is None
