"""Symbols that are not quoted in the account currency, case by case, worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scene import UNIT_INSTRUMENT, buy, close, play, sell

from podium.core.errors import InvariantBroken
from podium.core.events import EventKind, Reason
from podium.core.instruments import Instrument
from podium.engine.engine import EngineOptions, EngineOverflow
from podium.engine.limits import EngineLimits, Limit
from podium.engine.tables import LimitAction

D = Decimal
FEE = Instrument(tick=D(1), lot=D(1), taker_fee=D("0.01"))


def equities(played):
    """Give the equity of the first strategy at each step."""
    return [played.money(units) for units in played.engine.tables.equity[0]]


def test_a_position_is_bought_and_sold_at_the_rates_of_its_day():
    """Five at 100 cost 500 × 2; sold at 120 they bring 600 × 2.5: 250 by price at the exit's rate, 250 by the rate.

    The fees are 1 % of 500 at 2, and 1 % of 600 at 2.5. (D-05)
    """
    played = play("100; 100 110 100 110; 120; 120", {0: buy(quantity=5), 2: close()}, capital=2000, instrument=FEE,
                  rates=["2 2 2.5 2.5"])  # fmt: skip
    assert played.story("filled", "converted") == (
        "1 buy 5 @100, 3 converted 250 strategy_signal, 3 sell 5 @120 strategy_signal"
    )
    assert played.fees() == [10, 15]
    account = played.account()
    assert (account["realised"], account["carried"], account["fees"], account["cash"]) == (250, 250, 25, 2475)
    # 5 × 10 at 2; then 5 × 20 at 2.5 and 500 × 0.5.
    assert equities(played) == [2000, 2000 - 10 + 100, 2000 - 10 + 250 + 250, 2475]
    (trade,) = played.trades()
    assert (trade["notional"], trade["exit_notional"], trade["realised"]) == (500, 600, 250)


def test_the_rate_moves_what_a_short_binds_not_what_it_sold():
    """Five sold at 100 bind 1,000; bought back at 90 for 2.5 each: 50 × 2.5 by price, 500 × 0.5 by the rate (D-05)."""
    played = play("100; 100; 90; 90", {0: sell(quantity=5), 2: close()}, capital=2000, rates=["2 2 2.5 2.5"])
    account = played.account()
    assert (account["realised"], account["carried"], account["cash"]) == (125, 250, 2375)


def test_with_leverage_only_what_is_bound_is_exchanged():
    """A fifth of 500 is exchanged at 2 and comes back at 1.5: −50; the price makes 100 × 1.5 of the whole (D-05)."""
    instrument = Instrument(tick=D(1), lot=D(1), leverage=D(5))
    played = play("100; 100; 120; 120", {0: buy(quantity=5), 2: close()}, instrument=instrument, rates=["2 2 1.5 1.5"])
    account = played.account()
    assert (account["realised"], account["carried"], account["cash"]) == (150, -50, 1100)
    assert equities(played)[1:3] == [1000, 1100]


def test_what_trades_in_a_bar_is_converted_at_the_rate_before_it():
    """The entry at the open of step 1 knows the rate of step 0; the close of step 1 is valued at its own (design 4)."""
    played = play("100; 100; 100", {0: buy(quantity=1)}, rates=["2 3 4"])
    assert played.account()["used"] == 200
    assert equities(played) == [1000, 1100, 1200]


def test_an_order_at_the_close_is_converted_at_the_rate_of_the_close():
    """Under ``fill: close`` the decision's own rate holds (design 4)."""
    played = play("100; 100; 100", {0: buy(quantity=1), 1: close()}, rates=["2 3 4"],
                  options=EngineOptions(entry_buffer=0, fill_at_close=True))  # fmt: skip
    assert (
        played.story("filled", "converted")
        == "0 buy 1 @100, 1 converted 100 strategy_signal, 1 sell 1 @100 strategy_signal"
    )
    assert played.account()["cash"] == 1100


def test_equity_follows_the_rate_where_the_symbol_has_no_bar():
    """The second symbol alone has a bar in step 2; the first one's position is worth more all the same (design 4)."""
    played = play(["100; 100; -; 100", "1; 1; 1; 1"], {0: buy(quantity=1)}, cells=[(0, 0), (1, 1)],
                  rates=["2 2 3 3", None])  # fmt: skip
    assert equities(played) == [1000, 1000, 1100, 1100]


def test_parts_take_their_share_of_what_went_there_and_the_last_one_the_rest():
    """Three at 7 for 0.333: 6.993 bound. A part takes 2.331 and brings 7 × 0.4; two parts of the rest likewise."""
    orders = {0: buy(quantity=3), 1: close(quantity=1), 2: close()}
    played = play("7; 7; 7; 7", orders, rates=["0.333 0.4 0.5 0.5"])
    assert played.story("filled", "converted") == (
        "1 buy 3 @7, 2 converted 0.469 strategy_signal, 2 sell 1 @7 strategy_signal, "
        "3 converted 2.338 strategy_signal, 3 sell 2 @7 strategy_signal"
    )
    account = played.account()
    assert account["cash"] == 1000 + D("2.8") + 7 - D("6.993")
    assert (account["used"], account["realised"]) == (0, 0)


@pytest.mark.parametrize(("lots", "units"), [(5, 2), (7, 4), (6, 3)])
def test_a_posting_is_rounded_once_half_to_even(lots, units):
    """A unit of the quote currency is worth half a unit: 5 bind 2, 7 bind 4 (design 4)."""
    fine = Instrument(tick=D("0.00000001"), lot=D(1))
    played = play("1; 1", {0: buy(quantity=lots)}, instrument=fine, rates=["0.5 0.5"])
    assert int(played.engine.tables.accounts["used"][0]) == units


@pytest.mark.parametrize(
    ("size", "lots"),
    [({"money": 900}, 3), ({"fraction": "0.5"}, 2), ({}, 4), ({"risk": "0.1", "stop_distance": 10}, 4)],
    ids=["money", "fraction", "everything", "risk"],
)
def test_sizes_are_in_the_account_currency(size, lots):
    """A lot at 100 costs 250: 900 of money, half of 1,000, all of it; 100 at risk are four times 10 × 2.5 (design 4)."""
    played = play("100; 100", {0: buy(**size)}, rates=["2.5 2.5"])
    assert played.story() == f"1 buy {lots} @100"


def test_an_exit_by_money_closes_what_that_is_worth():
    """Of four lots at 100 × 2.5, 600 of money close two (design 4)."""
    played = play("100; 100; 100", {0: buy(quantity=4), 1: close(money=600)}, rates=["2.5 2.5 2.5"])
    assert played.story() == "1 buy 4 @100, 2 sell 2 @100 strategy_signal"


def test_a_reversal_counts_on_what_the_exit_brings_back():
    """1,000 are bound at 2 and come back as 1,250; at 2.5 that is again five lots (design 4)."""
    options = EngineOptions(entry_buffer=0, compounding=True)
    played = play("100; 100; 100; 100", {0: buy(), 1: [close(), sell()]}, options=options, rates=["2 2.5 2.5 2.5"])
    assert played.story() == "1 buy 5 @100, 2 sell 5 @100 strategy_signal, 2 sell 5 @100"
    assert played.account()["used"] == 1250


def test_a_budget_that_the_rate_has_eaten_reduces_the_fill():
    """Sized with gaps in between: ten lots at 1 cost 1,000; at the rate before the fill, 2, five are affordable."""
    played = play(["100; -; 100", "1; 1; 1"], {0: buy()}, cells=[(0, 0), (1, 1)], rates=["1 2 2", None])
    assert played.story() == "2 reduced buy 5 capital_limit, 2 buy 5 @100"


def test_what_holding_brings_is_converted_when_it_is_posted():
    """Funding of 1 % on 500 at 3, a dividend of 4 × 5 at 2 (before the bar), a settlement of 5 × 10 at 4 (D-05)."""
    flows = [
        (2, 0, 0, Reason.DIVIDEND, 4 * 10**8, 1),
        (2, 1, 0, Reason.FUNDING, 1, 100),
        (3, 1, 0, Reason.SETTLEMENT, 0, 1),
    ]
    played = play("100; 100; 100; 110", {0: buy(quantity=5)}, flows=flows, rates=["2 2 3 4"])
    assert played.story("posted") == "2 posted 40 dividend, 2 posted -15 funding, 3 posted 200 settlement"
    account = played.account()
    assert (account["cash"], account["used"], account["equity"]) == (1000 - 1000 + 225, 1000, 225 + 2000)


def test_a_split_pays_for_what_is_left_at_its_rate():
    """Five for two of three shares leave half a share: 0.2 of it at 100 × 2 by price 0, the rate makes 0.2 of 300."""
    flows = [(2, 0, 0, Reason.SPLIT, 5, 2)]
    played = play("100; 100; 40; 40", {0: buy(quantity=3)}, flows=flows, rates=["2 3 3 3"])
    # 7 of 7.5 shares are kept: a fifteenth of 300 comes back at 3 instead of 2.
    assert played.story("converted", "adjusted") == "2 converted 20 split, 2 adjusted 7 @40 20 split"
    account = played.account()
    assert (account["cash"], account["used"], account["equity"]) == (400 + 60, 560, 460 + 840)


def test_maintenance_is_held_against_equity_at_the_rate_of_the_close():
    """20 lots at 100 with 50 × bind 40 × 2; at a rate of 30, 4 % of 2,000 are 2,400, the equity is less (D-05)."""
    instrument = Instrument(tick=D(1), lot=D(1), leverage=D(20), maintenance_rate=D("0.04"))
    played = play("100; 100; 100", {0: buy(quantity=20)}, instrument=instrument, capital=300, rates=["2 2 30"])
    # 100 were bound at 2 and are worth 3,000 now: all is well. Down to 1, 80 are needed and 200 there.
    assert played.story() == "1 buy 20 @100"
    played = play("100; 100; 99 99 97 97", {0: buy(quantity=20)}, instrument=instrument, capital=200, rates=["2 2 2"])
    # 60 × 2 are lost: 80 are left, and 1,940 × 4 % × 2 = 155.2 are needed.
    assert played.story() == "1 buy 20 @100, 2 sell 20 @97 liquidation"
    assert played.account()["cash"] == 80


def test_the_run_ends_at_the_last_mark_and_the_last_rate():
    """What is open is sold at 110 × 3 (design 4)."""
    played = play("100; 100; 110", {0: buy(quantity=2)}, rates=["2 2 3"], finish="close")
    assert played.account()["cash"] == 1000 - 400 + 660
    assert played.account()["equity"] == equities(played)[-1] == 1260


def test_limits_are_in_the_account_currency():
    """A gross exposure of 800 lets three lots at 250 pass, rounded against the entry (design 4)."""
    limits = {Reason.GROSS_EXPOSURE: Limit(action=LimitAction.REDUCE, bound=800 * 10**8)}
    played = play("100; 100", {0: buy(quantity=4)}, rates=["2.5 2.5"],
                  limits=lambda timeline: EngineLimits(limits=limits, days=timeline.days))  # fmt: skip
    assert played.story() == "1 buy 3 @100"
    assert played.money(played.engine.tables.cells["exposure"][0]) == 750


def test_netting_saves_what_both_paid():
    """Each side pays 1 % of 100 × 2.5; nothing goes out, so 5 are saved (design 4)."""
    played = play("100; 100", {0: [buy(quantity=1), sell(quantity=1).on(1)]}, cells=[(0, 0), (1, 0)], instrument=FEE,
                  options=EngineOptions(entry_buffer=0, netted=True), rates=["2.5 2.5"])  # fmt: skip
    assert played.money(played.engine.tables.run[0]["netting"]["cash"]) == 5


def test_a_symbol_in_the_account_currency_does_not_notice():
    """Beside one that is converted its events are what they are without (design 4)."""
    orders = {0: [buy(quantity=2), buy(quantity=1).on(1)], 2: [close(), close().on(1)]}
    scene = {"cells": [(0, 0), (1, 1)], "instrument": FEE, "capital": 5000}
    bars = ["100; 110; 120; 120", "100; 110; 120; 120"]
    plain = play(bars, orders, **scene).events
    mixed = play(bars, orders, **scene, rates=[None, "1 2 3 4"]).events
    assert mixed[mixed["cell"] == 0].tobytes() == plain[plain["cell"] == 0].tobytes()
    assert np.count_nonzero(mixed["kind"] == EventKind.CURRENCY_CONVERTED) == 1


def test_a_rate_beyond_the_ledger_is_told():
    """A position of 100 at a rate of 10¹² is worth more than its integers hold (design 4)."""
    with pytest.raises(EngineOverflow):
        play("100; 100; 100", {0: buy(quantity=1)}, rates=["1 1 1000000000000"])


def test_rates_are_above_zero():
    """What a currency is worth is never nothing (design 4)."""
    with pytest.raises(InvariantBroken, match="rates are above 0"):
        play("100; 100", instrument=UNIT_INSTRUMENT, rates=["1 0"])
