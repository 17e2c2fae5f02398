"""What goes on from a snapshot comes to what would have come without a break."""

from __future__ import annotations

import pickle
import zlib
from decimal import Decimal

import numpy as np
import pytest
from portfolios import FORMS, Plain, configuration, named, orchestrate, walk
from stepping import stepper_of, take

from podium import Strategy
from podium.backtest.market import prepare_market
from podium.core.events import Reason
from podium.core.slippage import SlippageModel
from podium.live.snapshots import restore_snapshot, take_snapshot
from podium.portfolio.rebalancing import RebalancingOptions
from podium.portfolio.risk_options import RiskOptions

D = Decimal
CAPITAL = D(100_000)


class Remembers(Strategy):
    """Decide by what it has kept since its first bar."""

    def __init__(self):
        self.seen, self.last, self.sums = [], {"close": 0.0}, np.zeros(3)

    def on_bar(self, bar):
        self.seen.append(bar.close)
        self.sums[len(self.seen) % 3] += bar.close
        if len(self.seen) % 7 == 0 and self.position.is_flat and self.sums[0] > self.sums[1]:
            self.buy(quantity=1 + len(self.seen) % 3, stop=min(self.seen[-20:]) * 0.9)
        elif len(self.seen) % 11 == 0 and not self.position.is_flat and self.last["close"] < bar.close:
            self.close()
        self.last["close"] = bar.close


def portfolio():
    """Have everything that remembers something: forms, limits, fee tiers, netting, rebalancing, measures, rates."""
    forms = [*FORMS, Remembers]
    weight = (D(9) / 10 / len(forms)).quantize(D("0.01"))
    members = [(named(form(), form.__name__), weight, ("X", "Y")) for form in forms]
    return orchestrate(
        members,
        configuration(
            "X",
            "Y",
            execution="netted",
            finish="keep",
            risk=RiskOptions(timezone="America/New_York"),
            rebalancing=RebalancingOptions(rule="inverse_volatility", lookback_days=5, when="schedule"),
            slippage_model=SlippageModel(volatility=D("0.1"), impact=D("0.5"), window=5),
            volume_limit=D("0.2"),
            currencies={"Y": "JPY"},
            conversion={"JPY": "X"},
        ),
    )


@pytest.mark.parametrize("step", [0, 1, 50, 137, 250, 299])
def test_a_run_goes_on_from_a_snapshot_as_if_it_had_never_stopped(step):
    """The same events byte for byte, the same equity, whatever strategies and limits remember (D-02)."""
    orchestrator = portfolio()
    bars = {symbol: walk(symbol, 300, missing=0.1) for symbol in ("X", "Y")}
    market = prepare_market(bars, orchestrator.config)
    never_stopped = stepper_of(orchestrator, market, CAPITAL)
    take(never_stopped, market, 0, step)
    body = take_snapshot(never_stopped)
    expected = take(never_stopped, market, step)
    again = stepper_of(portfolio(), market, CAPITAL)
    restore_snapshot(again, body, {symbol: market.store.series(symbol) for symbol in market.symbols})
    assert take(again, market, step) == expected
    assert again.equity() == never_stopped.equity()
    for name in ("instruments", "accounts", "cells"):
        assert getattr(again.engine.tables, name).tobytes() == getattr(never_stopped.engine.tables, name).tobytes()


def test_gates_stay_closed():
    """For all the reasons for which they were closed (C-45)."""
    orchestrator = portfolio()
    market = prepare_market({symbol: walk(symbol, 60) for symbol in ("X", "Y")}, orchestrator.config)
    stepper, again = (stepper_of(portfolio(), market, CAPITAL) for _ in range(2))
    take(stepper, market, 0, 10)
    stepper.close_gate(Reason.PAUSED)
    stepper.close_gate(Reason.QUARANTINED, strategy_id="Plain")
    stepper.events()
    restore_snapshot(again, take_snapshot(stepper), {symbol: market.store.series(symbol) for symbol in market.symbols})
    again.open_gate(Reason.PAUSED)
    gates = again.engine.tables.cells["gate"].tolist()
    plain = [cell for cell, gate in enumerate(gates) if gate]
    assert [again.members[int(again.engine.tables.cells[cell]["strategy"])].strategy_id for cell in plain] == [
        "Plain"
    ] * 2


def test_gates_that_wait_for_a_rate_open_with_it():
    """Also behind a snapshot, and none that is closed for another reason (C-45)."""
    market = prepare_market({symbol: walk(symbol, 60) for symbol in ("X", "Y")}, portfolio().config)
    stepper, again = (stepper_of(portfolio(), market, CAPITAL) for _ in range(2))
    series = {symbol: market.store.series(symbol) for symbol in market.symbols}
    time = int(market.timeline.times[0])
    stepper.settle(time, {"Y": stepper.calculate("Y", series["Y"].bar(0))})
    stepper.decide()
    stepper.close_gate(Reason.PAUSED, strategy_id="Plain")
    stepper.events()
    restore_snapshot(again, take_snapshot(stepper), {"Y": series["Y"]})
    on_second = again.engine.tables.cells["symbol"] == 1
    assert set(again.engine.tables.cells["gate"][on_second].tolist()) == {Reason.RATE_UNKNOWN}
    again.settle(time, {"X": again.calculate("X", series["X"].bar(0))})
    again.decide()
    assert sorted(again.engine.tables.cells["gate"].tolist())[-3:] == [Reason.NONE, Reason.PAUSED, Reason.PAUSED]


def test_a_snapshot_that_could_act_is_refused():
    """It is read as plain values, whatever its bytes say."""
    orchestrator = orchestrate([(named(Plain(), "plain"), D(1), None)], configuration("X"))
    market = prepare_market({"X": walk("X", 20)}, orchestrator.config)
    body = zlib.compress(pickle.dumps({"tables": {}, "run": {}, "stepper": print}))
    with pytest.raises(pickle.UnpicklingError, match="a snapshot holds no builtins"):
        restore_snapshot(stepper_of(orchestrator, market, CAPITAL), body, {})
