"""Sizes: what an entry of each kind comes out at, what it reserves, and why it is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from scene import UNIT_INSTRUMENT, buy, close, play, sell

from podium.engine.engine import EngineOptions
from podium.engine.tables import NO_LEVEL

D = Decimal
BUFFER = EngineOptions()
EXACT = EngineOptions(entry_buffer=0)
AT_FILL = EngineOptions(entry_buffer=0, size_at_fill=True)
COMPOUNDING = EngineOptions(entry_buffer=0, compounding=True)
PLAIN = UNIT_INSTRUMENT
FEE = replace(PLAIN, taker_fee=D("0.01"))
LEVERED = replace(PLAIN, leverage=D(2))
BOUNDED = replace(PLAIN, quantity_minimum=D(2), quantity_maximum=D(5))
LEAST_FIVE = replace(PLAIN, quantity_minimum=D(5))

# The capital is 1,000.
SIZES = [
    # what it shows, options, instrument, bars, orders by step, what happens
    ("everything", EXACT, PLAIN, "100; 100", {0: buy()}, "1 buy 10 @100"),
    ("everything, behind the buffer of 1 %", BUFFER, PLAIN, "100; 101", {0: buy()}, "1 buy 9 @101"),
    ("everything, with its fee", EXACT, FEE, "100; 100", {0: buy()}, "1 buy 9 @100"),
    ("everything, with leverage", EXACT, LEVERED, "100; 100", {0: buy()}, "1 buy 20 @100"),
    ("everything, short", EXACT, PLAIN, "100; 100", {0: sell()}, "1 sell 10 @100"),
    ("everything, at a limit", EXACT, PLAIN, "100; 100 100 45 50", {0: buy(limit=50)}, "1 buy 20 @50"),
    ("everything, up to the maximum", EXACT, BOUNDED, "100; 100", {0: buy()}, "1 buy 5 @100"),
    ("fraction", EXACT, PLAIN, "100; 100", {0: buy(fraction=0.5)}, "1 buy 5 @100"),
    ("fraction, behind the buffer", BUFFER, PLAIN, "100; 100", {0: buy(fraction=0.5)}, "1 buy 4 @100"),
    ("fraction, with leverage", EXACT, LEVERED, "100; 100", {0: buy(fraction=0.5)}, "1 buy 10 @100"),
    ("quantity", EXACT, PLAIN, "100; 100", {0: buy(quantity=3)}, "1 buy 3 @100"),
    ("money", EXACT, PLAIN, "100; 100", {0: buy(money=350)}, "1 buy 3 @100"),
    ("risk to a stop as a distance", EXACT, PLAIN, "100; 100", {0: buy(risk=0.05, stop_distance=10)}, "1 buy 5 @100"),
    ("risk to a stop as a price", EXACT, PLAIN, "100; 100", {0: buy(risk=0.04, stop=95)}, "1 buy 8 @100"),
    ("risk to a stop as a ratio", EXACT, PLAIN, "100; 100", {0: buy(risk=0.04, stop_ratio=0.2)}, "1 buy 2 @100"),
    ("risk, short", EXACT, PLAIN, "100; 100", {0: sell(risk=0.04, stop=105)}, "1 sell 8 @100"),
    ("risk, capped to what is available", EXACT, PLAIN, "100; 100", {0: buy(risk=0.5, stop=95)}, "1 buy 10 @100"),
    ("at the fill: everything", AT_FILL, PLAIN, "100; 50", {0: buy()}, "1 buy 20 @50"),
    ("at the fill: fraction", AT_FILL, PLAIN, "100; 50", {0: buy(fraction=0.5)}, "1 buy 10 @50"),
    ("at the fill: money", AT_FILL, PLAIN, "100; 50", {0: buy(money=350)}, "1 buy 7 @50"),
    ("at the fill: risk", AT_FILL, PLAIN, "100; 50", {0: buy(risk=0.05, stop_distance=10)}, "1 buy 5 @50"),
    ("at the decision: the fill does not change it", EXACT, PLAIN, "100; 50", {0: buy(fraction=0.5)}, "1 buy 5 @50"),
    ("reduced at the fill to what fits", EXACT, PLAIN, "100; 125", {0: buy()}, "1 reduced buy 2 capital_limit, 1 buy 8 @125"),
    ("reduced below the minimum", EXACT, LEAST_FIVE, "100; 250", {0: buy()}, "1 cancelled buy capital_limit"),
    ("at the fill: what does not fit is refused as a whole", AT_FILL, PLAIN, "100; 100", {0: buy(quantity=11)},
     "1 cancelled buy capital_limit"),
    ("at the fill: too small", AT_FILL, BOUNDED, "100; 100", {0: buy(money=150)}, "1 cancelled buy min_quantity"),
    ("at the fill: nothing left", AT_FILL, PLAIN, "100; 100", {0: [buy(), buy()]}, "1 buy 10 @100, 1 cancelled buy capital_limit"),
    ("a quantity that does not fit", EXACT, PLAIN, "100; 100", {0: buy(quantity=11)}, "0 rejected buy capital_limit"),
    ("a quantity that does not fit with its fee", EXACT, FEE, "100; 100", {0: buy(quantity=10)}, "0 rejected buy capital_limit"),
    ("a quantity that does not fit behind the buffer", BUFFER, PLAIN, "100; 100", {0: buy(quantity=10)}, "0 rejected buy capital_limit"),
    ("a quantity beyond the ledger", EXACT, PLAIN, "100; 100", {0: buy(quantity=10**18)}, "0 rejected buy capital_limit"),
    ("money that does not fit", EXACT, PLAIN, "100; 100", {0: buy(money=1100)}, "0 rejected buy capital_limit"),
    ("money for less than a lot", EXACT, PLAIN, "100; 100", {0: buy(money=99)}, "0 rejected buy min_quantity"),
    ("a fraction for less than a lot", EXACT, PLAIN, "100; 100", {0: buy(fraction=0.05)}, "0 rejected buy min_quantity"),
    ("a quantity below the minimum", EXACT, BOUNDED, "100; 100", {0: buy(quantity=1)}, "0 rejected buy min_quantity"),
    ("a quantity above the maximum", EXACT, BOUNDED, "100; 100", {0: buy(quantity=6)}, "0 rejected buy max_quantity"),
    ("risk for less than a lot", EXACT, PLAIN, "100; 100", {0: buy(risk=0.001, stop=90)}, "0 rejected buy min_quantity"),
    ("risk without a stop", EXACT, PLAIN, "100; 100", {0: buy(risk=0.01)}, "0 rejected buy no_stop"),
    ("risk without a stop, at the fill", AT_FILL, PLAIN, "100; 100", {0: buy(risk=0.01)}, "0 rejected buy no_stop"),
    ("risk to a stop beyond the ledger", EXACT, PLAIN, "100; 100", {0: sell(risk=1, stop=1 << 60)}, "0 rejected sell min_quantity"),
    ("one lot beyond the ledger", EXACT, PLAIN, f"{1 << 40}; 100", {0: buy()}, "0 rejected buy min_quantity"),
    ("everything, with nothing left", EXACT, PLAIN, "100; 100; 100", {0: buy(), 1: buy()}, "1 buy 10 @100, 1 rejected buy capital_limit"),
    ("a fraction, with nothing left", EXACT, PLAIN, "100; 100; 100", {0: buy(), 1: buy(fraction=0.5)},
     "1 buy 10 @100, 1 rejected buy capital_limit"),
    ("risk, with nothing left", EXACT, PLAIN, "100; 100; 100", {0: buy(), 1: buy(risk=0.1, stop=90)},
     "1 buy 10 @100, 1 rejected buy capital_limit"),
    ("what works is reserved", EXACT, PLAIN, "100; 100", {0: [buy(fraction=0.6), buy(fraction=0.6)]},
     "0 rejected buy capital_limit, 1 buy 6 @100"),
    ("an unknown price", EXACT, PLAIN, "100; 100", {0: buy(limit=NO_LEVEL)}, "0 rejected buy unknown_level"),
    ("no price at all", EXACT, PLAIN, "100; 100", {0: buy(trigger=0)}, "0 rejected buy unknown_level"),
    ("an unknown stop", EXACT, PLAIN, "100; 100", {0: buy(stop=NO_LEVEL)}, "0 rejected buy unknown_level"),
    ("an unknown trail", EXACT, PLAIN, "100; 100", {0: buy(trail_distance=NO_LEVEL)}, "0 rejected buy unknown_level"),
    ("an unknown target", EXACT, PLAIN, "100; 100", {0: buy(target=NO_LEVEL)}, "0 rejected buy unknown_level"),
    ("a stop above a long entry", EXACT, PLAIN, "100; 100", {0: buy(stop=100)}, "0 rejected buy wrong_side"),
    ("a stop below a short entry", EXACT, PLAIN, "100; 100", {0: sell(stop=100)}, "0 rejected sell wrong_side"),
    ("a trail above a long entry", EXACT, PLAIN, "100; 100", {0: buy(trail=101)}, "0 rejected buy wrong_side"),
    ("a target below a long entry", EXACT, PLAIN, "100; 100", {0: buy(target=100)}, "0 rejected buy wrong_side"),
    ("a target above a short entry", EXACT, PLAIN, "100; 100", {0: sell(target=100)}, "0 rejected sell wrong_side"),
    ("a stop is judged from the limit", EXACT, PLAIN, "100; 100", {0: buy(limit=90, stop=95)}, "0 rejected buy wrong_side"),
    ("a stop less than half a tick away", EXACT, PLAIN, "10; 10", {0: buy(stop_ratio=0.01)}, "0 rejected buy wrong_side"),
    ("a stop below one tick", EXACT, PLAIN, "1; 1", {0: buy(stop_distance=1)}, "0 rejected buy wrong_side"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "instrument", "bars", "orders", "expected"), [row[1:] for row in SIZES], ids=[row[0] for row in SIZES]
)
def test_sizes_come_out_as_the_contract_says(options, instrument, bars, orders, expected):
    """Fraction, quantity, money, risk, everything; what does not fit is refused with its reason (B-21, B-22, design 4)."""
    assert play(bars, orders, options=options, instrument=instrument).story() == expected


CAPITAL = [
    # what it shows, options, bars, orders by step, what happens, what is allocated at the end
    ("fixed: what was won is not used", EXACT, "100; 100; 110; 100; 100", {0: buy(), 1: close(), 3: buy()},
     "1 buy 10 @100, 2 sell 10 @110 strategy_signal, 4 buy 10 @100", 1000),
    ("compounding: it is", COMPOUNDING, "100; 100; 110; 100; 100", {0: buy(), 1: close(), 3: buy()},
     "1 buy 10 @100, 2 sell 10 @110 strategy_signal, 4 buy 11 @100", 1100),
    ("fixed: what was lost is gone", EXACT, "100; 100; 80; 100; 100", {0: buy(), 1: close(), 3: buy()},
     "1 buy 10 @100, 2 sell 10 @80 strategy_signal, 4 buy 8 @100", 1000),
    ("fixed: a fraction of what is left", EXACT, "100; 100; 80; 100; 100", {0: buy(), 1: close(), 3: buy(fraction=0.5)},
     "1 buy 10 @100, 2 sell 10 @80 strategy_signal, 4 buy 4 @100", 1000),
    ("compounding: less after a loss", COMPOUNDING, "100; 100; 80; 100; 100", {0: buy(), 1: close(), 3: buy()},
     "1 buy 10 @100, 2 sell 10 @80 strategy_signal, 4 buy 8 @100", 800),
    ("a reversal uses what its exit frees", EXACT, "100; 100; 100", {0: buy(), 1: [close(), sell()]},
     "1 buy 10 @100, 2 sell 10 @100 strategy_signal, 2 sell 10 @100", 1000),
    ("with the gain, when compounding", COMPOUNDING, "100; 100; 110; 110", {0: buy(), 2: [close(), sell()]},
     "1 buy 10 @100, 3 sell 10 @110 strategy_signal, 3 sell 10 @110", 1100),
    ("with the loss", EXACT, "100; 100; 90; 90", {0: buy(), 2: [close(), sell()]},
     "1 buy 10 @100, 3 sell 10 @90 strategy_signal, 3 sell 10 @90", 1000),
    ("a short's reversal", EXACT, "100; 100; 100", {0: sell(), 1: [close(), buy()]},
     "1 sell 10 @100, 2 buy 10 @100 strategy_signal, 2 buy 10 @100", 1000),
    ("what a part exit leaves is closed before anything is reversed", EXACT, "100; 100; 100", {0: buy(), 1: [close(quantity=4), sell()]},
     "1 buy 10 @100, 2 sell 4 @100 strategy_signal, 2 sell 6 @100 strategy_signal", 1000),
    ("two parts free the whole", EXACT, "100; 100; 100", {0: buy(), 1: [close(quantity=4), close(), sell()]},
     "1 buy 10 @100, 2 sell 4 @100 strategy_signal, 2 sell 6 @100 strategy_signal, 2 sell 10 @100", 1000),
    ("a limit exit frees nothing yet", EXACT, "100; 100; 100", {0: buy(), 1: [sell(limit=120), buy(quantity=1)]},
     "1 buy 10 @100, 1 rejected buy capital_limit", 1000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "bars", "orders", "expected", "allocated"),
    [row[1:] for row in CAPITAL],
    ids=[row[0] for row in CAPITAL],
)
def test_capital_is_what_the_contract_says(options, bars, orders, expected, allocated):
    """``allocated`` is fixed, or equity at cost when compounding; a decision counts what its own exits free (design 4)."""
    played = play(bars, orders, options=options)
    assert played.story() == expected
    assert played.account()["allocated"] == allocated


def test_another_cell_s_exit_frees_nothing():
    """What counts as free are the exits of the same cell only (design 4)."""
    played = play(
        ["100; 100; 100", "100; 100; 100"], {0: buy(), 1: [close(), buy(quantity=1).on(1)]}, cells=[(0, 0), (0, 1)]
    )
    assert played.story() == "1 buy 10 @100, 1 rejected buy capital_limit, 2 sell 10 @100 strategy_signal"


def test_no_strategy_spends_another_s_money():
    """Two strategies on one symbol, one of them poor (B-20)."""
    played = play(
        "100; 100", {0: [buy(quantity=5), buy(quantity=5).on(1)]}, cells=[(0, 0), (1, 0)], capital=[1000, 400]
    )
    assert played.story() == "0 rejected buy capital_limit, 1 buy 5 @100"
    assert played.account(1)["cash"] == 400


def test_reserved_money_is_let_go():
    """By the fill, by expiry and by cancelling; the portfolio's row follows (design 4)."""
    played = play(
        "100; 100; 100", {0: [buy(quantity=1, limit=90, expire=1), buy(quantity=2), buy(quantity=3, limit=50)]}, stop=2
    )
    assert played.account()["reserved"] == 90 + 200 + 150
    played.engine.advance(4)
    assert played.account()["reserved"] == 150
    assert played.money(played.engine.tables.run[0]["portfolio"]["reserved"]) == 150


def test_lots_beyond_a_float_are_settled_to_the_last_one():
    """10⁹ of money buys lots worth one unit each: the float estimate is off by hundreds of them (design 4)."""
    tiny = replace(PLAIN, tick=D("1e-8"), lot=D(1), taker_fee=D("0.000000001"))
    played = play("7; 7", {0: buy()}, capital=10**9, instrument=tiny)
    lots = int(played.events[-1]["position"])
    # The largest n with 7 n + round(7 n / 10⁹) ≤ 10¹⁷, found by hand in whole numbers.
    budget = 10**17

    def cost(n: int) -> int:
        return 7 * n + round(D(7 * n) / 10**9)

    assert cost(lots) <= budget < cost(lots + 1)
