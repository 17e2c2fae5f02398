"""Conflicts: entries of both sides of one symbol in one step, and what each mode makes of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scene import buy, close, plan, play, sell

from podium.core.errors import InvariantBroken
from podium.core.events import EventKind
from podium.core.instruments import Instrument
from podium.engine.engine import EngineOptions
from podium.engine.tables import ConflictMode

LE, LX, SE, SX = 1, 2, 4, 8
TWO, THREE = [(0, 0), (1, 0)], [(0, 0), (1, 0), (2, 0)]
OPPOSED = {0: [LE], 1: [SE]}
FLAT = "100; 101; 102; 103"

MODES = [
    # mode, cells, signals, priorities, what happens
    ("allow", TWO, OPPOSED, (), "0 detected, 1 buy 1 @101, 1 sell 1 @101"),
    ("cancel_both", TWO, OPPOSED, (), "0 detected, 0 rejected buy conflict, 0 rejected sell conflict"),
    ("first_wins", TWO, OPPOSED, (), "0 detected, 0 rejected sell conflict, 1 buy 1 @101"),
    ("first_wins", TWO, {0: [SE], 1: [LE]}, (), "0 detected, 0 rejected buy conflict, 1 sell 1 @101"),
    ("priority", TWO, OPPOSED, (1, 2), "0 detected, 0 rejected buy conflict, 1 sell 1 @101"),
    ("priority", TWO, OPPOSED, (2, 1), "0 detected, 0 rejected sell conflict, 1 buy 1 @101"),
    ("priority", TWO, OPPOSED, (1, 1), "0 detected, 0 rejected sell conflict, 1 buy 1 @101"),
    ("priority", THREE, {0: [LE], 1: [SE], 2: [SE]}, (0, 0, 9),
     "0 detected, 0 rejected buy conflict, 1 sell 1 @101, 1 sell 1 @101"),
    ("first_wins", THREE, {0: [LE], 1: [SE], 2: [LE]}, (),
     "0 detected, 0 rejected sell conflict, 1 buy 1 @101, 1 buy 1 @101"),
    ("net_signal", TWO, OPPOSED, (), "0 detected, 0 rejected buy conflict, 0 rejected sell conflict"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "cells", "signals", "priorities", "expected"), MODES)
def test_each_mode_lets_act_what_it_says(mode, cells, signals, priorities, expected):
    """Who prevails acts at the next open, what falls away is refused with ``conflict`` (B-33, B-11)."""
    played = play(FLAT, signals=signals, cells=cells, conflicts=ConflictMode[mode.upper()], priorities=priorities)
    assert played.story("detected", "filled", "rejected") == expected
    assert int(played.engine.tables.run[0]["conflicts"]) == 1


@pytest.mark.parametrize("mode", list(ConflictMode))
@pytest.mark.parametrize(
    "signals",
    [{0: [LE], 1: [LE]}, {0: [LE, LX], 1: [0, SE]}, {0: [LE], 1: [0, SE]}, {0: [LE | SE], 1: [SE]}],
    ids=["the same side", "an exit", "a position", "one refused for both its sides"],
)
def test_without_a_conflict_no_mode_does_anything(mode, signals):
    """Exits and positions are no conflict, nor is what is no wish (B-11, design 4)."""
    plain, resolved = (play(FLAT, signals=signals, cells=TWO, conflicts=each) for each in (ConflictMode.ALLOW, mode))
    assert plain.events.tobytes() == resolved.events.tobytes()


def test_who_has_held_a_position_longest_wins():
    """The second strategy turns around a position older than the first one's (B-33)."""
    signals = {0: [0, SE, SX | LE], 1: [LE, 0, LX | SE], 2: [0, 0, LE]}
    played = play("100; 101; 102; 103", signals=signals, cells=THREE, conflicts=ConflictMode.FIRST_WINS)
    assert played.story("detected", "filled", "rejected") == (
        "1 buy 1 @101, 2 sell 1 @102, 2 detected, 2 rejected buy conflict, 2 rejected buy conflict, "
        "3 buy 1 @103 strategy_signal, 3 sell 1 @103 strategy_signal, 3 sell 1 @103"
    )


def test_of_positions_of_one_age_the_first_in_the_file_wins():
    """File order decides where age does not (B-33)."""
    entries = [buy(quantity=1), buy(quantity=1).on(1)]
    orders = {0: entries, 1: [close(), sell(quantity=1), buy(quantity=1).on(1)]}
    played = play(FLAT, orders, cells=TWO, conflicts=ConflictMode.FIRST_WINS)
    assert played.story("rejected", "filled") == (
        "1 buy 1 @101, 1 buy 1 @101, 1 rejected buy conflict, 2 sell 1 @102 strategy_signal, 2 sell 1 @102"
    )


def test_a_winner_keeps_both_its_sides_and_nobody_else_acts():
    """What opposes the winner on either side falls away (B-33)."""
    orders = {0: [buy(quantity=1, trigger=105), sell(quantity=1, trigger=95), buy(quantity=2).on(1)]}
    played = play("100; 100; 106", orders, cells=TWO, conflicts=ConflictMode.PRIORITY, priorities=(5, 1))
    assert played.story() == "0 rejected buy conflict, 2 buy 1 @106"


def test_symbols_have_modes_of_their_own():
    """One symbol lets all act, the other none (B-33)."""
    cells = [(0, 0), (1, 0), (0, 1), (1, 1)]
    signals = {0: [LE], 1: [SE], 2: [LE], 3: [SE]}
    modes = [ConflictMode.ALLOW, ConflictMode.CANCEL_BOTH]
    played = play([FLAT, "7; 8; 9; 9"], signals=signals, cells=cells, conflicts=modes)
    assert played.story() == "0 rejected buy conflict, 0 rejected sell conflict, 1 buy 1 @101, 1 sell 1 @101"


def test_the_exit_of_a_reversal_acts_whatever_becomes_of_its_entry():
    """Only entries are in conflict (design 4)."""
    signals = {0: [LE, LX | SE], 1: [0, LE]}
    played = play(FLAT, signals=signals, cells=TWO, conflicts=ConflictMode.CANCEL_BOTH)
    assert played.story() == (
        "1 buy 1 @101, 1 rejected sell conflict, 1 rejected buy conflict, 2 sell 1 @102 strategy_signal"
    )


NETTED = [
    # wanted by each strategy (negative: short), what each keeps
    ((5, -2), "1 buy 3 @100"),
    ((-5, 2), "1 sell 3 @100"),
    ((3, -3), ""),
    # 7 of 10 are left: 4.2, 1.4 and 1.4 become 4, 1 and 2 by the largest remainder, of equal ones the first.
    ((6, -3, 2, 2), "1 buy 4 @100, 1 buy 2 @100, 1 buy 1 @100"),
    # 1 of 3 is left: a third each, so the first one has it.
    ((-1, -1, -1, 2), "1 sell 1 @100"),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "expected"), NETTED)
def test_the_larger_side_keeps_the_difference_in_proportion(wanted, expected):
    """Whole lots by largest remainder, none lost (B-33, design 4)."""
    cells = [(strategy, 0) for strategy in range(len(wanted))]
    plans = [plan(quantity=abs(lots)) for lots in wanted]
    signals = {index: [LE if lots > 0 else SE] for index, lots in enumerate(wanted)}
    played = play("100; 100", signals=signals, plans=plans, cells=cells, conflicts=ConflictMode.NET_SIGNAL)
    assert played.story("filled") == expected


def test_netted_sizes_are_those_that_each_would_have_had():
    """By money at hand, by fraction, by risk; what falls away is told in lots, reservations go with it (B-33)."""
    plans = [plan(), plan(fraction="0.5"), plan(risk="0.02", stop_distance=4)]
    # 1,000 pays for 10 lots, half of it for 5, and a risk of 20 at a distance of 4 for 5.
    signals = {0: [LE], 1: [SE], 2: [LE]}
    played = play("100; 100", signals=signals, plans=plans, cells=THREE, conflicts=ConflictMode.NET_SIGNAL)
    rejected = [
        (int(event["cell"]), int(event["quantity"]))
        for event in played.events
        if event["kind"] == EventKind.SIGNAL_REJECTED
    ]
    # 10 of 15 are left: 6.67 and 3.33.
    assert rejected == [(0, 3), (1, 5), (2, 2)]
    assert played.story("created") == "0 created buy 7, 0 created buy 3"
    assert [played.account(strategy)["used"] for strategy in range(3)] == [700, 0, 300]
    assert [played.account(strategy)["reserved"] for strategy in range(3)] == [0, 0, 0]


def test_a_wish_that_cannot_be_had_weighs_nothing():
    """It is refused for its own reason; the conflict counts all the same, as it is seen before sizing (B-11)."""
    played = play(
        "100; 100", signals=OPPOSED, plans=[plan(quantity=50), plan(quantity=2)], cells=TWO,
        conflicts=ConflictMode.NET_SIGNAL,
    )  # fmt: skip
    assert played.story("detected", "rejected", "filled") == "0 detected, 0 rejected buy capital_limit, 1 sell 2 @100"


def test_what_a_reversal_gives_back_counts_in_its_netted_size():
    """Sizes are netted after the exits of the step (design 4)."""
    signals = {0: [LE, LX | SE], 1: [0, LE]}
    plans = [plan(), plan(quantity=4)]
    played = play("100; 100; 100", signals=signals, plans=plans, cells=TWO, conflicts=ConflictMode.NET_SIGNAL)
    assert played.story() == (
        "1 buy 10 @100, 1 rejected sell conflict, 1 rejected buy conflict, 2 sell 10 @100 strategy_signal, "
        "2 sell 6 @100"
    )


def test_orders_of_code_are_netted_with_those_of_rules():
    """Several orders of one cell are wishes of their own; a limit order keeps its price (B-33)."""
    orders = {0: [buy(quantity=4, limit=99).on(1), buy(quantity=2).on(1)]}
    played = play(
        "100; 100 100 98 100", orders, signals={0: [SE]}, plans=[plan(quantity=3), None], cells=TWO,
        conflicts=ConflictMode.NET_SIGNAL,
    )  # fmt: skip
    assert played.story("created", "filled") == "0 created buy 2, 0 created buy 1, 1 buy 1 @100, 1 buy 2 @99"


def test_less_than_the_least_quantity_is_refused():
    """What is left must be an order that the venue takes (design 4)."""
    instrument = Instrument(tick=Decimal(1), lot=Decimal(1), quantity_minimum=Decimal(3))
    played = play(
        "100; 100", signals=OPPOSED, plans=[plan(quantity=5), plan(quantity=3)], cells=TWO, instrument=instrument,
        conflicts=ConflictMode.NET_SIGNAL,
    )  # fmt: skip
    assert played.story() == "0 rejected buy conflict, 0 rejected buy min_quantity, 0 rejected sell conflict"


def test_under_fill_at_close_the_rest_trades_at_once():
    """Exits, then what is left of entries, at the close of the decision."""
    options = EngineOptions(entry_buffer=0, fill_at_close=True)
    plans = [plan(quantity=5), plan(quantity=3)]
    played = play(
        "100; 100", signals=OPPOSED, plans=plans, cells=TWO, conflicts=ConflictMode.NET_SIGNAL, options=options
    )
    assert played.story("filled") == "0 buy 2 @100"


def test_a_command_without_a_bar_of_its_symbol_is_resolved_in_its_step():
    """A conflict belongs to the step in which it was wanted (design 4)."""
    orders = {1: [buy(quantity=1), sell(quantity=1).on(1)]}
    played = play(
        ["100; -; 102", "7; 7; 7"], orders, cells=[(0, 0), (1, 0), (0, 1)], conflicts=ConflictMode.CANCEL_BOTH
    )
    assert played.story("detected", "rejected", "filled") == (
        "1 detected, 1 rejected buy conflict, 1 rejected sell conflict"
    )


def test_other_commands_of_the_step_act():
    """A close beside a refused entry still closes."""
    orders = {0: [buy(quantity=2)], 1: [close(), sell(quantity=1), buy(quantity=1).on(1)]}
    played = play("100; 100; 100", orders, cells=TWO, conflicts=ConflictMode.CANCEL_BOTH)
    assert played.story("filled") == "1 buy 2 @100, 2 sell 2 @100 strategy_signal"


def test_sizes_that_are_not_known_cannot_be_netted():
    """The configuration refuses it with a hint; here it is a defect of the caller."""
    with pytest.raises(InvariantBroken, match="netted are sized at the decision"):
        play("100", conflicts=ConflictMode.NET_SIGNAL, options=EngineOptions(size_at_fill=True))


@given(st.lists(st.integers(-9, 9).filter(bool), min_size=2, max_size=6))
def test_no_lot_is_lost(wanted):
    """The larger side has the difference, nobody more than it wanted, all within one lot of its share (B-33)."""
    cells = [(strategy, 0) for strategy in range(len(wanted))]
    plans = [plan(quantity=abs(lots)) for lots in wanted]
    signals = {index: [LE if lots > 0 else SE] for index, lots in enumerate(wanted)}
    played = play("100; 100", signals=signals, plans=plans, cells=cells, conflicts=ConflictMode.NET_SIGNAL)
    held = [int(cell["quantity"]) for cell in played.engine.tables.cells]
    assert sum(held) == sum(wanted)
    if all(lots > 0 for lots in wanted) or all(lots < 0 for lots in wanted):
        assert held == wanted
        return
    larger = sum(abs(lots) for lots in wanted if lots * sum(wanted) > 0)
    for kept, lots in zip(held, wanted, strict=True):
        share = lots * sum(wanted) / larger * (1 if sum(wanted) > 0 else -1) if lots * sum(wanted) > 0 else 0
        assert abs(kept - share) < 1
        assert abs(kept) <= abs(lots)
