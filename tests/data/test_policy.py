"""What is done about flaws."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from podium.core.errors import ConfigurationError, DataError
from podium.data.bars import BarSeries, BarSource
from podium.data.flaws import Flaw, FlawKind
from podium.data.policy import DEFAULT_ACTIONS, Policy, apply_policy
from podium.data.quality import check_bars
from podium.data.readers import read_bars
from podium.data.sample import sample_market
from podium.data.store import BarStore

CLEAN = sample_market(symbols=["BTC/USDT"], bars=400)["BTC/USDT"]


def flawed() -> BarSeries:
    """Row 50 has a negative price, row 120 comes twice, row 200 (199 of the clean bars) a bad print."""
    series = CLEAN.select(np.r_[0:121, 120:400])
    series.low[50] = -1
    series.low[200] /= 10
    return series


def applied(series: BarSeries, **actions: str) -> tuple[BarSeries, tuple[Flaw, ...]]:
    return apply_policy(series, check_bars(series), Policy.of(actions))


def test_clean_bars_pass_as_they_are() -> None:
    """The same object, nothing told. (B-45)"""
    assert applied(CLEAN) == (CLEAN, ())


def test_defaults_refuse_what_no_run_can_use_and_warn_of_the_rest() -> None:
    """Nothing is dropped unless it is stated. (B-45)"""
    errors = {kind for kind, action in DEFAULT_ACTIONS.items() if action == "error"}
    assert errors == {
        FlawKind.DUPLICATE,
        FlawKind.BACKWARD_TIME,
        FlawKind.NOT_A_NUMBER,
        FlawKind.NON_POSITIVE,
        FlawKind.HIGH_BELOW_LOW,
        FlawKind.NEGATIVE_VOLUME,
    }
    assert set(DEFAULT_ACTIONS.values()) == {"error", "warn"}
    assert set(DEFAULT_ACTIONS) == set(FlawKind)


def test_every_refused_flaw_is_told_with_row_time_and_what_to_do() -> None:
    """All in one pass. (B-45, B-16)"""
    with pytest.raises(DataError) as caught:
        applied(flawed())
    duplicate, negative = caught.value.problems
    assert duplicate.message == (
        "BTC/USDT: duplicate in the bar closing 2022-01-06T01:00:00Z (row 121): this close time was there before"
    )
    assert duplicate.hint == "mend the source, or state what to do about it: data: {flaws: {duplicate: drop}}"
    assert "non_positive in the bar closing 2022-01-03T03:00:00Z (row 50): open" in negative.message


def test_a_refused_row_of_a_text_file_is_told_with_its_line(tmp_path: Path) -> None:
    """File and line, so that it can be mended. (B-45)"""
    file = tmp_path / "X_1h.csv"
    rows = [f"2024-01-01T{hour:02}:00Z,10,11,{9 if hour != 3 else 0},10,1" for hour in range(6)]
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    series = read_bars(file)["X"]
    with pytest.raises(DataError, match=r"X_1h\.csv:5: X: non_positive"):
        applied(series)


def test_drop_removes_exactly_the_flawed_bars_and_says_so() -> None:
    """The other bars keep every bit; each kind is told. (B-45)"""
    series, told = applied(flawed(), duplicate="drop", non_positive="drop", bad_print="drop")
    keep = np.setdiff1d(np.arange(400), [50, 199])
    for name in ("close_time", "open", "high", "low", "close", "volume"):
        assert getattr(series, name).tobytes() == getattr(CLEAN, name)[keep].tobytes()
    assert {(flaw.kind, flaw.count, flaw.detail) for flaw in told} == {
        (FlawKind.DUPLICATE, 1, "1 bar dropped, as stated"),
        (FlawKind.NON_POSITIVE, 1, "1 bar dropped, as stated"),
        (FlawKind.BAD_PRINT, 1, "1 bar dropped, as stated"),
    }


def test_warn_lets_through_and_tells() -> None:
    """The bars are the same object. (B-45)"""
    given_series = CLEAN.select(np.arange(400))
    given_series.low[200] /= 10
    series, told = applied(given_series)
    assert series is given_series
    assert [(flaw.kind, flaw.row) for flaw in told] == [(FlawKind.BAD_PRINT, 200)]


def test_what_was_dropped_is_not_warned_of_once_more() -> None:
    """A bar that is gone has no flaws; those of the others are still told. (B-45)"""
    series = CLEAN.select(np.arange(400))
    series.low[50], series.close[120] = -1.005, series.close[120] + 0.005
    series.high[120] += 1
    actions = {"non_positive": "drop"}
    _, told = apply_policy(series, check_bars(series, Decimal("0.01")), Policy.of(actions))
    assert [(flaw.kind, flaw.row) for flaw in told] == [(FlawKind.OFF_TICK, 120), (FlawKind.NON_POSITIVE, 50)]


def test_the_hint_can_be_written_into_a_portfolio_file_as_it_stands() -> None:
    """What to do about a flaw is told as YAML, and it is what the file takes. (B-16, B-45)"""
    with pytest.raises(DataError) as caught:
        applied(flawed(), bad_print="error")
    for problem in caught.value.problems:
        assert problem.hint is not None
        text = problem.hint.removeprefix("mend the source, or state what to do about it: ").removesuffix(" (or warn)")
        (stated,) = YAML(typ="safe").load(text)["data"]["flaws"].items()
        assert Policy.of(dict([stated])).actions[FlawKind(stated[0])] == "drop"


def test_many_refused_flaws_are_told_by_a_few_and_a_count() -> None:
    """The message stays readable. (B-16)"""
    series = CLEAN.select(np.arange(400))
    series.volume[:] = -1
    with pytest.raises(DataError, match="395 more flaws") as caught:
        applied(series)
    assert len(caught.value.problems) == 6
    assert caught.value.problems[-1].hint == "check_bars(series).summary tells all kinds"
    series = replace(series, source=BarSource(file="my bars/X_1h.csv"))
    with pytest.raises(DataError) as caught:
        applied(series)
    assert caught.value.problems[-1].hint == "podium data check 'my bars/X_1h.csv'"


def test_nothing_left_is_refused() -> None:
    """A run needs bars. (B-16)"""
    series = CLEAN.select(np.arange(400))
    series.volume[:] = -1
    with pytest.raises(DataError, match="all 400 bars are flawed and were dropped"):
        applied(series, negative_volume="drop")


@pytest.mark.parametrize(
    ("kind", "action", "message"),
    [
        ("jumps", "warn", "unknown kind of flaw 'jumps'\n.*\n.*did you mean 'jump'"),
        ("jump", "ignore", "jump: 'ignore' cannot be done about this flaw\n  expected: drop or error or warn"),
        ("duplicate", "warn", "expected: drop or error"),
        ("not_a_number", "warn", "expected: drop or error"),
        ("gap", "drop", "expected: error or warn"),
        ("naive_time", "drop", "expected: error or warn"),
    ],
)
def test_a_policy_that_cannot_be_had_is_refused(kind: str, action: str, message: str) -> None:
    """What no run can use is never let through, and what is not there is never dropped. (B-16)"""
    with pytest.raises(ConfigurationError, match=message):
        Policy.of({kind: action})


def test_all_wrong_entries_of_a_policy_are_told_at_once() -> None:
    """One pass. (B-16)"""
    with pytest.raises(ConfigurationError) as caught:
        Policy.of({"x": "drop", "gap": "drop", "jump": "error"})
    assert len(caught.value.problems) == 2


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.integers(0, 399), min_size=1, max_size=60), bad=st.sets(st.integers(0, 59), max_size=5))
def test_what_passes_can_be_stored(rows: list[int], bad: set[int]) -> None:
    """Whatever came, after dropping it is in order of time and sound: a store takes it. (B-45)"""
    series = CLEAN.select(np.array(rows))
    for row in bad:
        series.close[row % len(rows)] = np.nan
    drop = ("duplicate", "backward_time", "not_a_number", "non_positive", "high_below_low", "negative_volume")
    try:
        kept, _ = applied(series, **dict.fromkeys(drop, "drop"))
    except DataError as error:
        assert "all" in str(error)  # noqa: PT017
        return
    BarStore.of({"BTC/USDT": kept})
    assert np.isfinite(kept.close).all()
