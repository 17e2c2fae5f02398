"""Netted execution: what crosses inside, what goes out, and what that saves, worked out by hand."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from scene import buy, close, play, sell

from podium.core.events import EventKind
from podium.core.instruments import Instrument
from podium.engine.engine import EngineOptions

NETTED = EngineOptions(entry_buffer=0, netted=True)
TWO, THREE = [(0, 0), (1, 0)], [(0, 0), (1, 0), (2, 0)]
#: 1 % of a price of 100 and 2 % of a notional can be reckoned in one's head.
COSTLY = Instrument(tick=D(1), lot=D(1), taker_fee=D("0.02"))


def netted(bars, orders, *, cells=TWO, options=NETTED, capital=10_000, **given):
    return play(bars, orders, cells=cells, options=options, capital=capital, **given)


def nets(played):
    """List (step, side, lots out, lots crossed, fee, slippage, saved)."""
    money = played.money
    return [
        (
            int(event["step"]),
            int(event["side"]),
            int(event["quantity"]),
            int(event["position"]),
            *(money(event[name]) for name in ("fee", "slippage", "realised")),
        )
        for event in played.events
        if event["kind"] == EventKind.ORDERS_NETTED
    ]


def saved(played):
    return played.money(played.engine.tables.run[0]["netting"]["cash"])


def test_one_against_one_sends_nothing_and_both_books_move():
    """A buys 1 at 101, B sells 1 at 99, each pays 2 %; nothing goes out, so 2.02 + 1.98 + 1 + 1 are saved."""
    played = netted("100; 100", {0: [buy(quantity=1), sell(quantity=1).on(1)]}, instrument=COSTLY, slippage="0.01")
    assert played.story() == "1 buy 1 @101, 1 sell 1 @99"
    assert played.fees() == [D("2.02"), D("1.98")]
    assert nets(played) == [(1, 0, 0, 1, 0, 0, 6)]
    # Bought at 101 and worth 100; sold at 99 and worth 100: what they lost is what netting has.
    assert [played.account(index)["equity"] for index in (0, 1)] == [D("9996.98"), D("9997.02")]
    assert played.money(played.engine.tables.run[0]["portfolio"]["equity"]) == 20_000


def test_the_difference_goes_out():
    """A buys 5, B sells 2: 3 go out at 101. Fees 10.10 + 3.96 − 6.06 = 8.00, slippage 5 + 2 − 3 = 4."""
    played = netted("100; 100", {0: [buy(quantity=5), sell(quantity=2).on(1)]}, instrument=COSTLY, slippage="0.01")
    assert nets(played) == [(1, 1, 3, 2, D("6.06"), 3, 12)]


def test_a_falling_difference_is_sold():
    """A buys 2, B sells 5: 3 go out at 99, with a fee of 5.94. Fees 4.04 + 9.90 − 5.94 = 8.00, slippage 4."""
    played = netted("100; 100", {0: [buy(quantity=2), sell(quantity=5).on(1)]}, instrument=COSTLY, slippage="0.01")
    assert nets(played) == [(1, -1, 3, 2, D("5.94"), 3, 12)]


def test_orders_of_one_side_go_out_as_one():
    """Nothing crosses; the least fee of 7 is paid once, not three times."""
    instrument = Instrument(tick=D(1), lot=D(1), taker_fee=D("0.001"), fee_minimum=D(7))
    orders = {0: [buy(quantity=5).on(cell) for cell in range(3)]}
    played = netted("100; 100", orders, cells=THREE, instrument=instrument)
    assert played.fees() == [7, 7, 7]
    assert nets(played) == [(1, 1, 15, 0, 7, 0, 14)]


def test_exits_are_netted_with_entries():
    """A closes what it bought while B buys: nothing goes out (2 × 2 % of 300 saved)."""
    orders = {0: buy(quantity=3), 1: [close(), buy(quantity=3).on(1)]}
    played = netted("100; 100; 100", orders, instrument=COSTLY)
    assert nets(played) == [(2, 0, 0, 3, 0, 0, 12)]


def test_a_reversal_is_one_order():
    """A sells 2 to close and 3 to go short: 5 go out; per cent fees cost the same."""
    played = netted("100; 100; 100", {0: buy(quantity=2), 1: [close(), sell(quantity=3)]}, instrument=COSTLY)
    assert nets(played) == [(2, -1, 5, 0, 10, 0, 0)]


def test_where_only_entries_pay_the_spread_they_go_out_first():
    """A buys 2 to close, B buys 2 to enter, C sells 3 to enter: 1 goes out, as an entry.

    The spread is 1: B pays 2, C 3, the one that goes out 1.
    """
    options = EngineOptions(entry_buffer=0, netted=True, spread_on_exit=False)
    orders = {0: sell(quantity=2), 1: [close(), buy(quantity=2).on(1), sell(quantity=3).on(2)]}
    played = netted("100; 100; 100", orders, cells=THREE, options=options, spread="0.01")
    assert nets(played) == [(2, 1, 1, 3, 0, 1, 4)]


def test_where_only_entries_pay_the_spread_the_rest_goes_out_as_exits():
    """A buys 5 to close, B buys 2 to enter, C sells 3 to enter: 2 entries and 2 exits go out."""
    options = EngineOptions(entry_buffer=0, netted=True, spread_on_exit=False)
    orders = {0: sell(quantity=5), 1: [close(), buy(quantity=2).on(1), sell(quantity=3).on(2)]}
    played = netted("100; 100; 100", orders, cells=THREE, options=options, spread="0.01")
    assert nets(played) == [(2, 1, 4, 3, 0, 2, 3)]


ALONE = [
    ("a single order", {0: buy(quantity=1)}, TWO),
    ("orders of different steps", {0: buy(quantity=1), 1: sell(quantity=1).on(1)}, TWO),
    ("a limit order", {0: [buy(quantity=1), sell(quantity=1, limit=100).on(1)]}, TWO),
    ("a stop order", {0: [buy(quantity=1), sell(quantity=1, trigger=100).on(1)]}, TWO),
    ("a protective stop", {0: buy(quantity=1, stop=90), 1: sell(quantity=1).on(1)}, TWO),
    ("orders of different symbols", {0: [buy(quantity=1), sell(quantity=1).on(1)]}, [(0, 0), (1, 1)]),
]


@pytest.mark.parametrize(("orders", "cells"), [row[1:] for row in ALONE], ids=[row[0] for row in ALONE])
def test_only_market_orders_that_trade_together_are_netted(orders, cells):
    """Everything else goes out on its own."""
    symbols = 1 + max(symbol for _, symbol in cells)
    bars = "100; 100; 80 85 80 80; 85 85 85 85"
    played = netted([bars] * symbols, orders, cells=cells, instrument=COSTLY)
    assert nets(played) == []
    assert saved(played) == 0


@pytest.mark.parametrize(
    ("limits", "lots"),
    [
        ({"quantity_minimum": D(3)}, (5, 3)),
        ({"notional_minimum": D(250)}, (5, 3)),
        ({"quantity_maximum": D(5)}, (4, -4)),
    ],
    ids=["less than the least quantity", "less than the least notional", "more than the largest quantity"],
)
def test_what_the_venue_would_not_take_goes_out_as_it_is(limits, lots):
    """An order that cannot be sent saves nothing."""
    instrument = Instrument(tick=D(1), lot=D(1), taker_fee=D("0.02"), **limits)
    first, second = lots
    opposite = sell(quantity=second) if second > 0 else buy(quantity=-second)
    played = netted("100; 100", {0: [buy(quantity=first), opposite.on(1)]}, instrument=instrument)
    assert nets(played) == []
    assert len(played.fees()) == 2


def test_what_cancels_out_needs_no_venue():
    """Nothing goes out, so no least quantity is asked for."""
    instrument = Instrument(tick=D(1), lot=D(1), taker_fee=D("0.02"), quantity_minimum=D(3))
    played = netted("100; 100", {0: [buy(quantity=4), sell(quantity=4).on(1)]}, instrument=instrument)
    assert nets(played) == [(1, 0, 0, 4, 0, 0, 16)]


def test_a_rebate_that_is_not_earned_is_a_negative_saving():
    """The taker is paid 1 %: by crossing inside, 4 + 4 are not earned; strategies have them all the same."""
    instrument = Instrument(tick=D(1), lot=D(1), taker_fee=D("-0.01"))
    played = netted("100; 100", {0: [buy(quantity=4), sell(quantity=4).on(1)]}, instrument=instrument)
    assert played.fees() == [-4, -4]
    assert nets(played) == [(1, 0, 0, 4, 0, 0, -8)]
    assert saved(played) == -8


def test_half_a_unit_may_be_lost_by_rounding_once():
    """Two fees of half a unit round to nothing, their sum to one: the account says so."""
    instrument = Instrument(tick=D("0.00000001"), lot=D(1), taker_fee=D("0.5"))
    played = netted("1; 1", {0: [buy(quantity=1), buy(quantity=1).on(1)]}, instrument=instrument)
    assert played.fees() == [0, 0]
    assert saved(played) == -D("0.00000001")


def test_at_the_end_of_the_run_positions_close_together():
    """At the marks, without slippage: 2 % of 300 + 200 less 2 % of 100 are saved."""
    orders = {0: [buy(quantity=3), sell(quantity=2).on(1)]}
    played = netted("100; 100", orders, instrument=COSTLY, slippage="0.01", finish="close")
    assert nets(played) == [(1, 1, 1, 2, D("2.02"), 1, 12), (1, -1, 1, 2, 2, 0, 8)]
    assert played.engine.equity[-1].tolist()[2] == int(played.engine.tables.run[0]["netting"]["equity"])


def test_what_is_liquidated_together_is_netted():
    """Two times 90 bought at 100 with 10 × leverage, sold at 93: 2 fees of at least 9 less one of 16.74."""
    instrument = Instrument(
        tick=D(1), lot=D(1), leverage=D(10), maintenance_rate=D("0.05"), taker_fee=D("0.001"), fee_minimum=D(9)
    )
    orders = {0: [buy(quantity=90), buy(quantity=90).on(1)]}
    played = netted("100; 100; 93", orders, capital=1000, instrument=instrument)
    assert nets(played) == [(1, 1, 180, 0, 18, 0, 0), (2, -1, 180, 0, D("16.74"), 0, D("1.26"))]
    assert played.money(played.engine.equity[2, 2]) == D("1.26")


def test_under_fill_at_close_the_orders_of_a_decision_are_netted():
    """Exits and entries of one close trade at one price."""
    options = EngineOptions(entry_buffer=0, netted=True, fill_at_close=True)
    orders = {0: [buy(quantity=3), sell(quantity=1).on(1)], 1: [close(), buy(quantity=2).on(1)]}
    played = netted("100; 100; 100", orders, options=options, instrument=COSTLY)
    # A sells 3 while B buys 1 back: 2 go out, 1 crosses.
    assert nets(played) == [(0, 1, 2, 1, 4, 0, 4), (1, -1, 2, 1, 4, 0, 4)]


def test_every_step_has_what_was_saved_so_far():
    """The curve of netting is a column of the equity."""
    orders = {0: [buy(quantity=1), sell(quantity=1).on(1)], 2: [close(), close().on(1)]}
    played = netted("100; 100; 100; 100; 100", orders, instrument=COSTLY)
    assert [played.money(units) for units in played.engine.equity[:, 2]] == [0, 4, 4, 8, 8]
    assert played.engine.equity.sum(axis=1).tolist() == [2 * 10**12] * 5


def test_nothing_is_netted_unless_it_is_asked_for():
    """``separate`` sends each strategy's own orders."""
    orders = {0: [buy(quantity=1), sell(quantity=1).on(1)]}
    played = netted("100; 100", orders, options=EngineOptions(entry_buffer=0), instrument=COSTLY)
    assert nets(played) == []
    assert played.engine.equity.shape == (2, 2)
