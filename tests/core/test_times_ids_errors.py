"""Times are UTC nanoseconds, ids are made from content, errors say what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.core.clock import SystemClock
from podium.core.errors import (
    ConfigurationError,
    InputError,
    InvariantBroken,
    LedgerOverflow,
    Location,
    PodiumError,
    Problem,
    RunError,
    StrategyFailed,
    did_you_mean,
    invariant,
    refuse_unknown,
    within,
)
from podium.core.ids import digest, run_id
from podium.core.times import Timeframe, from_nanoseconds, iso, parse_end, parse_time, to_nanoseconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1m", 60), ("4h", 14_400), ("1d", 86_400), ("2w", 1_209_600)]
)
def test_a_time_frame_is_read_and_printed(text, seconds):
    """The text and the length are the same thing."""
    frame = Timeframe.parse(text)
    assert (frame.nanoseconds, str(frame)) == (seconds * 10**9, text)


@pytest.mark.parametrize("text", ["", "0m", "1", "m", "1.5h", "-1h", "1 month"])
def test_what_is_no_time_frame_is_refused(text):
    """(B-19)"""
    with pytest.raises(ConfigurationError, match="is not a time frame"):
        Timeframe.parse(text)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))
def test_times_go_in_and_out_unchanged(moment):
    """To the microsecond, whatever the zone they came in."""
    aware = moment.replace(tzinfo=timezone(timedelta(hours=5, minutes=30)))
    nanoseconds = to_nanoseconds(aware)
    assert from_nanoseconds(nanoseconds) == aware
    assert parse_time(iso(nanoseconds)) == nanoseconds


def test_a_naive_time_is_refused():
    """Nobody knows which moment it names (B-45)."""
    with pytest.raises(ConfigurationError, match="has no zone"):
        to_nanoseconds(datetime(2024, 1, 1))


def test_a_date_without_zone_is_utc_and_nonsense_is_refused():
    """What people type."""
    assert from_nanoseconds(parse_time("2024-01-31")) == datetime(2024, 1, 31, tzinfo=UTC)
    with pytest.raises(ConfigurationError, match="'yesterday' is not a time"):
        parse_time("yesterday")


def test_the_end_of_a_period_given_as_a_date_includes_that_day():
    """`--to 2024-01-31` means all of January (D-06)."""
    assert iso(parse_end("2024-01-31")) == "2024-02-01T00:00:00Z"
    assert iso(parse_end("2024-01-31T12:00Z")) == "2024-01-31T12:00:00Z"


def test_the_clock_moves_forward():
    """The one place that looks at a clock."""
    clock = SystemClock()
    assert clock.now() > to_nanoseconds(datetime(2024, 1, 1, tzinfo=UTC))
    assert clock.monotonic() <= clock.monotonic()


def test_ids_come_from_content():
    """Equal content, equal name; boundaries between parts count."""
    assert digest(b"a", b"bc") != digest(b"ab", b"c")
    assert run_id("my demo/1", "20241231", "a1b2c3d4e5") == "my-demo-1-20241231-a1b2c3d4"
    assert run_id("///", "20241231", "ffff") == "portfolio-20241231-ffff"


def test_a_problem_says_where_what_expected_and_what_to_do():
    """The one form of every message (D-06)."""
    problem = Problem(
        message="unknown key 'weigth' in strategies[0]",
        location=Location(file="portfolio.yaml", line=21, column=5),
        expected="one of id, weight",
        hint="did you mean 'weight'?",
    )
    assert str(InputError([problem, Problem(message="more")])) == (
        "portfolio.yaml:21:5: unknown key 'weigth' in strategies[0]\n"
        "  expected: one of id, weight\n"
        "  hint: did you mean 'weight'?\n"
        "more"
    )


def test_a_problem_knows_which_option_it_is_about_and_later_where_that_stands():
    """Keys and positions until who has read the file knows the line; a location that is known stays. (D-06)"""
    with pytest.raises(InputError) as caught, within("fee_tiers", 1), within("volume"):
        raise InputError([Problem(message="too fine"), Problem(message="too much", location=Location(file="a"))])
    inner, located = caught.value.problems
    assert inner.place == ("fee_tiers", 1, "volume")
    assert str(inner.located(Location(file="b", line=2))) == "b:2: too fine"
    assert located.located(Location(file="b")) is located


def test_unknown_names_are_refused_together():
    """Each says what named it, what there is and what was meant. (D-06)"""
    refuse_unknown([("BTC", "a names 'BTC'")], ["BTC", "ETH"])
    with pytest.raises(ConfigurationError) as caught:
        refuse_unknown([("BTC", "a names 'BTC'"), ("ETC", "b names 'ETC'"), ("X", "c names 'X'")], ["BTC", "ETH"])
    assert [(problem.message, problem.hint) for problem in caught.value.problems] == [
        ("b names 'ETC'", "did you mean 'ETH'?"),
        ("c names 'X'", None),
    ]
    assert {problem.expected for problem in caught.value.problems} == {"one of BTC, ETH"}


@pytest.mark.parametrize(
    ("word", "hint"), [("weigth", "did you mean 'weight'?"), ("WEIGHT", "did you mean 'weight'?"), ("zzz", None)]
)
def test_a_near_name_is_suggested(word, hint):
    """Only when it is near (D-06)."""
    assert did_you_mean(word, ["id", "weight"]) == hint


def test_the_tree_of_errors_tells_input_from_run():
    """Input errors are ValueErrors; failures of a run are not."""
    assert issubclass(ConfigurationError, ValueError)
    for failure in (
        StrategyFailed(strategy_id="a", symbol="X", time="t", cause=KeyError("k")),
        LedgerOverflow(strategy_id="a", symbol="X", time="t"),
    ):
        assert isinstance(failure, RunError)
        assert not isinstance(failure, ValueError)
        assert "'a'" in str(failure)
    assert issubclass(InvariantBroken, PodiumError)


def test_a_broken_invariant_crashes_and_shows_what_was_found():
    """Never a silent continuation."""
    invariant(True, "holds")
    with pytest.raises(InvariantBroken, match=r"sums agree \(left=1, right=2\)"):
        invariant(False, "sums agree", left=1, right=2)
