"""Maintenance margin and liquidation, case by case, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from scene import UNIT_INSTRUMENT, buy, plan, play, sell

from podium.core.errors import ConfigurationError
from podium.core.events import Reason
from podium.engine.engine import EngineOptions, EngineOverflow

D = Decimal
LEVERED = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"), taker_fee=D("0.001"))


def test_a_strategy_is_liquidated_when_its_equity_falls_below_the_maintenance_margin():
    """90 at 100 bind 900 and cost 9. At 95 equity is 541, 5 % of 8,550 is 427.50: it holds. At 93 361 is below 418.50.

    All is sold at 93 with a fee of 8.37, and 1,000 − 9 − 630 − 8.37 = 352.63 are left (D-05).
    """
    played = play("100; 100 100 95 95; 95 95 93 93; 200", {0: buy(quantity=90)}, instrument=LEVERED)
    assert played.story("filled", "closed") == "1 buy 90 @100, 2 sell 90 @93 liquidation, 2 closed liquidation"
    account = played.account()
    assert (account["cash"], account["used"], account["equity"]) == (D("352.63"), 0, D("352.63"))
    assert played.money(played.engine.equity[2, 0]) == D("352.63")


def test_equity_that_just_covers_it_is_enough():
    """80 at 100: at 93 equity is 440 and 372 are needed, at 92 360 and 368. 100 with 1,450: at 90 both are 450."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    assert play("100; 100; 93", {0: buy(quantity=80)}, instrument=instrument).story() == "1 buy 80 @100"
    assert play("100; 100; 92", {0: buy(quantity=80)}, instrument=instrument).story() == (
        "1 buy 80 @100, 2 sell 80 @92 liquidation"
    )
    even = play("100; 100; 90", {0: buy(quantity=100)}, instrument=instrument, capital=1450)
    assert even.story() == "1 buy 100 @100"


def test_a_short_is_liquidated_by_a_rise():
    """80 sold at 100; at 108 equity is 360, 5 % of 8,640 is 432; slippage of 1 % and spread of 1 % worsen the price."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    played = play(
        "100; 100; 108", {0: sell(quantity=80, limit=100)}, instrument=instrument, slippage="0.01", spread="0.01"
    )
    assert played.story() == "1 sell 80 @100, 2 buy 80 @111 liquidation"


def test_everything_a_strategy_holds_stands_together():
    """A gain on one symbol covers the loss on another; and when it does not, both are closed, and orders cancelled."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    orders = {0: [buy(quantity=45), buy(quantity=45).on(1), buy(quantity=1, limit=50).on(1)]}
    cells = [(0, 0), (0, 1)]
    held = play(["100; 100; 90", "100; 100; 105"], orders, instrument=instrument, cells=cells)
    assert held.story() == "1 buy 45 @100, 1 buy 45 @100"
    closed = play(["100; 100; 85", "100; 100; 100"], orders, instrument=instrument, cells=cells)
    assert closed.story() == (
        "1 buy 45 @100, 1 buy 45 @100, 2 sell 45 @85 liquidation, 2 cancelled buy liquidation, 2 sell 45 @100 liquidation"
    )
    assert closed.account()["cash"] == 1000 - 45 * 15
    assert closed.account()["reserved"] == 0


def test_nobody_else_is_touched():
    """A strategy's equity stands behind its own positions only."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    orders = {0: [buy(quantity=90), buy(quantity=10).on(1)]}
    played = play("100; 100; 93", orders, instrument=instrument, cells=[(0, 0), (1, 0)])
    assert played.story() == "1 buy 90 @100, 1 buy 10 @100, 2 sell 90 @93 liquidation"


def test_a_future_needs_its_maintenance_margin():
    """Five contracts bind 750 and need 500; settled losses of 5 × 10 × 10 leave 500 at 90, 450 at 89."""
    future = replace(UNIT_INSTRUMENT, multiplier=D(10), initial_margin=D(150), maintenance_margin=D(100))
    flows = [(step, 1, 0, Reason.SETTLEMENT, 0, 1) for step in (1, 2)]
    held = play("100; 100 100 90 90; 90", {0: buy(quantity=5)}, instrument=future, flows=flows)
    assert held.story() == "1 buy 5 @100"
    closed = play("100; 100 100 90 90; 89", {0: buy(quantity=5)}, instrument=future, flows=flows)
    assert closed.story() == "1 buy 5 @100, 2 sell 5 @89 liquidation"
    assert closed.account()["cash"] == 450


def test_funding_comes_before_it():
    """What funding takes at a close is not there to cover the positions held then: 440 − 100 is below 372."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    flows = [(2, 1, 0, Reason.FUNDING, 100, 7440)]
    played = play("100; 100; 93", {0: buy(quantity=80)}, instrument=instrument, flows=flows)
    assert played.story() == "1 buy 80 @100, 2 sell 80 @93 liquidation"


def test_a_rules_strategy_wants_nothing_at_the_close_that_liquidates_it():
    """At 92 it wants to leave and to enter short; it is liquidated instead, and enters again at the next signal."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    played = play("100; 100; 92; 92; 92", signals={0: [1, 0, 2 | 4, 1]}, plans=plan(quantity=10), instrument=instrument,
                  capital=125)  # fmt: skip
    assert played.story("generated", "filled") == (
        "0 generated buy, 1 buy 10 @100, 2 sell 10 @92 liquidation, 3 generated buy"
    )


def test_no_step_passes_quietly_while_margins_are_watched():
    """A hundred quiet bars, then the fall: found at its step."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    bars = "; ".join(["100"] * 100 + ["92"] * 50)
    played = play(bars, signals={0: [1]}, plans=plan(quantity=80), instrument=instrument)
    assert played.story("filled") == "1 buy 80 @100, 100 sell 80 @92 liquidation"


def test_a_margin_beyond_the_ledger_stops_the_run():
    """A product is never allowed to wrap (design 4)."""
    instrument = replace(UNIT_INSTRUMENT, maintenance_rate=D("0.9"))
    with pytest.raises(EngineOverflow):
        play("1; 1; 24", {0: buy(quantity=10**9)}, capital=10**9, instrument=instrument)


def test_entries_at_the_close_are_looked_at_from_the_next_close_on():
    """``fill: close`` enters after the step is settled."""
    instrument = replace(UNIT_INSTRUMENT, leverage=D(10), maintenance_rate=D("0.05"))
    played = play("100; 92", {0: buy(quantity=80)}, instrument=instrument,
                  options=EngineOptions(entry_buffer=0, fill_at_close=True))  # fmt: skip
    assert played.story() == "0 buy 80 @100, 1 sell 80 @92 liquidation"


WRONG = [
    ({"maintenance_rate": D("0.1"), "leverage": D(10)}, "maintenance_rate is 0.1"),
    ({"maintenance_rate": D("-0.1")}, "maintenance_rate is -0.1"),
    ({"maintenance_margin": D(5)}, "maintenance_margin is 5"),
    ({"maintenance_margin": D(5), "initial_margin": D(4)}, "maintenance_margin is 5"),
    ({"maintenance_rate": D("0.1"), "initial_margin": D(4)}, "maintenance_rate is 0.1"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_contradictory_maintenance_is_refused(changes, message):
    """It is below what an entry binds, and in the same kind."""
    with pytest.raises(ConfigurationError, match=message):
        replace(UNIT_INSTRUMENT, **changes)
