"""Fee tiers by traded volume, and the least notional of an entry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from scene import UNIT_INSTRUMENT, buy, close, play, sell

from podium.core.events import EventKind
from podium.engine.engine import EngineOptions

D = Decimal
#: Volume, taker's fee, maker's fee.
TIERS = [(0, "0.01", "0.005"), (500, "0.005", "0.002"), (1500, "0.001", "0")]
OWN = replace(UNIT_INSTRUMENT, taker_fee=D("0.02"))
OWN_MAKER = replace(UNIT_INSTRUMENT, maker_fee=D("0.03"))
EACH_DAY = {step: buy(quantity=5) for step in range(5)}


def changes(played):
    """Give the changes of tier as (step, tier, volume)."""
    rows = played.events[played.events["kind"] == EventKind.FEE_TIER_CHANGED]
    return [(int(row["step"]), int(row["order"]), played.money(row["notional"])) for row in rows]


def test_the_volume_of_the_days_before_decides_the_fees_of_a_day():
    """500 a day from day 1 on, worked out by hand: today's own volume never counts (D-05).

    Bar k closes at the midnight that ends day k. Day 1: 500 × 1 % = 5. Day 2 has seen 500, day 3 1,000: 0.5 %, 2.5.
    Day 4 has seen 1,500, day 5 2,000: 0.1 %, 0.5.
    """
    played = play("100; 100; 100; 100; 100; 100", EACH_DAY, capital=10_000, hours=24, fee_tiers=TIERS)
    assert played.fees() == [D(5), D("2.5"), D("2.5"), D("0.5"), D("0.5")]
    assert changes(played) == [(2, 2, 500), (4, 3, 1500)]


def test_volume_is_forgotten_after_thirty_days():
    """A single trade on day 1 counts on the days 2 to 31; on day 32 the first tier is back (D-05)."""
    played = play("; ".join(["100"] * 40), {0: buy(quantity=20), 31: buy(quantity=1)}, capital=10_000, hours=24,
                  fee_tiers=TIERS)  # fmt: skip
    assert changes(played) == [(2, 3, 2000), (32, 1, 0)]
    assert played.fees() == [D(20), D(1)]


@pytest.mark.parametrize(("gap", "forgotten_on"), [(27, 32), (28, 32), (29, 32), (30, 33), (60, 63)])
def test_days_without_bars_pass(gap, forgotten_on):
    """What a day traded leaves the window however many days the market was closed (D-05)."""
    bars = "100; 100; 100; " + "-; " * gap + "; ".join(["100"] * 12)
    played = play(bars, {0: buy(quantity=20)}, capital=10_000, hours=24, fee_tiers=TIERS)
    days = (played.engine.timeline.days + 1).tolist()
    assert [(days[step], tier) for step, tier, _ in changes(played)] == [(2, 3), (forgotten_on, 1)]


def test_both_sides_and_all_strategies_count():
    """A sale of 300 by one and a purchase of 200 by another make 500 (D-05)."""
    orders = {0: [sell(quantity=3), buy(quantity=2).on(1)], 1: buy(quantity=1).on(1)}
    played = play("100; 100; 100", orders, cells=[(0, 0), (1, 0)], hours=24, fee_tiers=TIERS)
    assert played.fees() == [D(3), D(2), D("0.5")]


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [(UNIT_INSTRUMENT, ["5", "0.96"]), (OWN, ["10", "9.6"]), (OWN_MAKER, ["5", "14.4"])],
    ids=["tiers", "own fees", "own maker fee"],
)
def test_a_symbol_s_own_fees_go_before_the_tiers(instrument, expected):
    """Bought 5 as a taker on day 1; a limit order rests and trades 5 at 96 as a maker on day 2 (D-05)."""
    played = play("100; 100; 100 100 95 95", {0: buy(quantity=5), 1: buy(quantity=5, limit=96)}, capital=10_000,
                  instrument=instrument, hours=24, fee_tiers=TIERS)  # fmt: skip
    assert played.fees() == [D(fee) for fee in expected]


def test_bars_of_one_day_share_a_tier():
    """Hours of one day: what was traded at one o'clock changes nothing before midnight (D-05)."""
    played = play("; ".join(["100"] * 30), {1: buy(quantity=5), 20: close(), 26: buy(quantity=5)}, fee_tiers=TIERS)
    assert played.fees() == [D(5), D(5), D("2.5")]
    # The bar that closes at 01:00 is the first of the new day.
    assert changes(played) == [(25, 2, 1000)]


def test_a_long_quiet_stretch_ends_where_the_tier_changes():
    """Nothing happens for days, but the day that calls for other fees is found (design 1.1)."""
    bars = "; ".join(["100"] * 24 * 40)
    signals = np.zeros(24 * 40, np.uint8)
    signals[[1, 10]] = 1, 2
    played = play(bars, signals={0: signals}, fee_tiers=[(0, "0.01", 0), (50, "0.02", 0)])
    assert changes(played) == [(25, 2, 200), (31 * 24 + 1, 1, 0)]


MINIMUM = replace(UNIT_INSTRUMENT, notional_minimum=D(250))
CHEAP = replace(MINIMUM, taker_fee=D("0.01"))
REFUSALS = [
    # what it shows, bars, orders, what happens
    ("worth less", "100; 100", {0: buy(quantity=2)}, "0 rejected buy min_notional"),
    ("worth enough", "100; 100", {0: buy(quantity=3)}, "1 buy 3 @100"),
    ("worth exactly as much", "125; 125", {0: buy(quantity=2)}, "1 buy 2 @125"),
    ("money", "100; 100", {0: buy(money=249)}, "0 rejected buy min_notional"),
    ("a fraction of a large capital", "100; 100", {0: buy(fraction=0.2)}, "0 rejected buy min_notional"),
    ("the price of a limit order counts", "100; 100 100 80 80", {0: buy(quantity=3, limit=83)},
     "0 rejected buy min_notional"),
    ("the least quantity is told first", "300; 300", {0: buy(fraction=0.2)}, "0 rejected buy min_quantity"),
    ("an exit is never too small", "100; 100; 50; 50", {0: buy(quantity=3), 2: close(quantity=1)},
     "1 buy 3 @100, 3 sell 1 @50 strategy_signal"),
    ("a price that fell since the decision", "100; 50", {0: buy(quantity=3)}, "1 buy 3 @50"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSALS, ids=[row[0] for row in REFUSALS])
def test_an_entry_is_worth_the_least_notional(row):
    """Entries below it are refused at the decision; exits never are (D-05)."""
    _, bars, orders, expected = row
    assert play(bars, orders, instrument=MINIMUM).story() == expected


def test_capital_that_is_gone_is_told_as_such():
    """All of 1,000 would do, but 900 are bound: the capital is what lacks (D-05)."""
    orders = {0: buy(quantity=9), 1: buy()}
    assert play("100; 100; 100", orders, instrument=MINIMUM).story().endswith("1 rejected buy capital_limit")


def test_an_entry_that_shrinks_below_it_at_the_fill_is_cancelled():
    """3 at 100 were decided with 300; at 120 only 2 fit, worth 240 (D-05)."""
    played = play("100; 120", {0: buy(quantity=3)}, instrument=MINIMUM, capital=300)
    assert played.story() == "1 cancelled buy capital_limit"


def test_an_entry_sized_at_its_fill_is_looked_at_there():
    """A fifth of 1,000 buys 2 at 100 (D-05)."""
    options = EngineOptions(entry_buffer=0, size_at_fill=True)
    played = play("100; 100", {0: buy(fraction=0.2)}, instrument=MINIMUM, options=options)
    assert played.story() == "1 cancelled buy min_notional"


def test_the_volume_ties_strategies_and_nothing_else_does():
    """The same orders cost a strategy less when another one trades; without tiers they cost the same (B-30, B-32)."""
    own = {0: buy(quantity=2), 1: buy(quantity=2), 2: close()}
    other = {0: [own[0], buy(quantity=9).on(1)], 1: own[1], 2: own[2]}
    cells = [(0, 0), (1, 0)]
    given = {"capital": 10_000, "hours": 24, "cells": cells}
    for tiers, is_tied in ((TIERS, True), ([], False)):
        alone, together = (play("100; 100; 100; 100", orders, fee_tiers=tiers, **given) for orders in (own, other))
        fees = [played.account(0)["fees"] for played in (alone, together)]
        assert (fees[0] != fees[1]) == is_tied


def test_what_crosses_inside_is_no_volume():
    """Bought 5 and sold 3 at 100 on day 1: 800 in two orders, but 200 in one when they are netted (D-05)."""
    orders = {0: [buy(quantity=5), sell(quantity=3).on(1)], 1: buy(quantity=1)}
    volumes = []
    for netted in (False, True):
        options = EngineOptions(entry_buffer=0, netted=netted)
        played = play("100; 100; 100", orders, cells=[(0, 0), (1, 0)], hours=24, options=options,
                      fee_tiers=[(0, "0.01", 0), (1, "0.005", 0)])  # fmt: skip
        volumes.append(changes(played))
    assert volumes == [[(2, 2, 800)], [(2, 2, 200)]]
