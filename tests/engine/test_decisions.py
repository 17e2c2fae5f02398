"""Decisions: what the signals of a step become, in which order, and which of them are conflicts."""

from __future__ import annotations

import pytest
from scene import buy, close, plan, play, sell

from podium.core.errors import InvariantBroken
from podium.engine.engine import EngineOptions

LE, LX, SE, SX = 1, 2, 4, 8
FLAT = "100; 101; 102; 103; 104"

RULES = [
    # what it shows, bytes of signals, what happens
    ("a long entry, then its exit", [LE, 0, LX], "1 buy 1 @101, 3 sell 1 @103 strategy_signal"),
    ("a short entry, then its exit", [SE, 0, SX], "1 sell 1 @101, 3 buy 1 @103 strategy_signal"),
    ("an exit while flat", [LX, SX], ""),
    ("an entry while long", [LE, LE, LE], "1 buy 1 @101"),
    ("the other side while long, without an exit", [LE, SE, SE], "1 buy 1 @101"),
    ("the other side's exit while long", [LE, SX, SX], "1 buy 1 @101"),
    ("an exit and the other side: reversed", [LE, LX | SE], "1 buy 1 @101, 2 sell 1 @102 strategy_signal, 2 sell 1 @102"),
    ("short, an exit and the other side: reversed", [SE, SX | LE], "1 sell 1 @101, 2 buy 1 @102 strategy_signal, 2 buy 1 @102"),
    ("an exit and the same side: only the exit", [LE, LX | LE], "1 buy 1 @101, 2 sell 1 @102 strategy_signal"),
    ("an exit and an entry of the same side while flat: an entry", [LE | LX], "1 buy 1 @101"),
    ("entries of both sides at once", [LE | SE], "0 rejected both both_sides"),
    ("both sides while long: neither is an exit", [LE, LE | SE], "1 buy 1 @101"),
    ("a signal of the last bar waits for ever", [0, 0, 0, 0, LE], ""),
]  # fmt: skip


@pytest.mark.parametrize(("signals", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_signals_of_rules_act_at_the_next_open(signals, expected):
    """What a byte of signals asks for, in each position (design 4, 6)."""
    assert play(FLAT, signals={0: signals}).story() == expected


def test_a_trade_from_signal_to_close_in_events():
    """Every step of it is an event, in order (design 1.4, B-55)."""
    played = play(FLAT, signals={0: [LE, LX]})
    assert played.story("generated", "created", "filled", "opened", "closed") == (
        "0 generated buy, 0 created buy 1, 1 buy 1 @101, 1 opened, "
        "1 generated sell strategy_signal, 1 created sell 1 strategy_signal, "
        "2 sell 1 @102 strategy_signal, 2 closed strategy_signal"
    )


def test_a_closed_position_tells_its_trade():
    """Bars held count from the bar of the entry; the exit's price is in the excursion (B-46)."""
    bars = "100; 101 105 99 104; 104 110 103 106; 107"
    assert play(bars, signals={0: [LE, 0, LX]}).trades() == [
        {
            "order": 1, "side": 1, "reason": 1, "quantity": 1, "step": 3, "entry_step": 1, "bars_held": 2,
            "notional": 101, "exit_notional": 107, "realised": 6, "fee": 0, "slippage": 0, "highest": 110, "lowest": 99,
        }
    ]  # fmt: skip


def test_positions_are_modified_by_additions_and_parts():
    """More entered, a part closed (design 1.4)."""
    played = play(FLAT, {0: buy(quantity=2), 1: buy(quantity=1), 2: close(quantity=2)})
    assert played.story("opened", "modified", "closed") == "1 opened, 2 modified, 3 modified strategy_signal"
    assert [int(event["position"]) for event in played.events if event["kind"] == 6] == [2, 3, 1]


def test_time_exit_of_rules():
    """``max_bars`` bars after the entry, its own included (B-46)."""
    played = play(FLAT, signals={0: [LE]}, plans=plan(quantity=1, max_bars=2))
    assert played.story() == "1 buy 1 @101, 3 sell 1 @103 time_exit"


def test_a_signal_beside_the_time_exit_is_the_reason():
    """The strategy's own wish is named first."""
    played = play(FLAT, signals={0: [LE, LX]}, plans=plan(quantity=1, max_bars=1))
    assert played.story() == "1 buy 1 @101, 2 sell 1 @102 strategy_signal"


def test_a_time_exit_may_reverse():
    """The other side's entry beside a time exit acts as beside an exit."""
    played = play(FLAT, signals={0: [LE, SE]}, plans=plan(quantity=1, max_bars=1))
    assert played.story() == "1 buy 1 @101, 2 sell 1 @102 time_exit, 2 sell 1 @102, 3 buy 1 @103 time_exit"


PORTFOLIO = [(0, 0), (1, 0), (0, 1), (1, 1)]


def test_symbols_come_in_file_order_and_strategies_within_them():
    """The portfolio order of design 4 is (symbol, strategy); exits are decided before entries."""
    signals = {0: [LE], 1: [LE], 2: [LE], 3: [LE]}
    played = play(["100; 101", "7; 8"], signals=signals, cells=PORTFOLIO)
    assert [int(event["cell"]) for event in played.events if event["kind"] == 6] == [0, 1, 2, 3]


def test_exits_of_a_step_come_before_its_entries():
    """Exits before entries, over the whole portfolio (design 4)."""
    signals = {0: [0, LE], 1: [LE, LX]}
    played = play("100; 101; 102", signals=signals, cells=[(0, 0), (1, 0)])
    created = [
        (int(event["cell"]), int(event["exit"])) for event in played.events if event["kind"] == 4 and event["step"] == 1
    ]
    assert created == [(1, 1), (0, 0)]


CONFLICTS = [
    # what it shows, cells, signals by cell, how many
    ("both sides on one symbol", [(0, 0), (1, 0)], {0: [LE], 1: [SE]}, 1),
    ("once a step, however many", [(0, 0), (1, 0), (2, 0), (3, 0)], {0: [LE], 1: [SE], 2: [LE], 3: [SE]}, 1),
    ("again in the next step", [(0, 0), (1, 0), (2, 0), (3, 0)], {0: [LE], 1: [SE], 2: [0, LE], 3: [0, SE]}, 2),
    ("each symbol of its own", PORTFOLIO, {0: [LE], 1: [SE], 2: [LE], 3: [SE]}, 2),
    ("the same side", [(0, 0), (1, 0)], {0: [LE], 1: [LE]}, 0),
    ("different symbols", PORTFOLIO, {0: [LE], 1: [0], 2: [0], 3: [SE]}, 0),
    ("an exit is none", [(0, 0), (1, 0)], {0: [LE, LX], 1: [0, LE]}, 0),
    ("an existing position is none", [(0, 0), (1, 0)], {0: [LE], 1: [0, SE]}, 0),
    ("the entry of a reversal is one", [(0, 0), (1, 0)], {0: [LE, LX | SE], 1: [0, LE]}, 1),
    ("one strategy's own two sides are none", [(0, 0), (1, 0)], {0: [LE | SE], 1: [LE]}, 0),
]


@pytest.mark.parametrize(
    ("cells", "signals", "expected"), [row[1:] for row in CONFLICTS], ids=[row[0] for row in CONFLICTS]
)
def test_conflicts_are_counted_once_per_symbol_and_step(cells, signals, expected):
    """Entry signals of both sides in one step on one symbol; ``allow`` lets all act (B-11, design 4)."""
    played = play(["100; 101; 102", "7; 8; 9"], signals=signals, cells=cells)
    assert int(played.engine.tables.run[0]["conflicts"]) == expected
    assert len([event for event in played.events if event["kind"] == 3]) == expected


def test_a_refused_entry_is_in_conflict_all_the_same():
    """Conflicts are seen before sizing (design 4)."""
    played = play(
        "100; 101", signals={0: [LE], 1: [SE]}, plans=[plan(quantity=50), plan(quantity=1)], cells=[(0, 0), (1, 0)]
    )
    assert played.story("detected", "rejected") == "0 detected, 0 rejected buy capital_limit"


def test_a_strategy_that_waits_on_both_sides_is_in_no_conflict_with_itself():
    """Conflicts are between strategies (design 4)."""
    straddle = [buy(quantity=1, trigger=105), sell(quantity=1, trigger=95)]
    assert play("100; 100", {0: straddle}).engine.tables.run[0]["conflicts"] == 0
    other = play("100; 100", {0: [*straddle, buy(quantity=1).on(1)]}, cells=[(0, 0), (1, 0)])
    assert other.engine.tables.run[0]["conflicts"] == 1


def test_commands_without_a_bar_are_seen_in_their_own_step():
    """A conflict belongs to the step in which it was wanted, bar or not (design 4)."""
    orders = {1: [buy(quantity=1), sell(quantity=1).on(1)]}
    played = play(["100; -; 102", "7; 7; 7"], orders, cells=[(0, 0), (1, 0), (0, 1)])
    assert played.story("detected") == "1 detected"


def test_coded_and_rules_cells_share_a_portfolio():
    """Commands and signals act in one step."""
    played = play("100; 101; 102", {0: buy(quantity=2).on(1)}, signals={0: [LE, LX]}, cells=[(0, 0), (1, 0)])
    assert played.story() == "1 buy 1 @101, 1 buy 2 @101, 2 sell 1 @102 strategy_signal"


def test_a_command_for_a_decided_step_is_a_defect_of_the_caller():
    """It would be lost in silence otherwise."""
    played = play("100; 101; 102", stop=4)
    buy(quantity=1).send(played.engine, 1)
    with pytest.raises(InvariantBroken, match="a command comes before its step is decided"):
        played.engine.advance(6)


def test_an_unaffordable_reversal_keeps_its_exit():
    """The exit of a reversal is independent of whether its entry can be had."""
    played = play("100; 100; 100", {0: buy(), 1: [close(), sell(quantity=11)]}, options=EngineOptions(entry_buffer=0))
    assert played.story() == "1 buy 10 @100, 1 rejected sell capital_limit, 2 sell 10 @100 strategy_signal"


def test_reversals_of_two_symbols_in_one_step_do_not_lock_each_other_out():
    """What a cell's own exit gives back just before its entry fills is not held a second time."""
    first = [buy(fraction=0.45).on(cell) for cell in (0, 1)]
    turn = [command.on(cell) for cell in (0, 1) for command in (close(), sell(fraction=0.45))]
    played = play(["100; 100; 100", "100; 100; 100"], {0: first, 1: turn}, cells=((0, 0), (0, 1)))
    assert played.story() == (
        "1 buy 4 @100, 1 buy 4 @100, 2 sell 4 @100 strategy_signal, 2 sell 4 @100, 2 sell 4 @100 strategy_signal, "
        "2 sell 4 @100"
    )
