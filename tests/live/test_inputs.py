"""What the engine is given can be read back as it was."""

from __future__ import annotations

import pytest
from live_bars import bar, close_of
from live_system import A, B, ScriptedStepper

from podium.core.events import Reason
from podium.live.inputs import GATE, HISTORY, STEP, GateInput, HistoryInput, StepInput, read_input

STEP_INPUT = StepInput(time=close_of(3), released_at=close_of(3) + 17, bars={B: bar(3, B), A: bar(2, A, close=100.1)})


def test_a_step_is_read_as_it_was_written():
    """Times, every digit of every price, and the order of the symbols. (D-02)"""
    read = read_input(STEP, STEP_INPUT.body())
    assert read == STEP_INPUT
    assert list(read.bars) == [B, A]
    assert read.body() == STEP_INPUT.body()


@pytest.mark.parametrize(
    "gate",
    [
        GateInput(is_closed=True, reason=Reason.PAUSED),
        GateInput(is_closed=False, reason=Reason.SYMBOL_DOWN, symbol=A),
        GateInput(is_closed=True, reason=Reason.DORMANT, strategy_id="trend", symbol=B),
    ],
)
def test_a_gate_is_read_as_it_was_written(gate):
    """With whom it is about. (D-02)"""
    assert read_input(GATE, gate.body()) == gate


def test_stale_symbols_are_gated_for_the_step_alone():
    """Who is stale follows from the input itself, so a replay of it does the same."""
    stepper = ScriptedStepper((A, B))
    calculated = {symbol: stepper.calculate(symbol, each) for symbol, each in STEP_INPUT.bars.items()}
    STEP_INPUT.apply(stepper, calculated, stale_after=60 * 10**9)
    assert stepper.gates == [("closed", "stale", None, A), ("open", "stale", None, A)]
    assert stepper.steps == [(3, {B: 3, A: 2})]


def test_a_history_is_read_as_it_was_written():
    """Behind which a run begins. (D-02)"""
    history = HistoryInput(bars={B: [bar(1, B), bar(2, B)], A: []})
    assert read_input(HISTORY, history.body()) == history
