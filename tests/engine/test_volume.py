"""The volume limit: what a bar's volume does not take keeps working."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from scene import UNIT_INSTRUMENT, buy, cancel, close, plan, play, sell

from podium.core.events import EventKind
from podium.core.slippage import SlippageModel
from podium.engine.engine import EngineOptions

D = Decimal
TENTH = replace(UNIT_INSTRUMENT, volume_limit=D("0.1"))
STORY = ("filled", "limited", "rejected", "reduced", "cancelled")
LONG_ENTRY, LONG_EXIT, SHORT_ENTRY = 1, 2, 4

SCENES = [
    # what it shows, bars, orders, what happens
    ("within the limit", "100; 100 v100", {0: buy(quantity=10)}, "1 buy 10 @100"),
    ("the rest goes at the next opens", "100; 100 v40; 101 v50; 102 v90", {0: buy(quantity=12)},
     "1 buy 4 @100, 1 limited buy 8 volume_limit, 2 buy 5 @101, 2 limited buy 3 volume_limit, 3 buy 3 @102"),
    ("a share of a lot is no lot", "100; 100 v9; 100 v19", {0: buy(quantity=1)},
     "1 limited buy 1 volume_limit, 2 buy 1 @100"),
    ("a bar without volume", "100; 100 v0; 100 v20", {0: buy(quantity=2)},
     "1 limited buy 2 volume_limit, 2 buy 2 @100"),
    ("a limit order fills its rest when the price is there", "100; 100 100 98 99 v30; 99 100 99 100 v90; 100 100 97 98 v90",
     {0: buy(quantity=5, limit=98)}, "1 buy 3 @98, 1 limited buy 2 volume_limit, 3 buy 2 @98"),
    ("a stop order that was reached once has to be reached again",
     "100; 100 106 100 104 v30; 104 v90; 107 v90", {0: buy(quantity=5, trigger=105)},
     "1 buy 3 @105, 1 limited buy 2 volume_limit, 3 buy 2 @107"),
    ("orders of a bar share it, the oldest first", "100; 100 v70", {0: [buy(quantity=5), buy(quantity=5)]},
     "1 buy 5 @100, 1 buy 2 @100, 1 limited buy 3 volume_limit"),
    ("the open and the inside of a bar share it", "100; 100 100 95 95 v70", {0: [buy(quantity=5), buy(quantity=5, limit=97)]},
     "1 buy 5 @100, 1 buy 2 @97, 1 limited buy 3 volume_limit"),
    ("an order is told of once in a bar", "100; 95 95 90 95 v30", {0: buy(quantity=5, limit=97)},
     "1 buy 3 @95, 1 limited buy 2 volume_limit"),
    ("the rest can be cancelled", "100; 100 v30; 100 v90", {0: buy(quantity=5), 1: cancel()},
     "1 buy 3 @100, 1 limited buy 2 volume_limit, 1 cancelled buy cancelled"),
    ("the rest expires", "100; 100 100 95 96 v30; 98 98 95 96 v0; 98 98 95 96 v90",
     {0: buy(quantity=5, limit=97, expire=2)},
     "1 buy 3 @97, 1 limited buy 2 volume_limit, 2 limited buy 2 volume_limit, 2 cancelled buy expired"),
    ("an exit", "100; 100 v100; 100 v30; 99 v90", {0: buy(quantity=5), 1: close()},
     "1 buy 5 @100, 2 sell 3 @100 strategy_signal, 2 limited sell 2 volume_limit, 3 sell 2 @99 strategy_signal"),
    ("a stop: the rest goes at the next opens, wherever they are",
     "100; 100 v100; 100 100 90 98 v30; 99 v0; 98 v10; 97 v90", {0: buy(quantity=5, stop=95)},
     ("1 buy 5 @100, 2 sell 3 @95 stop_loss, 2 limited sell 2 volume_limit, 3 limited sell 2 volume_limit, "
     "4 sell 1 @98 stop_loss, 4 limited sell 1 volume_limit, 5 sell 1 @97 stop_loss")),
    ("a stop that nothing of fits", "100; 100 v100; 100 100 90 98 v5; 99 v90", {0: buy(quantity=5, stop=95)},
     "1 buy 5 @100, 2 limited sell 5 volume_limit, 3 sell 5 @99 stop_loss"),
    ("a target: the rest waits for its price", "100; 100 v100; 100 110 100 104 v30; 104 v90; 104 110 104 104 v90",
     {0: buy(quantity=5, target=110)},
     "1 buy 5 @100, 2 sell 3 @110 take_profit, 2 limited sell 2 volume_limit, 4 sell 2 @110 take_profit"),
    ("targets in parts", "100; 100 v100; 100 120 100 104 v30; 104 v90; 104 120 104 104 v90",
     {0: buy(quantity=8, targets=[("target", 110, 0.5), ("target", 120, 0.5)])},
     ("1 buy 8 @100, 2 sell 3 @110 take_profit, 2 limited sell 1 volume_limit, 4 sell 1 @110 take_profit, "
     "4 sell 4 @120 take_profit")),
    ("a stop closes what the open of its bar bought, too",
     "100; 100 100 96 96 v30; 90 v30; 90 v90", {0: buy(quantity=5, stop=95), 1: buy(quantity=1, limit=50)},
     ("1 buy 3 @100, 1 limited buy 2 volume_limit, 2 buy 2 @90, 2 sell 1 @90 stop_loss, 2 limited sell 4 volume_limit, "
     "3 sell 4 @90 stop_loss")),
    ("a turn: first the exit, then the entry", "100; 100 v100; 100 v30; 100 v30; 100 v30; 100 v90",
     {0: buy(quantity=5), 1: [close(), sell(quantity=5)]},
     ("1 buy 5 @100, 2 sell 3 @100 strategy_signal, 2 limited sell 2 volume_limit, 2 limited sell 5 volume_limit, "
     "3 sell 2 @100 strategy_signal, 3 sell 1 @100, 3 limited sell 4 volume_limit, 4 sell 3 @100, "
     "4 limited sell 1 volume_limit, 5 sell 1 @100")),
    ("what was sold short meanwhile is bought back by an entry, and no more",
     "100; 100 v90; 100 v30; 100 v90", {0: sell(quantity=5), 1: buy(quantity=5)},
     "1 sell 5 @100, 2 buy 3 @100 strategy_signal, 2 limited buy 2 volume_limit, 3 buy 2 @100 strategy_signal"),
]  # fmt: skip


@pytest.mark.parametrize("row", SCENES, ids=[row[0] for row in SCENES])
def test_what_a_bar_does_not_take_keeps_working(row):
    """A tenth of the volume trades (D-05)."""
    _, bars, orders, expected = row
    assert play(bars, orders, instrument=TENTH, capital=10_000).story(*STORY) == expected


@pytest.mark.parametrize("row", SCENES, ids=[row[0] for row in SCENES])
def test_what_waits_tells_what_was_filled_in_its_bar(row):
    """Nothing where the bar's share was used up before; so a part that was filled can be told from none (C-20)."""
    _, bars, orders, expected = row
    played = play(bars, orders, instrument=TENTH, capital=10_000)
    filled, told = {}, []
    for event in (event for block in played.engine.events() for event in block):
        key = (int(event["step"]), int(event["order"]))
        if event["kind"] == EventKind.ORDER_FILLED:
            filled[key] = int(event["quantity"])
        elif event["kind"] == EventKind.ORDER_LIMITED:
            told.append((int(event["notional"]), filled.get(key, 0)))
    assert len(told) == expected.count("limited")
    assert all(said == found for said, found in told)


def test_the_rest_of_an_entry_ends_with_its_position():
    """Closed by hand before the rest was bought: it is not entered any more (D-05)."""
    orders = {0: buy(quantity=9, limit=98), 1: close()}
    played = play("100; 100 100 97 99 v30; 99 v90; 97 v90", orders, instrument=TENTH, capital=10_000)
    assert played.story(*STORY) == (
        "1 buy 3 @98, 1 limited buy 6 volume_limit, 2 sell 3 @99 strategy_signal, 2 cancelled buy position_closed"
    )


def test_strategies_share_the_volume_in_portfolio_order():
    """Five are in the bar: the first strategy takes four of them (D-05)."""
    orders = {0: [buy(quantity=4), buy(quantity=4).on(1)]}
    played = play("100; 100 v50; 100 v90", orders, instrument=TENTH, cells=[(0, 0), (1, 0)])
    assert played.story() == "1 buy 4 @100, 1 buy 1 @100, 2 buy 3 @100"


def test_the_volume_ties_strategies_and_nothing_else_does():
    """What another one trades delays an entry; without a limit it does not (B-30, B-32)."""
    own = {0: [buy(quantity=4).on(1)]}
    other = {0: [buy(quantity=4), buy(quantity=4).on(1)]}
    for instrument, is_tied in ((TENTH, True), (UNIT_INSTRUMENT, False)):
        given = {"instrument": instrument, "cells": [(0, 0), (1, 0)]}
        alone, together = (play("100; 100 v50; 100 v90", orders, **given) for orders in (own, other))
        times = [[int(event["step"]) for event in played.events if event["cell"] == 1] for played in (alone, together)]
        assert (times[0] != times[1]) == is_tied


def test_what_works_on_stays_reserved():
    """12 at 100 are decided with 1,200; 4 are bought, 800 are held for the other 8 (design 4)."""
    played = play("100; 100 v40", {0: buy(quantity=12)}, instrument=TENTH, capital=2_000)
    account = played.account()
    assert (account["used"], account["reserved"], account["cash"]) == (400, 800, 1600)


def test_a_rest_that_became_dearer_shrinks_to_what_fits():
    """1,200 bought 4 at 100; of the 8 left only 4 fit at 190 (design 4)."""
    played = play("100; 100 v40; 190 v90", {0: buy(quantity=12)}, instrument=TENTH, capital=1_200)
    assert played.story() == "1 buy 4 @100, 2 reduced buy 4 capital_limit, 2 buy 4 @190"


def test_the_least_quantity_is_for_orders_not_for_their_parts():
    """Two are less than three, but a part of five (D-05)."""
    instrument = replace(TENTH, quantity_minimum=D(3), notional_minimum=D(300))
    played = play("100; 100 v20; 100 v90", {0: buy(quantity=5)}, instrument=instrument)
    assert played.story() == "1 buy 2 @100, 2 buy 3 @100"


def test_an_entry_sized_at_its_fill_keeps_that_size():
    """1,000 at 100 are 10; the rest is no more than that at 50 (design 4)."""
    options = EngineOptions(entry_buffer=0, size_at_fill=True)
    played = play("100; 100 v40; 50 v900", {0: buy()}, instrument=TENTH, options=options)
    assert played.story() == "1 buy 4 @100, 2 buy 6 @50"


def test_an_order_filled_at_the_close_goes_on_at_the_opens():
    """``fill: close`` takes what the deciding bar has, the rest goes at the next open (D-05)."""
    options = EngineOptions(entry_buffer=0, fill_at_close=True)
    played = play("100 v40; 90 95 90 95 v30; 96 v90", {0: buy(quantity=9)}, instrument=TENTH, options=options)
    assert played.story() == "0 buy 4 @100, 1 buy 3 @90, 2 buy 2 @96"


def test_the_impact_is_that_of_what_trades():
    """400 of 1,600 fit: the root of 400 ÷ 4,000 is 0.3162278, so 3.162278 % of 100 (D-05)."""
    instrument = replace(TENTH, slippage_model=SlippageModel(impact=D(1), window=1))
    played = play("100 110 100 110 v4000; 100 v4000", {0: buy(quantity=1600)}, instrument=instrument, capital=10**6)
    assert played.story() == "1 buy 400 @104"


def test_the_time_exit_counts_from_the_first_part():
    """Three bars after the first 3 were bought everything is sold (D-05)."""
    bars = "100; 100 v30; 100 v30; 100 v90; 100 v90; 100 v90"
    played = play(bars, {0: buy(quantity=6, max_bars=3)}, instrument=TENTH)
    assert played.story() == "1 buy 3 @100, 2 buy 3 @100, 4 sell 6 @100 time_exit"


def test_the_end_of_the_data_is_not_limited():
    """It is no trade on the market but the last valuation (design 4)."""
    played = play("100; 100 v90; 100 v0", {0: buy(quantity=9)}, instrument=TENTH, finish="close")
    assert played.story() == "1 buy 9 @100, 2 sell 9 @100 end_of_data"


RULES = [
    # what it shows, bars, signals, what happens
    ("an entry that is wanted again is on its way", "100; 100 v0; 100 v30; 100 v30", [LONG_ENTRY] * 4,
     "0 generated buy, 1 limited buy 5 volume_limit, 2 buy 3 @100, 2 limited buy 2 volume_limit, 3 buy 2 @100"),
    ("the other side cancels it", "100; 100 v0; 100 v90", [LONG_ENTRY, SHORT_ENTRY],
     "0 generated buy, 1 limited buy 5 volume_limit, 1 cancelled buy cancelled, 1 generated sell, 2 sell 5 @100"),
    ("an exit cancels the rest of an entry, and is on its way", "100; 100 v30; 100 v0; 100 v20; 100 v90",
     [LONG_ENTRY, LONG_EXIT, LONG_EXIT, LONG_EXIT],
     ("0 generated buy, 1 buy 3 @100, 1 limited buy 2 volume_limit, 1 cancelled buy cancelled, "
     "1 generated sell strategy_signal, 2 limited sell 3 volume_limit, 3 sell 2 @100 strategy_signal, "
     "3 limited sell 1 volume_limit, 4 sell 1 @100 strategy_signal")),
    ("nothing is decided while a stop is on its way", "100; 100 v90; 90 v30; 100 v90", [LONG_ENTRY, 0, LONG_EXIT],
     "0 generated buy, 1 buy 5 @100, 2 sell 3 @90 stop_loss, 2 limited sell 2 volume_limit, 3 sell 2 @100 stop_loss"),
]  # fmt: skip


@pytest.mark.parametrize("row", RULES, ids=[row[0] for row in RULES])
def test_rules_do_not_ask_twice(row):
    """What a rules strategy wants and already has working is not ordered again (D-05)."""
    _, bars, signals, expected = row
    played = play(bars, signals={0: signals}, plans=plan(quantity=5, stop_distance=5), instrument=TENTH)
    assert played.story("generated", *STORY) == expected
