"""Costs: fees, slippage, spread, margin, and how the cost of a position is split over its exits."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene import UNIT_INSTRUMENT, buy, close, play, sell

from podium.core.money import RATE_SCALE
from podium.engine.costs_kernel import affordable, entry_cost
from podium.engine.engine import EngineOptions
from podium.engine.plain import kernel_table
from podium.engine.tables import INSTRUMENT

D = Decimal
ENTRY_ONLY = EngineOptions(entry_buffer=0, spread_on_exit=False)
TAKER = replace(UNIT_INSTRUMENT, taker_fee=D("0.001"))
BOTH = replace(TAKER, maker_fee=D("0.0005"))
REBATE = replace(TAKER, maker_fee=D("-0.0002"))
PER_UNIT = replace(UNIT_INSTRUMENT, fee_per_unit=D("0.02"))
MINIMUM = replace(TAKER, fee_minimum=D(5))
TINY = replace(UNIT_INSTRUMENT, tick=D("1e-8"), taker_fee=D("0.5"), fee_per_unit=D(0))
MIXED = replace(TINY, fee_per_unit=D("0.75e-8"))
REBATE_PER_UNIT = replace(TINY, taker_fee=D("-0.5"), fee_per_unit=D("0.25e-8"))
LIMIT = {0: buy(quantity=10, limit=96)}

FEES = [
    # what it shows, instrument, bars, orders, fees of the fills
    ("taker", TAKER, "100; 100", {0: buy(quantity=10)}, ["1"]),
    ("taker, both ways", TAKER, "100; 100; 110", {0: buy(quantity=10), 1: close()}, ["1", "1.1"]),
    ("a resting limit order is a maker", BOTH, "100; 100 100 95 95", LIMIT, ["0.48"]),
    ("a limit order that trades at its first open is a taker", BOTH, "100; 95", LIMIT, ["0.95"]),
    ("a limit order that trades at a later open is a maker", BOTH, "100; 100; 95", LIMIT, ["0.475"]),
    ("without a maker fee it pays the taker's", TAKER, "100; 100 100 95 95", LIMIT, ["0.96"]),
    ("a stop order is a taker", BOTH, "100; 100 106 99 105", {0: buy(quantity=10, trigger=105)}, ["1.05"]),
    ("a stop-loss is a taker, a target a maker", BOTH, "100; 100 110 89 90",
     {0: [buy(quantity=10, stop=90, targets=[("target", 110, 0.5)])]}, ["1", "0.9"]),
    ("a target is a maker", BOTH, "100; 100 110 99 100", {0: buy(quantity=10, target=110)}, ["1", "0.55"]),
    ("a rebate", REBATE, "100; 100 100 95 95", LIMIT, ["-0.192"]),
    ("per unit", PER_UNIT, "100; 100", {0: buy(quantity=10)}, ["0.2"]),
    ("per unit, with lots of a tenth", replace(PER_UNIT, lot=D("0.1")), "100; 100", {0: buy(quantity=10)}, ["0.02"]),
    ("at least the minimum", MINIMUM, "100; 100", {0: buy(quantity=10)}, ["5"]),
    ("more than the minimum", replace(MINIMUM, fee_minimum=D("0.5")), "100; 100", {0: buy(quantity=10)}, ["1"]),
    ("two fees are rounded once: 1.5 + 0.75 units", MIXED, "3; 3", {0: buy(quantity=1)}, ["0.00000002"]),
    ("half a unit, to even: down", TINY, "1; 1", {0: buy(quantity=1)}, ["0"]),
    ("half a unit, to even: up", TINY, "3; 3", {0: buy(quantity=1)}, ["0.00000002"]),
    ("a rebate and a fee: -1.5 + 0.25 units", REBATE_PER_UNIT, "3; 3", {0: buy(quantity=1)}, ["-0.00000001"]),
    ("a rebate and a fee: -0.5 + 0.25 units", REBATE_PER_UNIT, "1; 1", {0: buy(quantity=1)}, ["0"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("instrument", "bars", "orders", "expected"), [row[1:] for row in FEES], ids=[row[0] for row in FEES]
)
def test_fees_are_what_the_instrument_says(instrument, bars, orders, expected):
    """Rate × notional + fee per unit, rounded once half to even, at least the minimum (B-23, design 4)."""
    assert play(bars, orders, capital=10_000, instrument=instrument).fees() == [D(fee) for fee in expected]


PRICES = [
    # what it shows, slippage, spread, options, bars, orders, what happens
    ("slippage: a market buy is worse, to the tick", 0.001, 0, None, "100; 100", {0: buy(quantity=1)}, "1 buy 1 @101"),
    ("slippage: a market sale is worse, to the tick", 0.001, 0, None, "100; 100", {0: sell(quantity=1)}, "1 sell 1 @99"),
    ("slippage: a whole tick is one", 0.01, 0, None, "100; 100", {0: buy(quantity=1)}, "1 buy 1 @101"),
    ("slippage: not for a limit order", 0.001, 0, None, "100; 100 100 94 95", {0: buy(quantity=1, limit=95)}, "1 buy 1 @95"),
    ("slippage: not for a stop order", 0.001, 0, None, "100; 106", {0: buy(quantity=1, trigger=105)}, "1 buy 1 @106"),
    ("slippage: not for a stop-loss", 0.001, 0, None, "100; 100 101 95 96", {0: buy(quantity=1, stop=95)},
     "1 buy 1 @101, 1 sell 1 @95 stop_loss"),
    ("spread: market", 0, 0.001, None, "100; 100; 100", {0: buy(quantity=1), 1: close()}, "1 buy 1 @101, 2 sell 1 @99 strategy_signal"),
    ("spread: stop order", 0, 0.001, None, "100; 100 106 99 105", {0: buy(quantity=1, trigger=105)}, "1 buy 1 @106"),
    ("spread: not for a limit order", 0, 0.001, None, "100; 95", {0: buy(quantity=1, limit=95)}, "1 buy 1 @95"),
    ("spread: stop-loss", 0, 0.001, None, "100; 100 101 95 96", {0: buy(quantity=1, stop=95)}, "1 buy 1 @101, 1 sell 1 @94 stop_loss"),
    ("spread: stop-loss of a short", 0, 0.001, None, "100; 100 105 99 100", {0: sell(quantity=1, stop=105)},
     "1 sell 1 @99, 1 buy 1 @106 stop_loss"),
    ("spread: not for a target", 0, 0.001, None, "100; 100 110 99 100", {0: buy(quantity=1, target=110)},
     "1 buy 1 @101, 1 sell 1 @110 take_profit"),
    ("spread on entry: exits at the open", 0, 0.001, ENTRY_ONLY, "100; 100; 100", {0: buy(quantity=1), 1: close()},
     "1 buy 1 @101, 2 sell 1 @100 strategy_signal"),
    ("spread on entry: a stop-loss at its level", 0, 0.001, ENTRY_ONLY, "100; 100 101 95 96", {0: buy(quantity=1, stop=95)},
     "1 buy 1 @101, 1 sell 1 @95 stop_loss"),
    ("both add up before they are rounded", 0.006, 0.006, None, "100; 100", {0: buy(quantity=1)}, "1 buy 1 @102"),
    ("no sale below one tick", 0.9, 0, None, "1; 1", {0: sell(quantity=1)}, "1 sell 1 @1"),
    ("levels are relative to the worsened fill", 0.001, 0, None, "100; 100 101 96 97", {0: buy(quantity=1, stop_distance=5)},
     "1 buy 1 @101, 1 sell 1 @96 stop_loss"),
    ("the end of the data costs no slippage", 0.001, 0.001, None, "100; 100", {0: buy(quantity=1)}, "1 buy 1 @101, 1 sell 1 @100 end_of_data"),
]  # fmt: skip


@pytest.mark.parametrize("row", PRICES, ids=[row[0] for row in PRICES])
def test_prices_are_worsened_as_stated(row):
    """Slippage worsens market orders, spread market and stop orders, to the tick against the trader (B-24, design 4)."""
    _, slippage, spread, options, bars, orders, expected = row
    finish = "close" if "end_of_data" in expected else "keep"
    assert play(bars, orders, slippage=slippage, spread=spread, options=options, finish=finish).story() == expected


def test_what_slippage_and_spread_cost_is_on_record():
    """Two ticks on 3 lots in, one tick on 3 lots out (B-46)."""
    trade = play("100; 100; 100", {0: buy(quantity=3), 1: close()}, slippage=0.01, spread=0.01,
                 options=ENTRY_ONLY).trades()[0]  # fmt: skip
    assert (trade["notional"], trade["exit_notional"], trade["slippage"], trade["realised"]) == (306, 297, 9, -9)


def test_leverage_binds_a_part_and_returns_it():
    """10 at 100 with leverage 3 bind 333.33333333; a partial exit returns its share, the last the rest (design 4)."""
    levered = replace(UNIT_INSTRUMENT, leverage=D(3))
    played = play("100; 100; 100; 100", {0: buy(quantity=10), 1: close(quantity=3), 2: close()}, instrument=levered)
    used = [played.money(event["used"]) for event in played.events if event["kind"] == 6]
    assert used == [D("333.33333333"), D("233.33333333"), 0]
    assert played.account()["cash"] == 1000


def test_margin_rounds_half_to_even():
    """3 units with leverage 2 bind 1.5 units: 2."""
    tiny = replace(UNIT_INSTRUMENT, tick=D("1e-8"), leverage=D(2))
    assert play("3; 3", {0: buy(quantity=1)}, instrument=tiny).account()["used"] == D("0.00000002")


def test_partial_exits_split_the_cost_exactly():
    """Cost 302 on 3 lots, closed one by one at 110: 302 / 3 half to even, the last takes the rest (design 4)."""
    bars = "100; 100; 101; 101; 110; 110; 110"
    orders = {
        0: buy(quantity=1), 1: buy(quantity=1), 2: buy(quantity=1),
        3: close(quantity=1), 4: close(quantity=1), 5: close(quantity=1),
    }  # fmt: skip
    played = play(bars, orders)
    realised = [played.money(event["realised"]) for event in played.events if event["kind"] == 6][3:]
    assert realised == [D("9.33333333"), D("9.33333334"), D("9.33333333")]
    assert played.account()["cash"] == 1028


def test_a_short_sale_s_proceeds_are_not_cash():
    """Shorts are booked like longs: the notional moves from cash to used (design 4)."""
    account = play("100; 100; 90", {0: sell(quantity=5)}).account()
    assert (account["cash"], account["used"], account["equity"]) == (500, 500, 1050)


def test_a_loss_beyond_the_margin_comes_out_of_cash():
    """Leverage 10: 5 at 100 bind 50; at 85 they return 50 − 75 (design 4)."""
    levered = replace(UNIT_INSTRUMENT, leverage=D(10))
    account = play("100; 100; 85", {0: buy(quantity=5), 1: close()}, instrument=levered).account()
    assert (account["cash"], account["used"], account["realised"]) == (925, 0, -75)


def test_a_ruined_account_enters_nothing():
    """Leverage 10: 90 at 100 bind 900; at 80 the loss is 1,800: cash is negative and nothing is available (design 4)."""
    levered = replace(UNIT_INSTRUMENT, leverage=D(10))
    orders = {0: buy(quantity=90), 1: close(), 3: [buy(), buy(fraction=0.5), buy(quantity=1)]}
    played = play("100; 100; 80; 80; 80", orders, instrument=levered)
    assert played.account()["cash"] == -800
    assert played.story().endswith(
        "3 rejected buy capital_limit, 3 rejected buy capital_limit, 3 rejected buy capital_limit"
    )


def test_a_rebate_buys_nothing_in_advance():
    """What a fill will bring is not spent before it: 1,000 buys 10 at 100, not 11, whatever the rebate (design 4)."""
    generous = replace(UNIT_INSTRUMENT, taker_fee=D("-0.1"))
    played = play("100; 100", {0: buy()}, instrument=generous)
    assert played.story() == "1 buy 10 @100"
    assert played.account()["cash"] == 100


@settings(max_examples=300, deadline=None)
@given(
    budget=st.integers(1, 10**14),
    price=st.integers(1, 10**7),
    unit=st.integers(1, 10**6),
    rate=st.sampled_from([0, 1_000_000, -200_000]),
    minimum=st.sampled_from([0, 5, 10**8, 10**12]),
    leverage=st.sampled_from([1, 3, 10]),
)
def test_no_lot_more_is_affordable(*, budget, price, unit, rate, minimum, leverage):
    """Everything means the most lots that the budget pays for, whatever the least fee leaves of it (B-23)."""
    rows = np.zeros(1, INSTRUMENT)
    rows["money_per_tick_lot"], rows["leverage"], rows["fee_minimum"] = unit, leverage * RATE_SCALE, minimum
    instrument = kernel_table(rows)[0]
    lots = affordable(instrument, budget, price, rate)
    assert lots == 0 or entry_cost(instrument, lots, price, rate) <= budget
    assert entry_cost(instrument, lots + 1, price, rate) > budget


def test_a_least_fee_beside_cheap_lots_takes_no_time():
    """A lot for a unit and a least fee of 10¹³: the answer is found by halving, not by counting (B-23)."""
    rows = np.zeros(1, INSTRUMENT)
    rows["money_per_tick_lot"], rows["leverage"], rows["fee_minimum"] = 1, RATE_SCALE, 10**13
    assert affordable(kernel_table(rows)[0], 10**13 + 7, 1, 0) == 7
