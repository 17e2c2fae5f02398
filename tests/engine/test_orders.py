"""Orders against bars: which orders a bar reaches, at which price, in which order."""

from __future__ import annotations

import pytest
from scene import buy, cancel, close, play, protect, sell

from podium.engine.engine import EngineOptions

AT_CLOSE = EngineOptions(entry_buffer=0, fill_at_close=True)
OPTIMISTIC = EngineOptions(entry_buffer=0, optimistic=True)
LONG = buy(quantity=1)
SHORT = sell(quantity=1)
BOTH_STOPS = [buy(quantity=1, trigger=105), sell(quantity=1, trigger=95)]
BOTH_LIMITS = [buy(quantity=1, limit=95), sell(quantity=1, limit=105)]

FILLS = [
    # what it shows, bars, orders by step, what happens
    ("market: at the next open", "100; 101 103 99 102", {0: LONG}, "1 buy 1 @101"),
    ("market, short: at the next open", "100; 101 103 99 102", {0: SHORT}, "1 sell 1 @101"),
    ("buy limit: at its price", "100; 100 104 94 98", {0: buy(quantity=1, limit=95)}, "1 buy 1 @95"),
    ("buy limit: touched is reached", "100; 100 104 95 98", {0: buy(quantity=1, limit=95)}, "1 buy 1 @95"),
    ("buy limit: gapped through, better", "100; 90 92 88 91", {0: buy(quantity=1, limit=95)}, "1 buy 1 @90"),
    ("buy limit: not reached", "100; 100 104 96 98", {0: buy(quantity=1, limit=95)}, ""),
    ("sell limit: at its price", "100; 100 106 99 104", {0: sell(quantity=1, limit=105)}, "1 sell 1 @105"),
    ("sell limit: gapped through, better", "100; 110", {0: sell(quantity=1, limit=105)}, "1 sell 1 @110"),
    ("sell limit: not reached", "100; 100 104 99 104", {0: sell(quantity=1, limit=105)}, ""),
    ("buy stop: at its price", "100; 100 107 99 106", {0: buy(quantity=1, trigger=105)}, "1 buy 1 @105"),
    ("buy stop: touched is reached", "100; 100 105 99 104", {0: buy(quantity=1, trigger=105)}, "1 buy 1 @105"),
    ("buy stop: gapped through, worse", "100; 110", {0: buy(quantity=1, trigger=105)}, "1 buy 1 @110"),
    ("buy stop: not reached", "100; 100 104 99 104", {0: buy(quantity=1, trigger=105)}, ""),
    ("sell stop: at its price", "100; 100 101 93 94", {0: sell(quantity=1, trigger=95)}, "1 sell 1 @95"),
    ("sell stop: gapped through, worse", "100; 90", {0: sell(quantity=1, trigger=95)}, "1 sell 1 @90"),
    ("sell stop: not reached", "100; 100 101 96 97", {0: sell(quantity=1, trigger=95)}, ""),
    ("an order works until it trades", "100; 100; 100; 100 100 94 95", {0: buy(quantity=1, limit=95)}, "3 buy 1 @95"),
    ("and only once", "100; 95; 95", {0: buy(quantity=1, limit=95)}, "1 buy 1 @95"),
    ("expired after one bar", "100; 100; 90", {0: buy(quantity=1, limit=95, expire=1)}, "1 cancelled buy expired"),
    ("expired after two bars", "100; 100; 100; 90", {0: buy(quantity=1, limit=95, expire=2)}, "2 cancelled buy expired"),
    ("it still trades in its last bar", "100; 100; 95", {0: buy(quantity=1, limit=95, expire=2)}, "2 buy 1 @95"),
    ("cancelled: all", "100; 100; 90", {0: BOTH_LIMITS, 1: cancel()}, "1 cancelled buy cancelled, 1 cancelled sell cancelled"),
    ("cancelled: one", "100; 100; 95", {0: BOTH_LIMITS, 1: cancel(2)}, "1 cancelled sell cancelled, 2 buy 1 @95"),
    ("cancelled: one that is not there", "100; 100; 95", {0: BOTH_LIMITS, 1: cancel(7)}, "2 buy 1 @95"),
    ("several at one open: the oldest first", "100; 90", {0: [buy(quantity=1, limit=91), buy(quantity=2), buy(quantity=3, limit=95)]},
     "1 buy 1 @90, 1 buy 2 @90, 1 buy 3 @90"),
    ("an exit order closes no more than there is", "100; 100; 101", {0: buy(quantity=2), 1: sell(quantity=5)},
     "1 buy 2 @100, 1 reduced sell 3 flat, 2 sell 2 @101 strategy_signal"),
    ("so does one by money", "100; 100; 101", {0: buy(quantity=2), 1: close(money=1_000)},
     "1 buy 2 @100, 1 reduced sell 8 flat, 2 sell 2 @101 strategy_signal"),
    ("a short is closed by buying", "100; 100; 98", {0: sell(quantity=2), 1: buy(quantity=2)},
     "1 sell 2 @100, 2 buy 2 @98 strategy_signal"),
    ("parts are closed", "100; 100; 101; 102; 103", {0: buy(quantity=4), 1: close(fraction=0.5), 2: close(quantity=1), 3: close()},
     "1 buy 4 @100, 2 sell 2 @101 strategy_signal, 3 sell 1 @102 strategy_signal, 4 sell 1 @103 strategy_signal"),
    ("a part by money", "100; 100; 101", {0: buy(quantity=4), 1: close(money=250)}, "1 buy 4 @100, 2 sell 2 @101 strategy_signal"),
    ("a part below one lot", "100; 100; 101", {0: buy(quantity=1), 1: close(fraction=0.4)}, "1 buy 1 @100, 1 rejected sell min_quantity"),
    ("nothing to close", "100; 100", {0: close()}, "0 rejected buy flat"),
    ("nothing left to close", "100; 100; 101", {0: buy(quantity=1), 1: [close(), close()]},
     "1 buy 1 @100, 1 rejected sell flat, 2 sell 1 @101 strategy_signal"),
    ("reversed in one step", "100; 100; 101", {0: buy(quantity=1), 1: [close(), sell(quantity=2)]},
     "1 buy 1 @100, 2 sell 1 @101 strategy_signal, 2 sell 2 @101"),
    ("an exit that waits goes with its position", "100; 100; 100; 101", {0: buy(quantity=1), 1: sell(limit=110), 2: close()},
     "1 buy 1 @100, 3 sell 1 @101 strategy_signal, 3 cancelled sell position_closed"),
    ("an exit larger than what is left is reduced", "100; 100; 100; 101; 110",
     {0: buy(quantity=3), 1: sell(quantity=3, limit=110), 2: close(quantity=1)},
     "1 buy 3 @100, 3 sell 1 @101 strategy_signal, 4 reduced sell 1 position_closed, 4 sell 2 @110 strategy_signal"),
    ("an exit stop", "100; 100; 100 101 93 94", {0: LONG, 1: sell(trigger=95)}, "1 buy 1 @100, 2 sell 1 @95 strategy_signal"),
    ("an exit without a price", "100; 100; 100", {0: LONG, 1: sell(limit=-4)}, "1 buy 1 @100, 1 rejected sell unknown_level"),
    ("an entry that meets the other side closes it", "100; 100 106 99 105; 105 106 94 96", {0: BOTH_STOPS},
     "1 buy 1 @105, 2 sell 1 @95 strategy_signal"),
    ("and no more than it", "100; 100 106 99 105; 105 106 94 96", {0: [buy(quantity=1, trigger=105), sell(quantity=3, trigger=95)]},
     "1 buy 1 @105, 2 reduced sell 2 position_closed, 2 sell 1 @95 strategy_signal"),
    ("stops on both sides in one bar: the loss counts", "100; 100 106 94 100", {0: BOTH_STOPS},
     "1 buy 1 @105, 1 sell 1 @95 strategy_signal"),
    ("limits on both sides in one bar: the gain does not", "100; 100 106 94 100; 100 106 99 105", {0: BOTH_LIMITS},
     "1 buy 1 @95, 2 sell 1 @105 strategy_signal"),
    ("an order beyond the stop comes after it", "100; 100; 100 101 90 92", {0: buy(quantity=1, stop=95), 1: buy(quantity=1, limit=94)},
     "1 buy 1 @100, 2 sell 1 @95 stop_loss, 2 buy 1 @94"),
    ("an order before the stop comes before it", "100; 100; 100 101 90 92", {0: buy(quantity=1, stop=95), 1: buy(quantity=1, limit=97)},
     "1 buy 1 @100, 2 buy 1 @97, 2 sell 2 @95 stop_loss"),
    ("what enters after the stop has its own", "100; 100; 100 101 90 92",
     {0: buy(quantity=1, stop=95), 1: buy(quantity=1, limit=94, stop=91)},
     "1 buy 1 @100, 2 sell 1 @95 stop_loss, 2 buy 1 @94, 2 sell 1 @91 stop_loss"),
    ("short: an order beyond the stop comes after it", "100; 100; 100 110 99 108",
     {0: sell(quantity=1, stop=105), 1: sell(quantity=1, limit=106)}, "1 sell 1 @100, 2 buy 1 @105 stop_loss, 2 sell 1 @106"),
    ("short: an order before the stop comes before it", "100; 100; 100 110 99 108",
     {0: sell(quantity=1, stop=105), 1: sell(quantity=1, limit=103)}, "1 sell 1 @100, 2 sell 1 @103, 2 buy 2 @105 stop_loss"),
    ("the stop wins over an exit at a limit", "100; 100; 100 106 94 100", {0: buy(quantity=1, stop=95), 1: sell(limit=105)},
     "1 buy 1 @100, 2 sell 1 @95 stop_loss, 2 cancelled sell position_closed"),
    ("an exit stop nearer than the stop", "100; 100; 100 101 94 95", {0: buy(quantity=1, stop=95), 1: sell(trigger=97)},
     "1 buy 1 @100, 2 sell 1 @97 strategy_signal"),
    ("an exit stop farther than the stop", "100; 100; 100 101 92 95", {0: buy(quantity=1, stop=95), 1: sell(trigger=93)},
     "1 buy 1 @100, 2 sell 1 @95 stop_loss, 2 cancelled sell position_closed"),
]  # fmt: skip


@pytest.mark.parametrize(("bars", "orders", "expected"), [row[1:] for row in FILLS], ids=[row[0] for row in FILLS])
def test_orders_trade_as_the_contract_says(bars, orders, expected):
    """Market at the open, limit and stop at their price or at the open if gapped, oldest first (B-01, design 4)."""
    assert play(bars, orders).story() == expected


def test_stop_loses_to_a_limit_exit_only_when_optimistic():
    """The option ``intrabar: optimistic`` turns who wins inside a bar (design 4)."""
    orders = {0: buy(quantity=1, stop=95), 1: sell(limit=105)}
    assert play("100; 100; 100 106 94 100", orders, options=OPTIMISTIC).story() == (
        "1 buy 1 @100, 2 sell 1 @105 strategy_signal"
    )


AT_CLOSE_FILLS = [
    ("market: at the close of the decision", "100 105 95 102; 103", {0: LONG}, "0 buy 1 @102"),
    ("limit: still from the next bar on", "100 105 95 102; 103", {0: buy(quantity=1, limit=104)}, "1 buy 1 @103"),
    ("exit: at the close of the decision", "100; 101", {0: LONG, 1: close()}, "0 buy 1 @100, 1 sell 1 @101 strategy_signal"),
    ("reversal: both at one close", "100; 101", {0: LONG, 1: [close(), sell(quantity=2)]},
     "0 buy 1 @100, 1 sell 1 @101 strategy_signal, 1 sell 2 @101"),
    ("protection: from the next bar on", "100 110 80 100; 100 101 95 99", {0: buy(quantity=1, stop=96)},
     "0 buy 1 @100, 1 sell 1 @96 stop_loss"),
    ("protection of a closing position", "100; 100", {0: LONG, 1: [protect(stop=90), close()]},
     "0 buy 1 @100, 1 sell 1 @100 strategy_signal"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bars", "orders", "expected"), [row[1:] for row in AT_CLOSE_FILLS], ids=[row[0] for row in AT_CLOSE_FILLS]
)
def test_fill_close_trades_market_orders_at_the_close_of_the_decision(bars, orders, expected):
    """``fill: close`` exists for comparison with other tools (B-05, design 4)."""
    assert play(bars, orders, options=AT_CLOSE).story() == expected


def test_ninth_working_order_of_a_cell_is_refused():
    """A cell has eight order slots; a refusal is an event (design 4)."""
    orders = {0: [buy(quantity=1, limit=50 + number) for number in range(9)]}
    played = play("100; 100", orders)
    assert played.story() == "0 rejected buy no_slot"
    assert played.account()["reserved"] == sum(range(50, 58))


def test_an_exit_is_never_refused_for_want_of_a_slot():
    """The newest working entry makes room for it (design 4)."""
    entries = [buy(quantity=1, limit=50 + number) for number in range(7)]
    played = play("100; 100; 100; 101", {0: buy(quantity=1), 1: [sell(limit=200), *entries], 2: close()})
    assert played.story() == (
        "1 buy 1 @100, 2 cancelled buy no_slot, 3 sell 1 @101 strategy_signal, 3 cancelled sell position_closed"
    )


def test_eight_working_exits_make_room_for_the_ninth():
    """Where only exits work, the newest of them goes (design 4)."""
    exits = [sell(limit=200 + number) for number in range(8)]
    story = play("100; 100; 100; 101", {0: buy(quantity=1), 1: exits, 2: close()}).story()
    assert story.startswith("1 buy 1 @100, 2 cancelled sell no_slot, 3 sell 1 @101 strategy_signal, ")
    assert story.count("position_closed") == 7


def test_an_order_waits_for_the_next_bar_of_its_symbol():
    """A step without a bar of the symbol does nothing to its orders (B-02, design 4)."""
    played = play(["100; -; 102", "7; 7; 7"], {0: buy(quantity=1)}, cells=[(0, 0), (0, 1)])
    assert played.story() == "2 buy 1 @102"


def test_a_symbol_s_missing_bar_does_not_age_its_orders():
    """Orders live for bars of their symbol, not for steps (design 4)."""
    played = play(["100; -; 100; 95", "7; 7; 7; 7"], {0: buy(quantity=1, limit=95, expire=2)}, cells=[(0, 0), (0, 1)])
    assert played.story() == "3 buy 1 @95"
