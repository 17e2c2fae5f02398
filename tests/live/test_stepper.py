"""A portfolio that is taken from step to step does what a backtest does that knows all steps."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from portfolios import FORMS, PROOF, START, Plain, Reversal, SlowCode, Swing, configuration, named, orchestrate, walk
from stepping import differences, stepper_of, take

from podium import Conversion, Rate, Strategy
from podium.backtest.market import prepare_market
from podium.core.errors import InputError
from podium.core.events import Reason
from podium.core.slippage import SlippageModel
from podium.core.times import from_nanoseconds
from podium.portfolio.rebalancing import RebalancingOptions
from podium.portfolio.risk_options import RiskOptions

D = Decimal
CAPITAL = D(100_000)
EXAMPLES = 200 if PROOF else 6


def portfolio(forms, symbols, **options):
    """Let every form trade every symbol."""
    weight = (D(9) / 10 / len(forms)).quantize(D("0.01"))
    members = [(named(form(), f"{form.__name__}{place}"), weight, tuple(symbols)) for place, form in enumerate(forms)]
    return orchestrate(members, configuration(*symbols, **options))


#: A rate that changes between bars, some of them without a change.
RATES = Conversion(
    rates=tuple(
        Rate(time=from_nanoseconds(START + (place - 1) * 4_500_000_000_000), rate=D(f"0.9{place % 89}"))
        for place in range(340)
    )
)
OPTIONS = {
    "as it comes": {},
    "left open": {"finish": "keep"},
    "at the close": {"fill": "close"},
    "netted": {"execution": "netted"},
    "limits": {"risk": RiskOptions()},
    "limits in a zone": {"risk": RiskOptions(timezone="America/New_York")},
    "rebalanced": {"rebalancing": RebalancingOptions(when="schedule", every="hour")},
    "rebalanced on drift": {"rebalancing": RebalancingOptions(every="hour"), "rebalance_threshold": D("0.01")},
    "rebalanced by returns": {"rebalancing": RebalancingOptions(rule="inverse_volatility", lookback_days=5)},
    "conflicts": {"conflicts": "net_signal"},
    "slippage by volatility and volume": {
        "slippage_model": SlippageModel(volatility=D("0.1"), impact=D("0.5"), window=5),
        "volume_limit": D("0.2"),
    },
    "compounding": {"compounding": True, "size_at": "fill"},
    "a rate by a symbol": {"currencies": {"Y": "JPY"}, "conversion": {"JPY": "X"}},
    "a rate that divides": {"currencies": {"X": "JPY", "Y": "JPY"}, "conversion": {"JPY": "X"}},
    "a rate by a series": {"currencies": {"Y": "JPY"}, "conversion": {"JPY": RATES}},
    "a rate that never changes": {"currencies": {"Y": "JPY"}, "conversion": {"JPY": D("0.0067")}},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_form_and_option_does_what_it_does_in_a_backtest(name):
    """Events byte for byte and equity to the unit, on symbols of which bars are missing (D-01, C-24)."""
    symbols = ("X", "Y", "Z")
    bars = {symbol: walk(symbol, 400, missing=0.1) for symbol in symbols}
    found, count = differences(portfolio(FORMS, symbols, **OPTIONS[name]), bars, CAPITAL)
    assert found == []
    assert count > 200


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    forms=st.lists(st.sampled_from(FORMS), min_size=1, max_size=4),
    seed=st.integers(0, 10**6),
    missing=st.sampled_from([0.0, 0.3]),
    options=st.lists(st.sampled_from(sorted(OPTIONS)), max_size=3),
)
def test_random_portfolios_do_what_they_do_in_a_backtest(forms, seed, missing, options):
    """Whatever is on together (D-01)."""
    chosen = {key: value for name in options for key, value in OPTIONS[name].items()}
    if chosen.get("conflicts") == "net_signal":
        chosen.pop("size_at", None)
    if len(forms) < 2:
        chosen.pop("rebalancing", None)
    bars = {symbol: walk(symbol, 200, seed, missing=missing) for symbol in ("X", "Y")}
    try:
        found, _ = differences(portfolio(forms, ("X", "Y"), **chosen), bars, CAPITAL)
    except InputError:
        reject()  # one of the strategies orders for what is left of its money, and nothing is
    assert found == []


def test_a_run_that_begins_behind_history_has_indicators_of_all_of_it():
    """Opened on what came before, so that they are those of a run that carried them from the origin on (C-32)."""
    bars = {"X": walk("X", 300, missing=0.1)}
    orchestrator = portfolio((Swing, Reversal, SlowCode, Plain), ("X",))
    market = prepare_market(bars, orchestrator.config)
    whole, late = (stepper_of(orchestrator, market, CAPITAL) for _ in range(2))
    series = market.store.series("X")
    for row in range(200):
        whole.calculate("X", series.bar(row))
    late.open({"X": series.select(slice(0, 200))})
    for row in range(200, len(series)):
        one, other = (stepper.calculate("X", series.bar(row)) for stepper in (whole, late))
        assert one.coded == other.coded
        assert {cell: (each.signals, list(each.levels)) for cell, each in one.signals.items()} == {
            cell: (each.signals, list(each.levels)) for cell, each in other.signals.items()
        }
        for text, values in one.values.items():
            assert values.tobytes() == other.values[text].tobytes()


class Fails(Strategy):
    """Buy at once, and fail at a later bar, behind an order."""

    at = 20

    def on_bar(self, bar):
        if bar.index == 5:
            self.buy(quantity=2, stop=bar.close * 0.5)
            self.buy(limit=bar.close * 0.5, quantity=1)
        if bar.index == self.at:
            self.sell(quantity=2)
            raise RuntimeError("no longer")


def test_a_strategy_that_raises_is_quarantined_alone():
    """It enters nothing more, what it asked for in that step falls away, its position stays protected (C-08)."""
    bars = {"X": walk("X", 60)}
    orchestrator = portfolio((Fails, Reversal), ("X",), finish="keep")
    market = prepare_market(bars, orchestrator.config)
    stepper = stepper_of(orchestrator, market, CAPITAL)
    take(stepper, market, 0, 20)
    assert stepper.failures() == []
    lines = take(stepper, market, 20)
    (failure,) = stepper.failures()
    assert (failure.strategy_id, failure.symbol, failure.time) == ("Fails0", "X", market.timeline.times[20])
    assert "no longer" in str(failure.error)
    mine = [line for line in lines if b"Fails0" in line]
    # Its limit order is cancelled; what it sold before it raised was never asked for.
    assert [line for line in mine if b"quarantined" not in line] == []
    assert stepper.engine.tables.cells[0]["quantity"] == 2000
    assert stepper.engine.tables.cells[0]["stop"] > 0
    alone = portfolio((Reversal,), ("X",), finish="keep")
    assert [line for line in lines if b"Reversal1" in line]
    assert alone.members[0].strategy_id == "Reversal0"


def test_a_closed_gate_refuses_entries_and_lets_exits_pass():
    """With the reason; what it was closed for twice opens when both are gone (C-34, C-45)."""
    bars = {"X": walk("X", 300)}
    orchestrator = portfolio((Swing,), ("X",), finish="keep")
    market = prepare_market(bars, orchestrator.config)
    stepper = stepper_of(orchestrator, market, CAPITAL)
    take(stepper, market, 0, 100)
    stepper.close_gate(Reason.PAUSED)
    stepper.close_gate(Reason.SYMBOL_DOWN, symbol="X")
    lines = take(stepper, market, 100, 150)
    assert any(b'"reason":"paused"' in line for line in lines)
    assert not any(b"POSITION_OPENED" in line for line in lines)
    stepper.open_gate(Reason.PAUSED)
    lines = take(stepper, market, 150, 200)
    assert any(b'"reason":"symbol_down"' in line for line in lines)
    stepper.open_gate(Reason.SYMBOL_DOWN, symbol="X")
    assert any(b"POSITION_OPENED" in line for line in take(stepper, market, 200))


def test_an_open_position_leaves_behind_a_closed_gate():
    """Its stop, its trail and its time exit go on (C-45)."""
    bars = {"X": walk("X", 300)}
    orchestrator = portfolio((Swing,), ("X",), finish="keep")
    market = prepare_market(bars, orchestrator.config)
    stepper = stepper_of(orchestrator, market, CAPITAL)
    step = 0
    while stepper.engine.tables.cells[0]["quantity"] == 0:
        take(stepper, market, step, step + 1)
        step += 1
    stepper.close_gate(Reason.PAUSED)
    assert any(b"POSITION_CLOSED" in line for line in take(stepper, market, step))


def quoted_in_yen(forms, source):
    """Make a portfolio of X and Y, which is quoted in yen, and its market."""
    orchestrator = portfolio(forms, ("X", "Y"), finish="keep", currencies={"Y": "JPY"}, conversion={"JPY": source})
    return orchestrator, prepare_market({symbol: walk(symbol, 60) for symbol in ("X", "Y")}, orchestrator.config)


def settle(stepper, market, step, *symbols):
    """Take a step in which some symbols have their bar; give its events."""
    bars = {symbol: market.store.series(symbol).bar(step) for symbol in symbols}
    stepper.settle(
        int(market.timeline.times[step]), {symbol: stepper.calculate(symbol, bars[symbol]) for symbol in bars}
    )
    stepper.decide()
    return [json.loads(event.body) for event in stepper.events()]


def test_a_bar_that_comes_late_brings_its_rate_with_the_step_in_which_it_comes():
    """Until then the last one that is known holds; behind it all is as if it had come in time (C-33, D-05)."""
    orchestrator, market = quoted_in_yen((Swing, Reversal), "X")
    late, in_time = (stepper_of(orchestrator, market, CAPITAL) for _ in range(2))
    closes = [Fraction(str(close)) for close in market.store.series("X").close.tolist()]

    def rates(stepper):
        return [Fraction(*pair) for pair in stepper.engine.tables.rates.reshape(2, 2).tolist()]

    for step in range(20):
        settle(late, market, step, "X", "Y")
    settle(late, market, 20, "Y")
    assert rates(late) == [closes[19], closes[19]]
    settle(late, market, 20, "X")
    assert rates(late) == [closes[19], closes[20]]
    settle(late, market, 21, "X", "Y")
    take(in_time, market, 0, 22)
    assert rates(late) == rates(in_time) == [closes[20], closes[21]]


class EveryBar(Strategy):
    """Want to hold one at every bar."""

    def on_bar(self, bar):
        if self.position.is_flat:
            self.buy(quantity=1)


@pytest.mark.parametrize("source", ["symbol", "series"])
def test_nothing_is_entered_before_a_rate_is_known(source):
    """Entries are refused with the reason until the first rate comes; other symbols never wait for it (C-34, D-05)."""
    first = from_nanoseconds(int(quoted_in_yen((EveryBar,), "X")[1].timeline.times[3]))
    series = Conversion(rates=(Rate(time=first, rate=D("0.5")),))
    orchestrator, market = quoted_in_yen((EveryBar,), "X" if source == "symbol" else series)
    stepper = stepper_of(orchestrator, market, CAPITAL)
    for step in range(5):
        symbols = ("Y",) if source == "symbol" and step < 3 else ("X", "Y")
        told = settle(stepper, market, step, *symbols)
        refused = [each["symbol"] for each in told if each["kind"] == "SIGNAL_REJECTED"]
        assert refused == (["Y"] if step < 3 else [])
        assert all(each["reason"] == "rate_unknown" for each in told if each["kind"] == "SIGNAL_REJECTED")
    assert stepper.engine.tables.cells["quantity"].all()


def test_a_run_that_begins_behind_history_knows_its_last_rate():
    """Which holds before its first bar (D-05)."""
    orchestrator, market = quoted_in_yen((EveryBar,), "X")
    stepper = stepper_of(orchestrator, market, CAPITAL)
    series = {symbol: market.store.series(symbol) for symbol in market.symbols}
    stepper.open({symbol: each.select(slice(0, 20)) for symbol, each in series.items()})
    told = settle(stepper, market, 20, "Y")
    assert [each["kind"] for each in told] == ["SIGNAL_GENERATED", "ORDER_CREATED"]
    assert Fraction(*stepper.engine.tables.rates[0, :2].tolist()) == Fraction(str(series["X"].close[19]))
