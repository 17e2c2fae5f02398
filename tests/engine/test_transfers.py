"""Capital moves between strategies: free cash only, both sides at once, and nothing is gained or lost."""

from __future__ import annotations

from decimal import Decimal as D

import numpy as np
import pytest
from scene import buy, play

from podium.core.errors import InvariantBroken
from podium.core.events import EventKind, Reason
from podium.core.instruments import Instrument
from podium.engine.audit import audit_events
from podium.engine.engine import EngineOptions
from podium.engine.tables import MOVED

UNIT = 10**8
SIMPLE = {"cells": ((0, 0), (1, 0)), "capital": [1000, 500]}


def scene(bars="100;100;110;120", **options):
    """Strategy 0 buys 4 at 100; stop before the step with the close at 120 is settled."""
    given = {**SIMPLE, "stop": 6, **options}
    return play(bars, {0: buy(quantity=4)}, **given)


def test_a_transfer_by_hand():
    """400 of 1000 are bound at 100 and worth 440 at 110: equity 1040 gives 240, 500 becomes 740 (B-34)."""
    played = scene()
    played.engine.move_capital(0, 1, 240 * UNIT, Reason.DRIFT)
    giver, receiver = played.account(0), played.account(1)
    assert giver == {
        "deposited": 1000, "allocated": 760, "cash": 360, "used": 400, "reserved": 0, "realised": 0, "fees": 0,
        "carried": 0, "maintenance": 0, "liquidated": 0, "transferred": -240, "equity": 800,
    }  # fmt: skip
    assert (receiver["cash"], receiver["allocated"], receiver["transferred"], receiver["equity"]) == (
        740,
        740,
        240,
        740,
    )
    assert played.money(played.engine.tables.run[0]["portfolio"]["equity"]) == 1540
    assert [played.money(units) for units in played.engine.equity[2]] == [800, 740]


def test_the_event_tells_both_sides():
    """One event, at the step that was decided: from whom to whom, how much, and both accounts after it (B-34)."""
    played = scene()
    played.engine.move_capital(0, 1, 240 * UNIT, Reason.SCHEDULE)
    event = played.events[-1:]
    assert [int(event[name][0]) for name in ("kind", "reason", "step", "cell", "order", "side")] == [
        EventKind.CAPITAL_MOVED, Reason.SCHEDULE, 2, 0, 1, -1,
    ]  # fmt: skip
    names = ("notional", "cash", "used", "allocated")
    assert [played.money(event[name][0]) for name in names] == [240, 360, 400, 760]
    told = event.view(MOVED)
    names = ("equity", "other_equity", "other_cash", "other_used", "other_allocated")
    assert [played.money(told[name][0]) for name in names] == [800, 740, 740, 0, 740]


def test_cash_that_none_has_takes_part():
    """A strategy parks cash outside of all strategies and gets it back (B-34)."""
    played = scene()
    played.engine.move_capital(0, -1, 100 * UNIT, Reason.DRIFT)
    assert played.money(played.engine.tables.run[0]["portfolio"]["equity"]) == 1440
    played.engine.move_capital(-1, 1, 60 * UNIT, Reason.DRIFT)
    assert (played.account(0)["equity"], played.account(1)["equity"]) == (940, 560)
    assert played.money(played.engine.tables.run[0]["portfolio"]["transferred"]) == -40
    given, got = played.events[-2:]
    assert [(int(row["cell"]), int(row["order"]), int(row["side"])) for row in (given, got)] == [
        (0, -1, -1),
        (1, -1, 1),
    ]


def test_what_was_moved_can_be_used():
    """The next entry of the receiver may cost what it then holds; the giver may bind no more than its rest (B-34)."""
    played = scene(bars="100;100;110;110;110;110")
    played.engine.move_capital(0, 1, 600 * UNIT, Reason.DRIFT)
    for cell in (0, 1):
        buy().on(cell).send(played.engine, 3)
    played.engine.advance(12)
    assert [int(quantity) for quantity in played.engine.tables.cells["quantity"]] == [4, 10]
    assert played.story().endswith("3 rejected buy capital_limit, 4 buy 10 @110")


@pytest.mark.parametrize(("units", "stop"), [(601 * UNIT, 6), (1, 5), (1, 0), (0, 6)])
def test_only_free_cash_moves_and_only_between_steps(units, stop):
    """One unit more than is free, within a step, before the first one or nothing at all breaks the run (B-34)."""
    played = scene(stop=stop)
    with pytest.raises(InvariantBroken):
        played.engine.move_capital(0, 1, units if units != 601 * UNIT else 600 * UNIT + 1, Reason.DRIFT)


def test_all_that_is_free_moves():
    """The counterpart: what is free to the last unit may go; reserved cash is not free (B-34)."""
    scene().engine.move_capital(0, 1, 600 * UNIT, Reason.DRIFT)
    played = play("100;100;100", {0: buy(quantity=4, limit=50)}, **SIMPLE, stop=4)
    assert played.account(0)["reserved"] == 200
    with pytest.raises(InvariantBroken):
        played.engine.move_capital(0, 1, 800 * UNIT + 1, Reason.DRIFT)


@pytest.mark.parametrize("name", ["notional", "cash", "allocated", "quantity", "position", "price"])
def test_the_audit_notices_a_single_unit_of_a_transfer(name):
    """Every amount that the event tells is recomputed; one unit more in any of them is found (B-34)."""
    played = scene()
    played.engine.move_capital(0, 1, 240 * UNIT, Reason.DRIFT)
    events = played.events.copy()
    given = {
        "cells": [(0, 0), (1, 0)],
        "instruments": [Instrument(tick=D(1), lot=D(1))],
        "deposits": [D(1000), D(500)],
        "digits": 8,
    }
    audit_events([events], **given)
    events[name][-1] += 1
    with pytest.raises(InvariantBroken):
        audit_events([events], **given)


@pytest.mark.parametrize("compounding", [False, True])
def test_no_move_changes_the_total(compounding):
    """Moves to and fro between every step, with positions open and orders working: the total never moves (B-34)."""
    options = EngineOptions(entry_buffer=0, compounding=compounding)
    prices = 100 + np.random.default_rng(3).integers(-20, 21, 60)
    orders = {step: buy(fraction=0.4, stop=60).on(step % 2) for step in range(0, 60, 7)}
    played = play(";".join(map(str, prices)), orders, **SIMPLE, options=options, slippage=D("0.001"), stop=2)
    engine, moved = played.engine, 0
    for step in range(1, 60):
        engine.advance(2 * step)
        giver = step % 2
        account = engine.tables.accounts[giver]
        free = int(account["cash"] - account["reserved"]) * (step % 5) // 5
        before = [int(engine.tables.accounts[name].sum()) for name in ("equity", "cash", "used", "transferred")]
        if free > 0:
            engine.move_capital(giver, 1 - giver, free, Reason.DRIFT)
            moved += 1
        after = [int(engine.tables.accounts[name].sum()) for name in ("equity", "cash", "used", "transferred")]
        assert after == before
        assert after[3] == 0
    assert moved > 30
    assert int((played.events["kind"] == EventKind.CAPITAL_MOVED).sum()) == moved
