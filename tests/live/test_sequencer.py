"""Bars of all symbols become time steps in one order, whatever the order in which they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_bars import bar, close_of

from podium.live.sequencer import Sequencer, is_stale

A, B, C = "BTC/USDT", "ETH/USDT", "SOL/USDT"


def sequencer(due=lambda _time: (A, B, C), **options):
    return Sequencer((A, B, C), due=due, bar_wait=1.0, **options)


def deliver(the, number, symbol, at):
    return the.deliver(symbol, close_of(number), bar(number, symbol), at)


def released(the, at):
    """Take everything that is ready, as (minute, symbols, late)."""
    found = []
    while (release := the.take(at)) is not None:
        found.append(
            ((release.time - close_of(0)) // (close_of(1) - close_of(0)), tuple(release.bars), release.is_late)
        )
    return found


def test_a_step_waits_for_all_that_are_due_and_is_in_the_order_of_the_portfolio():
    """The last bar releases it, and who came first does not matter."""
    the = sequencer()
    for symbol in (C, A):
        assert deliver(the, 1, symbol, 0.0)
        assert released(the, 0.5) == []
    deliver(the, 1, B, 0.6)
    assert released(the, 0.6) == [(1, (A, B, C), False)]
    assert the.deadline() is None


def test_a_step_waits_no_longer_than_bar_wait_from_its_first_bar():
    """A silent symbol holds nobody up."""
    the = sequencer()
    deliver(the, 1, B, 10.0)
    deliver(the, 1, A, 10.9)
    assert the.deadline() == 11.0
    assert released(the, 10.999) == []
    assert released(the, 11.0) == [(1, (A, B), False)]


def test_a_symbol_whose_market_is_closed_is_not_waited_for():
    """Who is due is told by the calendars."""
    the = sequencer(due=lambda time: (A, B) if time == close_of(1) else (A, B, C))
    deliver(the, 1, A, 0.0)
    deliver(the, 1, B, 0.0)
    assert released(the, 0.0) == [(1, (A, B), False)]


def test_a_late_bar_is_a_step_of_its_own_and_time_never_goes_back():
    """It is released at its arrival, before what waits, with the time of the last step."""
    the = sequencer()
    deliver(the, 1, A, 0.0)
    assert released(the, 1.0) == [(1, (A,), False)]
    deliver(the, 2, A, 60.0)
    assert not deliver(the, 1, C, 60.1)
    assert not deliver(the, 1, B, 60.2)
    assert released(the, 60.2) == [(1, (C,), True), (1, (B,), True)]
    assert released(the, 61.0) == [(2, (A,), False)]
    assert not deliver(the, 1, C, 61.0)
    assert released(the, 61.0) == [(2, (C,), True)]


def test_steps_are_released_in_the_order_of_time():
    """A complete step waits for an earlier one that is incomplete, but not beyond its time."""
    the = sequencer()
    for symbol in (A, B, C):
        deliver(the, 2, symbol, 0.2)
    deliver(the, 1, A, 0.4)
    assert released(the, 0.5) == []
    assert the.deadline() == 1.4
    assert released(the, 1.4) == [(1, (A,), False), (2, (A, B, C), False)]


def test_nobody_waits_for_a_symbol_that_left_until_it_joins_again():
    """What it had delivered still counts."""
    the = sequencer()
    deliver(the, 1, A, 0.0)
    deliver(the, 1, B, 0.0)
    the.leave(C)
    assert released(the, 0.0) == [(1, (A, B), False)]
    deliver(the, 2, A, 60.0)
    the.leave(A)
    deliver(the, 2, B, 60.0)
    assert released(the, 60.0) == [(2, (A, B), False)]
    the.join(A)
    the.join(C)
    deliver(the, 3, B, 120.0)
    assert released(the, 120.5) == []


def test_a_run_that_goes_on_knows_what_was_released():
    """After a restart a bar of the last step is late, not a step in the past."""
    the = sequencer(last_time=close_of(5))
    assert not deliver(the, 5, A, 0.0)
    assert deliver(the, 6, A, 0.0)
    assert the.last_time == close_of(5)


@given(st.permutations([(number, symbol) for number in range(1, 6) for symbol in (A, B, C)]))
def test_with_no_late_bar_the_order_is_canonical_whatever_the_order_of_arrival(arrivals):
    """All bars within the wait: five steps of all symbols, in order."""
    the = sequencer()
    for number, symbol in arrivals:
        deliver(the, number, symbol, 0.0)
    assert released(the, 0.0) == [(number, (A, B, C), False) for number in range(1, 6)]


@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.sampled_from((A, B, C)), st.floats(0, 2)),
        max_size=30,
        unique_by=lambda x: x[:2],
    ),
)
def test_every_bar_is_released_exactly_once_and_time_never_goes_back(arrivals):
    """Nothing is lost or doubled, late or not."""
    the, at, found = sequencer(), 0.0, []
    for number, symbol, pause in arrivals:
        at += pause
        deliver(the, number, symbol, at)
        while (release := the.take(at)) is not None:
            found.append(release)
    while (release := the.take(at + 1.0)) is not None:
        found.append(release)
    times = [release.time for release in found]
    assert times == sorted(times)
    bars = [(each.close_time, each.symbol) for release in found for each in release.bars.values()]
    assert sorted(bars) == sorted((bar(number).close_time, symbol) for number, symbol, _ in arrivals)


@pytest.mark.parametrize(("released_at", "stale"), [(0, False), (60, False), (61, True), (3600, True)])
def test_a_bar_is_stale_when_it_closed_too_long_ago(released_at, stale):
    """By the run's clock; exactly as long ago as allowed is not."""
    second = 1_000_000_000
    assert is_stale(close_of(1), close_of(1) + released_at * second, 60 * second) is stale
