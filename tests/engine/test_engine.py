"""The engine from outside: how a run ends, what is refused, what is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scene import UNIT_INSTRUMENT, buy, close, play, protect, sell, ticks_of

from podium.core.errors import ConfigurationError, InvariantBroken
from podium.core.money import MoneyUnit
from podium.engine.engine import CellInput, Engine, EngineOptions, EngineOverflow
from podium.engine.tables import EVENTS_MAXIMUM
from podium.engine.timeline import Timeline

D = Decimal


def test_finish_close_closes_positions_at_their_last_mark():
    """Without slippage and spread, with the taker's fee; working orders are cancelled (B-12, design 4)."""
    instrument = replace(UNIT_INSTRUMENT, taker_fee=D("0.001"))
    orders = {0: buy(quantity=2), 1: [sell(limit=150), buy(quantity=1, limit=50)]}
    played = play("100; 100; 110", orders, finish="close", instrument=instrument)
    assert played.story() == (
        "1 buy 2 @100, 2 cancelled sell end_of_data, 2 cancelled buy end_of_data, 2 sell 2 @110 end_of_data"
    )
    assert played.account()["equity"] == played.account()["cash"] == D("1019.58")
    assert played.money(played.engine.equity[2, 0]) == D("1019.58")
    assert played.account()["reserved"] == 0


def test_finish_close_closes_shorts_and_every_symbol():
    """At the mark of each symbol, also where it has no bar in the last step (design 4)."""
    orders = {0: [buy(quantity=1), sell(quantity=2).on(1)]}
    played = play(["100; 100; 110", "50; 50; -"], orders, cells=[(0, 0), (0, 1)], finish="close")
    assert played.story() == "1 buy 1 @100, 1 sell 2 @50, 2 sell 1 @110 end_of_data, 2 buy 2 @50 end_of_data"


def test_finish_keep_leaves_everything():
    """``finish: keep`` (design 4)."""
    played = play("100; 100; 110", {0: buy(quantity=2), 1: sell(limit=150)})
    played.engine.finish(close_positions=False)
    assert played.story() == "1 buy 2 @100"
    assert played.account()["equity"] == 1020


def test_an_interrupted_run_ends_where_it_stands():
    """A run may end before its last bar, even between settling and deciding (design 4)."""
    for half_step, price in ((3, 105), (4, 105), (5, 110)):
        played = play("100; 100 106 99 105; 110; 120", {0: buy(quantity=2)}, stop=half_step, finish="close")
        assert played.story() == f"1 buy 2 @100, {(half_step - 1) // 2} sell 2 @{price} end_of_data"


def test_a_run_without_bars_ends():
    """Nothing happened, nothing is to be closed."""
    played = play("100; 100", stop=0, finish="close")
    assert len(played.events) == 0


def test_a_run_ends_once():
    """The second end is a defect of the caller."""
    played = play("100; 100", finish="close")
    with pytest.raises(InvariantBroken, match="a run ends once"):
        played.engine.finish(close_positions=True)


def test_equity_is_recorded_once_per_step_and_strategy():
    """At the decision of each step, after its marks (design 4)."""
    played = play("100; 100; 110; 105", {0: buy(quantity=2), 1: buy(quantity=1).on(1)}, cells=[(0, 0), (1, 0)])
    units = played.engine.equity // 10**8
    assert units.tolist() == [[1000, 1000], [1000, 1000], [1020, 1000], [1010, 995]]


GIANT = 10**9


def test_a_position_beyond_the_ledger_stops_the_run():
    """10⁹ lots bought at 1 are worth more than 2⁶¹ units at 24; the step and the cell are named (design 4)."""
    with pytest.raises(EngineOverflow, match="the ledger overflows in step 2") as caught:
        play("1; 1; 24", {0: buy(quantity=GIANT)}, capital=GIANT)
    assert (caught.value.step, caught.value.strategy, caught.value.symbol) == (2, 0, 0)


OVERFLOWS = [
    ("the high counts", "1; 1; 1 24 1 1", {0: buy(quantity=GIANT)}),
    ("a short that gaps", "1; 1; 100", {0: sell(quantity=GIANT)}),
    ("a stop-loss that gaps", "1; 1; 100", {0: sell(quantity=GIANT, stop=2)}),
    ("a stop-loss inside the bar of the entry", "1; 1 100 1 1", {0: sell(quantity=GIANT, stop=90)}),
    ("a target that gaps", "1; 1; 100", {0: buy(quantity=GIANT, target=2)}),
    ("an exit order that gaps", "1; 1; 1; 100", {0: buy(quantity=GIANT), 2: close()}),
    ("a limit entry far below the mark", "1000; 1", {0: buy(quantity=GIANT, limit=1)}),
]


@pytest.mark.parametrize(("bars", "orders"), [row[1:] for row in OVERFLOWS], ids=[row[0] for row in OVERFLOWS])
def test_no_product_wraps(bars, orders):
    """Every way to an amount of more than 2⁶¹ units is refused, none wraps (design 4)."""
    with pytest.raises(EngineOverflow):
        play(bars, orders, capital=GIANT)


def test_an_entry_that_gaps_beyond_the_ledger_is_reduced_like_any_other():
    """At 100 the account affords a hundredth of what was wanted at 1."""
    played = play("1; 100", {0: buy(quantity=GIANT)}, capital=GIANT)
    assert played.story() == f"1 reduced buy {GIANT - GIANT // 100} capital_limit, 1 buy {GIANT // 100} @100"


def test_the_sum_of_positions_stays_within_the_ledger():
    """Three cells, each within the range, together beyond it; at one time step and without a fill (design 4)."""
    levered = replace(UNIT_INSTRUMENT, leverage=D(3))
    cells = [(0, 0), (0, 1), (0, 2)]
    orders = {0: [buy(quantity=GIANT).on(cell) for cell in range(3)]}
    with pytest.raises(EngineOverflow):
        play(["1; 1; 12"] * 3, orders, cells=cells, capital=GIANT, instrument=levered)


def test_the_sum_of_strategies_stays_within_the_ledger():
    """The portfolio's equity is an amount like any other (design 4)."""
    orders = {0: [buy(quantity=GIANT).on(cell) for cell in range(3)]}
    with pytest.raises(EngineOverflow):
        play("1; 1; 12", orders, cells=[(0, 0), (1, 0), (2, 0)], capital=[GIANT] * 3)


def test_capital_beyond_the_ledger_is_refused():
    """The deposits fit the ledger, or there is no engine."""
    with pytest.raises(InvariantBroken, match="capital fits the ledger"):
        play("1; 1", capital=10**11)


def test_fees_beyond_the_ledger_are_refused():
    """A fee that no account could pay has no place in exact sums."""
    for fee in ({"fee_minimum": D(10**11)}, {"fee_per_unit": D(10**11)}):
        with pytest.raises(ConfigurationError, match="does not fit an exact ledger in units of 1e-8") as caught:
            play("1; 1", instrument=replace(UNIT_INSTRUMENT, **fee))
        # The most that is named does fit.
        most = D(caught.value.problems[0].expected.removeprefix("at most "))
        play("1; 1", instrument=replace(UNIT_INSTRUMENT, **dict.fromkeys(fee, most)))


def _engine(cells, deposits=(10**10,)):
    return Engine(
        timeline=Timeline.merge([ticks_of("100; 100"), ticks_of("7; 7")]),
        instruments=[UNIT_INSTRUMENT] * 2,
        deposits=deposits,
        cells=cells,
        options=EngineOptions(),
        unit=MoneyUnit(8),
    )


def test_cells_come_in_portfolio_order():
    """By symbol, then strategy."""
    with pytest.raises(InvariantBroken, match=r"cells come by \(symbol, strategy\)"):
        _engine([CellInput(strategy=0, symbol=1), CellInput(strategy=0, symbol=0)])


def test_signals_are_as_long_as_the_bars_of_their_symbol():
    """A byte for each bar, no fewer and no more."""
    with pytest.raises(InvariantBroken, match="a byte of signals for each bar"):
        _engine([CellInput(strategy=0, symbol=0, signals=np.zeros(3, np.uint8))])


def test_more_cells_than_events_fit_are_refused():
    """The events of one step fit the buffer, or there is no engine."""
    with pytest.raises(InvariantBroken, match="the events of one step fit the buffer"):
        _engine([CellInput(strategy=0, symbol=0)] * 8000)


def test_no_event_is_written_behind_the_buffer():
    """Where half a step makes more events than were reserved for it, the run ends instead (design 4)."""
    engine = _engine([CellInput(strategy=0, symbol=0)])
    row = engine.tables.run[0]
    row["event_count"], row["event_limit"] = EVENTS_MAXIMUM - 1, EVENTS_MAXIMUM
    buy(quantity=1).send(engine, 0)
    with pytest.raises(InvariantBroken, match="the events of half a step fit the buffer"):
        engine.advance(2)
    assert row["event_count"] == EVENTS_MAXIMUM


def test_more_commands_than_the_buffer_holds_are_refused():
    """``command_room`` tells how many fit."""
    engine = _engine([CellInput(strategy=0, symbol=0)])
    for _ in range(engine.command_room):
        protect(stop=1).send(engine, 0)
    assert engine.command_room == 0
    with pytest.raises(InvariantBroken, match="no more commands than the buffer holds"):
        engine.command()
    engine.advance(2)
    assert engine.command_room > 0


def test_consumed_commands_make_room_for_more():
    """What is not consumed yet moves to the front and acts as if nothing had happened (design 4)."""
    played = play("100; 100; 100; 100", {0: buy(quantity=1), 2: close()}, stop=4)
    room = played.engine.command_room
    played.engine.make_room()
    assert played.engine.command_room == room + 1
    played.engine.advance(8)
    assert played.story() == "1 buy 1 @100, 3 sell 1 @100 strategy_signal"


def test_an_order_without_a_kind_is_a_market_order():
    """The kind of a command may be left out."""
    played = play("100; 101", stop=0)
    row = played.engine.command()
    row["action"], row["side"], row["size_mode"], row["size"] = 1, 1, 2, 3
    played.engine.advance(4)
    assert played.story() == "1 buy 3 @101"


def test_a_fresh_command_row_is_empty():
    """Rows are used again; nothing of an earlier command is left in one."""
    engine = _engine([CellInput(strategy=0, symbol=0)])
    buy(quantity=1, stop=90, target=110, limit=99, expire=3).send(engine, 0)
    engine.advance(2)
    row = engine.command()
    assert row["bars_left"] == -1
    assert all(not np.any(row[name]) for name in row.dtype.names if name != "bars_left")


def test_many_events_are_drained_and_kept_in_order():
    """More events than the kernel's buffer and than one block hold (design 4)."""
    bars = "; ".join(["100"] * 30_000)
    signals = [1, 2] * 15_000
    played = play(bars, signals={0: signals})
    blocks = played.engine.events()
    assert len(blocks) > 1
    steps = np.concatenate(blocks)["step"]
    # Four events an entry, four an exit; the last exit does not trade any more.
    assert len(steps) == 15_000 * 8 - 2
    assert (np.diff(steps) >= 0).all()
    assert [len(block) for block in played.engine.events()] == [len(block) for block in blocks]


def test_a_stop_behind_is_no_step():
    """Advancing to where it stands already does nothing."""
    played = play("100; 100", {0: buy(quantity=1)})
    played.engine.advance(1)
    assert played.engine.half_step == 4
    assert played.story() == "1 buy 1 @100"


def test_long_runs_keep_their_equity_in_a_file(monkeypatch):
    """The numbers are the same wherever they are kept."""
    monkeypatch.setattr("podium.engine.engine._EQUITY_IN_MEMORY_BYTES", 8)
    assert (play("100; 100; 110", {0: buy(quantity=2)}).engine.equity // 10**8).tolist() == [
        [1000],
        [1000],
        [1020],
    ]


@pytest.mark.parametrize(
    ("table", "name", "amount"), [("accounts", "cash", 1), ("accounts", "used", -(10**12)), ("run", "cash", 1)]
)
def test_an_account_that_does_not_add_up_stops_the_run(table, name, amount):
    """The ledger checks itself at every posting, the strategies' rows and the portfolio's (design 4)."""
    played = play("100; 100; 100", {0: buy(quantity=2), 1: close()}, stop=3)
    row = played.engine.tables.accounts[0] if table == "accounts" else played.engine.tables.run[0]["portfolio"]
    row[name] += amount
    with pytest.raises(InvariantBroken, match="every account adds up at every event"):
        played.engine.advance(6)


def test_more_used_than_allocated_stops_the_run():
    """0 ≤ used ≤ allocated, always (design 4)."""
    played = play("100; 100; 100", {0: buy(quantity=2), 1: close(quantity=1)}, stop=4)
    played.engine.tables.accounts[0]["allocated"] = 99 * 10**8
    with pytest.raises(InvariantBroken, match="every account adds up at every event"):
        played.engine.advance(6)


def test_fills_say_whether_they_rested():
    """A maker is a limit order that met a bar before, or is reached inside one, and a target (design 4)."""
    orders = {0: [buy(quantity=1), buy(quantity=1, limit=101), buy(quantity=1, limit=98, target=110)]}
    played = play("100; 100 101 97 100; 112", orders)
    fills = played.events[played.events["kind"] == 6]
    assert fills["maker"].tolist() == [0, 0, 1, 1]


def test_plain_python_makes_the_same_bytes():
    """Without the compiler the same kernels give the same events (design 4)."""
    program = (
        "import hashlib, numpy; from random_portfolio import make_portfolio\n"
        "for seed in (1, 2, 5, 9):\n"
        "    engine = make_portfolio(seed=seed, symbols=2, strategies=2, hours=40).run()\n"
        "    print(hashlib.sha256(numpy.concatenate(engine.events()).tobytes()).hexdigest())"
    )
    folder = Path(__file__).parents[1] / "properties"
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    outputs = []
    for disabled in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": os.pathsep.join(path)}
        environment.pop("COVERAGE_PROCESS_START", None)
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert len(set(outputs[0].split())) == 4


def test_an_empty_timeline_is_a_timeline():
    """Nothing to advance through."""
    timeline = Timeline.merge([])
    assert len(timeline) == 0
