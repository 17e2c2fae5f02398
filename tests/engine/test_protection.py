"""Protection: stop, targets, trail, break-even and time exit, each at its level or at the open if gapped."""

from __future__ import annotations

import numpy as np
import pytest
from scene import buy, close, plan, play, protect, sell

from podium.engine.engine import EngineOptions
from podium.engine.tables import NO_LEVEL

OPTIMISTIC = EngineOptions(entry_buffer=0, optimistic=True)
NEXT_BAR = EngineOptions(entry_buffer=0, protect_next_bar=True)
LADDER = [("target", 105, 0.5), ("target", 110, 0.25), ("target", 120, 0.25)]

LEVELS = [
    # what it shows, bars, orders by step, what happens after the entry
    ("stop: at its level, in the bar of the entry", "100; 100 101 94 96", {0: buy(quantity=2, stop=95)}, "1 sell 2 @95 stop_loss"),
    ("stop: touched is reached", "100; 100 101 95 96", {0: buy(quantity=2, stop=95)}, "1 sell 2 @95 stop_loss"),
    ("stop: gapped, at the open", "100; 100; 90 91 89 90", {0: buy(quantity=2, stop=95)}, "2 sell 2 @90 stop_loss"),
    ("stop: not reached", "100; 100 101 96 97", {0: buy(quantity=2, stop=95)}, ""),
    ("stop: gapped by the entry itself", "100; 90 92 89 91", {0: buy(quantity=2, stop=95)}, "1 sell 2 @90 stop_loss"),
    ("stop, short", "100; 100 106 99 101", {0: sell(quantity=2, stop=105)}, "1 buy 2 @105 stop_loss"),
    ("stop, short: gapped", "100; 100; 110", {0: sell(quantity=2, stop=105)}, "2 buy 2 @110 stop_loss"),
    ("target: at its level", "100; 100; 100 111 99 110", {0: buy(quantity=2, target=110)}, "2 sell 2 @110 take_profit"),
    ("target: gapped, at the open", "100; 100; 115 116 114 115", {0: buy(quantity=2, target=110)}, "2 sell 2 @115 take_profit"),
    ("target, short", "100; 100 101 89 91", {0: sell(quantity=2, target=90)}, "1 buy 2 @90 take_profit"),
    ("target, short: gapped", "100; 100; 85", {0: sell(quantity=2, target=90)}, "2 buy 2 @85 take_profit"),
    ("stop and target in one bar: the stop wins", "100; 100; 100 112 94 100", {0: buy(quantity=2, stop=95, target=110)},
     "2 sell 2 @95 stop_loss"),
    ("an exit at the open comes before the stop", "100; 100; 90", {0: buy(quantity=2, stop=95), 1: close()},
     "2 sell 2 @90 strategy_signal"),
    ("levels as distances from the fill", "100; 200 201 194 196", {0: buy(quantity=2, stop_distance=5)}, "1 sell 2 @195 stop_loss"),
    ("levels as ratios of the fill", "100; 200 201 189 195", {0: buy(quantity=2, stop_ratio=0.05)}, "1 sell 2 @190 stop_loss"),
    ("a target as a ratio of the fill", "100; 200 221 199 210", {0: buy(quantity=2, target_ratio=0.1)}, "1 sell 2 @220 take_profit"),
    ("a target as a distance, short", "100; 50 51 39 45", {0: sell(quantity=2, target_distance=10)}, "1 buy 2 @40 take_profit"),
    ("limit entry inside the bar: never the target", "100; 100 106 97 105; 103", {0: buy(quantity=2, limit=98, target=104)}, ""),
    ("limit entry inside the bar: the target from the next bar on", "100; 100 106 97 105; 105",
     {0: buy(quantity=2, limit=98, target=104)}, "2 sell 2 @105 take_profit"),
    ("limit entry inside the bar: the stop if it is reached", "100; 100 106 94 105",
     {0: buy(quantity=2, limit=98, stop=95, target=104)}, "1 sell 2 @95 stop_loss"),
    ("stop entry inside the bar: the stop if the low reaches it", "100; 100 105 99 104", {0: buy(quantity=2, trigger=104, stop=101)},
     "1 sell 2 @101 stop_loss"),
    ("limit entry at the open is an entry at the open", "100; 97 106 96 105", {0: buy(quantity=2, limit=98, target=104)},
     "1 sell 2 @104 take_profit"),
    ("targets close their shares", "100; 100 111 99 110; 110 121 109 120", {0: buy(quantity=4, targets=LADDER)},
     "1 sell 2 @105 take_profit, 1 sell 1 @110 take_profit, 2 sell 1 @120 take_profit"),
    ("targets act in the order of the price", "100; 100 111 99 110; 110 121 109 120", {0: buy(quantity=4, targets=LADDER[::-1])},
     "1 sell 2 @105 take_profit, 1 sell 1 @110 take_profit, 2 sell 1 @120 take_profit"),
    ("targets, short", "100; 100 101 89 91", {0: sell(quantity=4, targets=[("target", 90, 0.5), ("target", 95, 0.5)])},
     "1 buy 2 @95 take_profit, 1 buy 2 @90 take_profit"),
    ("all targets gapped", "100; 100; 130", {0: buy(quantity=4, targets=LADDER)},
     "2 sell 2 @130 take_profit, 2 sell 1 @130 take_profit, 2 sell 1 @130 take_profit"),
    ("a share below half a lot goes to the next target", "100; 100 111 99 110",
     {0: buy(quantity=1, targets=[("target", 105, 0.5), ("target", 110, 0.5)])}, "1 sell 1 @110 take_profit"),
    ("shares below one keep the rest", "100; 100 130 99 130", {0: buy(quantity=4, targets=LADDER[:2])},
     "1 sell 2 @105 take_profit, 1 sell 1 @110 take_profit"),
    ("a target takes no more than a part exit left", "100; 100; 100; 100 106 99 100",
     {0: buy(quantity=4, targets=LADDER), 1: close(quantity=3)}, "2 sell 3 @100 strategy_signal, 3 sell 1 @105 take_profit"),
    ("the stop closes what a target left", "100; 100 106 99 105; 100 100 94 95", {0: buy(quantity=4, stop=95, targets=LADDER)},
     "1 sell 2 @105 take_profit, 2 sell 2 @95 stop_loss"),
    ("trail: from the fill on", "100; 100 101 94 96", {0: buy(quantity=2, trail_distance=5)}, "1 sell 2 @95 trailing_stop"),
    ("trail: behind the best price", "100; 100 104 99 103; 103 110 102 109; 109 110 103 104", {0: buy(quantity=2, trail_distance=5)},
     "3 sell 2 @105 trailing_stop"),
    ("trail: a bar's own extreme acts from the next bar on", "100; 100 120 99 119; 119 120 116 117",
     {0: buy(quantity=2, trail_distance=5)}, ""),
    ("trail: gapped, at the open", "100; 100 120 99 119; 110", {0: buy(quantity=2, trail_distance=5)}, "2 sell 2 @110 trailing_stop"),
    ("trail: asleep until the return is earned", "100; 100 109 80 105; 105 110 100 106; 106 106 104 105",
     {0: buy(quantity=2, trail_distance=5, trail_after=0.1)}, "3 sell 2 @105 trailing_stop"),
    ("trail: a ratio of the fill", "100; 200 210 181 205; 205 206 189 190", {0: buy(quantity=2, trail_ratio=0.1)},
     "2 sell 2 @190 trailing_stop"),
    ("trail: a price says the distance", "100; 100 104 99 103; 103 103 96 96", {0: buy(quantity=2, trail=93)},
     "2 sell 2 @97 trailing_stop"),
    ("trail: wider than the price", "10; 10; 10 30 2 30; 30 30 5 6", {0: buy(quantity=2, trail_distance=20)},
     "3 sell 2 @10 trailing_stop"),
    ("trail, short", "100; 100 101 90 91; 91 96 90 95", {0: sell(quantity=2, trail_distance=5)}, "2 buy 2 @95 trailing_stop"),
    ("trail and stop: the nearer one", "100; 100; 100 100 96 96", {0: buy(quantity=2, stop=97, trail_distance=10)},
     "2 sell 2 @97 stop_loss"),
    ("trail and stop: the trail overtakes", "100; 100 110 99 109; 109 109 99 99", {0: buy(quantity=2, stop=97, trail_distance=10)},
     "2 sell 2 @100 trailing_stop"),
    ("trail of an entry inside the bar: the bar's high may lie before it", "100; 100 120 97 98; 98 98 95 96",
     {0: buy(quantity=2, limit=98, trail_distance=5)}, ""),
    ("trail of an entry inside the bar, short", "100; 100 103 80 102; 102 105 101 104", {0: sell(quantity=2, limit=102, trail_distance=5)}, ""),
    ("break-even: with its offset, from the next bar on", "100; 100 105 98 104; 104 104 100 101",
     {0: buy(quantity=2, break_even_after=0.05, break_even_offset=0.01)}, "2 sell 2 @101 break_even"),
    ("break-even: not earned", "100; 100 104 98 104; 104 104 90 91", {0: buy(quantity=2, break_even_after=0.05)}, ""),
    ("break-even: below the entry", "100; 100 105 98 104; 104 104 97 98",
     {0: buy(quantity=2, break_even_after=0.05, break_even_offset=-0.02)}, "2 sell 2 @98 break_even"),
    ("break-even, short", "100; 100 101 95 96; 96 99 96 98", {0: sell(quantity=2, break_even_after=0.05, break_even_offset=0.01)},
     "2 buy 2 @99 break_even"),
    ("break-even never lowers a stop", "100; 100 105 100 104; 104 104 98 98", {0: buy(quantity=2, stop=99, break_even_after=0.05, break_even_offset=-0.05)},
     "2 sell 2 @99 stop_loss"),
    ("time exit: after one bar", "100; 100; 101; 102", {0: buy(quantity=2, max_bars=1)}, "2 sell 2 @101 time_exit"),
    ("time exit: after two bars", "100; 100; 101; 102", {0: buy(quantity=2, max_bars=2)}, "3 sell 2 @102 time_exit"),
    ("time exit beside a close of the same step", "100; 100; 101", {0: buy(quantity=2, max_bars=1), 1: close()},
     "1 rejected sell flat, 2 sell 2 @101 time_exit"),
    ("a moved stop", "100; 100; 100 100 97 97", {0: buy(quantity=2, stop=90), 1: protect(stop=98)}, "2 sell 2 @98 stop_loss"),
    ("what is not moved stays", "100; 100; 100 111 99 110", {0: buy(quantity=2, stop=90, target=110), 1: protect(stop=95)},
     "2 sell 2 @110 take_profit"),
    ("moved targets", "100; 100; 100 108 99 105", {0: buy(quantity=2, target=110), 1: protect(target=107)}, "2 sell 2 @107 take_profit"),
    ("a trail set later knows the best price so far", "100; 100 110 99 109; 109 109 104 105", {0: buy(quantity=2), 1: protect(trail_distance=5)},
     "2 sell 2 @105 trailing_stop"),
    ("a break-even that is earned already", "100; 100 110 99 109; 109 109 99 100", {0: buy(quantity=2), 1: protect(break_even_after=0.1)},
     "2 sell 2 @100 break_even"),
    ("a time exit set later", "100; 100; 100; 101", {0: buy(quantity=2), 1: protect(max_bars=1)}, "3 sell 2 @101 time_exit"),
    ("levels of nothing", "100; 100", {0: protect(stop=90)}, "0 rejected sell flat"),
    ("a moved stop on the wrong side", "100; 100; 99", {0: buy(quantity=2), 1: protect(stop=101)}, "1 rejected buy wrong_side"),
    ("a moved stop that is not known", "100; 100; 99", {0: buy(quantity=2), 1: protect(stop=NO_LEVEL)}, "1 rejected buy unknown_level"),
]  # fmt: skip


@pytest.mark.parametrize(("bars", "orders", "expected"), [row[1:] for row in LEVELS], ids=[row[0] for row in LEVELS])
def test_levels_act_as_the_contract_says(bars, orders, expected):
    """Each level acts at its price, or at the open if gapped; the stop wins; a trail acts from the next bar on (design 4)."""
    told = [part for part in play(bars, orders).story().split(", ") if part.split()[-1][0] != "@"]
    assert ", ".join(told) == expected


OPTIONS = [
    ("optimistic: the target wins", OPTIMISTIC, "100; 100; 100 112 94 100", {0: buy(quantity=2, stop=95, target=110)},
     "1 buy 2 @100, 2 sell 2 @110 take_profit"),
    ("optimistic: the stop takes what the targets leave", OPTIMISTIC, "100; 100; 100 112 94 100",
     {0: buy(quantity=2, stop=95, targets=[("target", 110, 0.5)])},
     "1 buy 2 @100, 2 sell 1 @110 take_profit, 2 sell 1 @95 stop_loss"),
    ("optimistic: still no target in the bar of an entry inside it", OPTIMISTIC, "100; 100 106 94 105; 103",
     {0: buy(quantity=2, limit=98, stop=95, target=104)}, "1 buy 2 @98, 1 sell 2 @95 stop_loss"),
    ("next bar: nothing protects in the bar of the entry", NEXT_BAR, "100; 100 111 94 100; 100",
     {0: buy(quantity=2, stop=95, target=110)}, "1 buy 2 @100"),
    ("next bar: then at the open if gapped", NEXT_BAR, "100; 100 101 90 92; 92", {0: buy(quantity=2, stop=95)},
     "1 buy 2 @100, 2 sell 2 @92 stop_loss"),
    ("next bar: then at its level", NEXT_BAR, "100; 100 101 94 96; 96 97 95 96", {0: buy(quantity=2, stop=95)},
     "1 buy 2 @100, 2 sell 2 @95 stop_loss"),
    ("next bar: an added quantity does not unprotect the rest", NEXT_BAR, "100; 100; 100 101 94 96",
     {0: buy(quantity=2, stop=95), 1: buy(quantity=1)}, "1 buy 2 @100, 2 buy 1 @100, 2 sell 3 @95 stop_loss"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "bars", "orders", "expected"), [row[1:] for row in OPTIONS], ids=[row[0] for row in OPTIONS]
)
def test_options_turn_what_protection_does(options, bars, orders, expected):
    """``intrabar`` and ``protect`` (design 4)."""
    assert play(bars, orders, options=options).story() == expected


def test_what_is_added_inside_a_bar_earns_nothing_in_it():
    """What a bar did before an entry inside it is unknown: no target in that bar, for the whole position (design 4)."""
    orders = {0: buy(quantity=2, target=110), 1: buy(quantity=1, limit=95)}
    assert play("100; 100; 100 111 94 100; 100 111 100 110", orders).story() == (
        "1 buy 2 @100, 2 buy 1 @95, 3 sell 3 @110 take_profit"
    )


def test_break_even_refers_to_the_average_entry():
    """Entries at 100 and 110: 10 % above the average of 105 is 115, to the tick."""
    bars = "100; 100; 110; 110 114 110 112; 112 115 112 113; 113 113 104 104"
    orders = {0: buy(quantity=1), 1: buy(quantity=1, break_even_after=0.1)}
    assert play(bars, orders).story() == "1 buy 1 @100, 2 buy 1 @110, 5 sell 2 @105 break_even"


def test_the_pessimism_of_an_entry_inside_a_bar_ends_with_the_bar():
    """The best price of a trade counts every later bar in full, protected or not (B-46)."""
    orders = {0: buy(quantity=1, limit=98), 2: close()}
    trade = play("100; 100 120 97 98; 98 130 90 99; 99", orders).trades()[0]
    assert (trade["highest"], trade["lowest"]) == (130, 90)


def test_excursions_of_the_bar_of_an_entry_inside_it_are_its_adverse_side():
    """The high of a bar may lie before a limit entry inside it, its low may not be left out (B-46)."""
    trade = play("100; 100 120 97 98; 98", {0: buy(quantity=1, limit=98), 1: close()}).trades()[0]
    assert (trade["highest"], trade["lowest"]) == (98, 97)


SERIES = [
    ("a stop as a price", {"stop_series": 0, "stop": 1}, [[0, 95, 0]], "2 buy 1 @100, 2 sell 1 @95 stop_loss"),
    ("a stop that is not known yet", {"stop_series": 0, "stop": 1}, [[0, NO_LEVEL, 0]], "1 rejected buy unknown_level"),
    ("a stop on the wrong side", {"stop_series": 0, "stop": 1}, [[0, 101, 0]], "1 rejected buy wrong_side"),
    ("a stop as a distance", {"stop_series": 0, "stop_distance": 1}, [[0, 4, 0]], "2 buy 1 @100, 2 sell 1 @96 stop_loss"),
    ("a trail as a distance", {"trail_series": 0, "trail_distance": 1}, [[0, 6, 0]], "2 buy 1 @100, 2 sell 1 @94 trailing_stop"),
    ("a trail that is not known yet", {"trail_series": 0, "trail_distance": 1}, [[0, NO_LEVEL, 0]], "1 rejected buy unknown_level"),
    ("a target as a price", {"target_series": 0}, [[0, 104, 0]], "2 buy 1 @100, 2 sell 1 @104 take_profit"),
    ("a target that is not known yet", {"target_series": 0}, [[0, NO_LEVEL, 0]], "1 rejected buy unknown_level"),
    ("a target on the wrong side", {"target_series": 0}, [[0, 99, 0]], "1 rejected buy wrong_side"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "levels", "expected"), [row[1:] for row in SERIES], ids=[row[0] for row in SERIES])
def test_rules_take_their_levels_at_the_bar_of_the_decision(given, levels, expected):
    """A level of a rules strategy is a series; an unknown one refuses the entry (design 4, 5)."""
    played = play("100; 100; 100 105 93 97", signals={0: [0, 1, 0]}, plans=plan(levels, quantity=1, **given))
    assert played.story() == expected


def test_levels_of_several_cells_do_not_mix():
    """Each cell reads its own series."""
    one = plan([np.array([95, 95])], quantity=1, stop_series=0, stop=1)
    two = plan([np.array([90, 90]), np.array([108, 108])], quantity=1, stop_series=0, stop=1, target_series=1)
    played = play(
        ["100; 100 109 91 92", "100; 100 109 91 92"],
        signals={0: [1, 0], 1: [1, 0]},
        plans=[one, two],
        cells=[(0, 0), (0, 1)],
    )
    assert played.story() == "1 buy 1 @100, 1 sell 1 @95 stop_loss, 1 buy 1 @100, 1 sell 1 @108 take_profit"
