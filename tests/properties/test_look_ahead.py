"""No strategy of any form can see the future: changing or removing it leaves the past as it was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import FORMS, PROOF, Plain, Reversal, configuration, events, walk

from podium import Strategy, StrategyOrchestrator
from podium.core.times import iso
from podium.data.bars import BarSeries
from podium.rules import close

BARS = 180


def with_other_future(series, cut, seed):
    """Keep the bars up to ``cut``; what comes after is another walk that starts where it likes."""
    other = walk(series.symbol, len(series), seed + 77_777)
    return replace(
        series,
        **{
            name: np.concatenate((getattr(series, name)[:cut], getattr(other, name)[cut:]))
            for name in ("open", "high", "low", "close", "volume")
        },
    )


def past_of(make, series: BarSeries, until):
    """Run what ``make`` builds from these bars, and list what happened up to a time.

    ``make`` gets all bars, future included, as the author of a strategy may have them in a notebook.
    """
    run = StrategyOrchestrator([(make(series), Decimal(1))], configuration(series.symbol, finish="keep"))
    result = run.run({series.symbol: series}, Decimal(100_000))
    curve = result.aggregate_equity_curve
    equity = curve.units[curve.times_nanoseconds <= until].tolist()
    return [record for record in events(result) if record["time"] <= iso(until)], equity


def changed_past(make, seed, cut):
    """List what the future changed in the past: nothing, if the strategy is honest."""
    series = walk("X", BARS, seed)
    until = int(series.close_time[cut - 1])
    truth, equity = past_of(make, series, until)
    found = []
    for what, other in (
        ("another future", with_other_future(series, cut, seed)),
        ("no future", series.select(slice(0, cut))),
    ):
        past, curve = past_of(make, other, until)
        if past != truth:
            found.append(f"{what}: events")
        if curve != equity:
            found.append(f"{what}: equity")
    return found


@settings(max_examples=500 if PROOF else 60, deadline=None)
@given(form=st.sampled_from(FORMS), seed=st.integers(0, 10_000), cut=st.integers(1, BARS - 1))
def test_no_form_of_strategy_sees_the_future(form, seed, cut):
    """Rules, rules in slow time, code, code in slow time and adapted classes decide on the past alone. (B-15)"""
    assert changed_past(lambda _: form(), seed, cut) == []


FRAME: dict[str, BarSeries] = {}


class Peek(Strategy):
    """A cheat: it looks the next close up in a frame that its module happens to hold."""

    def on_bar(self, bar):
        closes = FRAME["bars"].close
        if bar.index + 1 < len(closes) and closes[bar.index + 1] > bar.close:
            if self.position.is_flat:
                self.buy(fraction=0.5)
        elif self.position.is_long:
            self.close()


def peeking_code(series):
    FRAME["bars"] = series
    return Peek()


def peeking_rule(series):
    """A cheat: its threshold is the mean of all closes, those of the future among them."""

    class AboveTheMeanOfAllTime(Strategy):
        long_entry = close > float(np.mean(series.close))
        long_exit = close < float(np.mean(series.close))

    return AboveTheMeanOfAllTime()


def peeking_class(series):
    """A cheat that knows nothing of Podium: it was given the whole history when it was made."""

    class Known(Plain):
        def should_enter(self, bars):
            return bool(series.close[min(len(bars) + 9, len(series) - 1)] > float(bars[-1].close))

    return Known()


@pytest.mark.parametrize("cheat", [peeking_code, peeking_rule, peeking_class])
def test_a_planted_cheat_is_caught(cheat):
    """The same check that passes honest strategies finds one that peeks, in each form. (B-15)"""
    caught = {line for seed in range(12) for line in changed_past(cheat, seed, 120)}
    assert "another future: events" in caught


class Reaching(Reversal):
    """Try to read what is not there yet."""

    reach = 0

    def on_bar(self, bar):
        ways = (
            lambda: self.z[-1],
            lambda: bar.at(bar.index + 1),
            lambda: bar.at(-1),
            lambda: self.up[-1],
        )
        ways[self.reach]()

    up = close > close[1]


@pytest.mark.parametrize("reach", range(4))
def test_reaching_forward_is_refused(reach):
    """An index of the future is an error that says so, not a number. (B-15)"""
    reaching = Reaching()
    reaching.reach = reach
    with pytest.raises(Exception, match=r"IndexError: .*(lies in the future|is not known at bar)"):
        changed_past(lambda _: reaching, 1, 50)
