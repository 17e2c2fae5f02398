"""Rebalancing in whole runs: what moves, when, and that nothing else does."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import (
    PROOF,
    Cross,
    Plain,
    Reversal,
    Swing,
    configuration,
    events,
    log,
    named,
    orchestrate,
    prices,
    reproduced,
    walk,
)

from podium import Strategy, StrategyOrchestrator
from podium.core.errors import ConfigurationError
from podium.engine.audit import audit_events

CAPITAL = Decimal(100_000)
RULES = [
    {"rule": "weights"},
    {"rule": "equal_weight", "when": "schedule"},
    {"rule": "inverse_volatility", "when": "schedule", "lookback_days": 5},
    {"rule": "risk_parity", "when": "schedule", "lookback_days": 5, "every": "hour"},
    {"rule": "volatility_target", "volatility": Decimal("0.05"), "when": "schedule", "lookback_days": 5},
    {"rule": "drawdown_aware", "drawdown": Decimal("0.02"), "when": "schedule"},
]


def played(rule=None, *, seed=3, share=1.0, weights=("0.4", "0.3", "0.2"), forms=(Cross, Swing, Reversal), **options):
    market = {symbol: walk(symbol, 300, seed, missing=0.1) for symbol in ("A", "B")}
    until = min(series.close_time[int(share * len(series)) - 1] for series in market.values())
    if share < 1:
        market = {symbol: series.select(series.close_time <= until) for symbol, series in market.items()}
    if rule is not None and rule.get("when") != "schedule":
        options = {"rebalance_threshold": Decimal("0.01"), **options}
    config = configuration(*market, **options, **({} if rule is None else {"rebalancing": rule}))
    entries = [
        (named(form(), form.__name__), Decimal(weight), None) for form, weight in zip(forms, weights, strict=True)
    ]
    return orchestrate(entries, config).run(market, CAPITAL)


class Buyer(Strategy):
    """Buy at the first close and hold."""

    part = 0.5
    done = False

    def on_bar(self, bar):
        if not self.done:
            self.done = True
            self.buy(fraction=self.part)


class Idle(Strategy):
    """Do nothing."""

    def on_bar(self, bar):
        """Hold cash."""


def held(rule, closes, **options):
    """One strategy holds what rises, the other one holds cash; a bar every eight hours, so three a day."""
    market = {"X": prices(*closes, timeframe="8h")}
    config = configuration("X", rebalancing=rule, entry_buffer=Decimal(0), size_at="fill", finish="keep", **options)
    config = config.model_copy(update={"instruments": {}})
    members = [(named(Buyer(), "buyer"), Decimal("0.5")), (named(Idle(), "idle"), Decimal("0.5"))]
    return StrategyOrchestrator(members, config).run(market, Decimal(1_000))


def test_drift_by_hand():
    """250 of 500 are held and double: 750 of 1250 is 60 %, so 125 move when the day is over, and the total stays (B-34)."""
    result = held({"rule": "weights"}, [100, 100, 100, 100, 150, 200, 200])
    (moved,) = events(result, "CAPITAL_MOVED")
    assert moved["time"] == "2024-01-03T00:00:00Z"
    assert {name: moved[name] for name in ("strategy_id", "direction", "other", "amount", "reason")} == {
        "strategy_id": "buyer", "direction": "gives", "other": "idle", "amount": "125", "reason": "drift",
    }  # fmt: skip
    assert [moved[name] for name in ("equity_before", "equity_after", "other_equity_before", "other_equity_after")] == [
        "750", "625", "500", "625",
    ]  # fmt: skip
    assert (moved["cash"], moved["used"], moved["allocated"]) == ("125", "250", "375")
    assert result.final_equity == 1250


def test_less_than_the_threshold_moves_nothing():
    """A share of 59.9 % has not drifted by 10 % (B-34)."""
    assert events(held({"rule": "weights"}, [100, 100, 100, 100, 150, 199, 199]), "CAPITAL_MOVED") == []


def test_a_schedule_moves_whatever_the_drift():
    """Each week on Monday, behind the last close of Sunday; 2024-01-01 was a Monday (B-34)."""
    closes = [100, *[101 + day for day in range(3 * 15)]]
    moves = events(held({"rule": "equal_weight", "when": "schedule", "every": "week"}, closes), "CAPITAL_MOVED")
    assert [(move["time"], move["reason"]) for move in moves] == [
        ("2024-01-08T00:00:00Z", "schedule"),
        ("2024-01-15T00:00:00Z", "schedule"),
    ]


def test_both_views_are_in_the_result():
    """What was moved, what was earned in money, and the own return free of it: here 50 %, whoever got the money (B-34)."""
    result = held({"rule": "weights"}, [100, 100, 100, 100, 150, 200, 200, 200])
    buyer, idle = result.strategy_results.values()
    assert (buyer.transferred, buyer.earned, buyer.final_equity) == (-125, 250, 625)
    assert (idle.transferred, idle.earned, idle.final_equity) == (125, 0, 625)
    assert buyer.metrics.total_return == pytest.approx(0.5)
    assert idle.metrics.total_return == 0
    assert idle.metrics.max_drawdown == buyer.metrics.max_drawdown == 0
    assert [float(money) for _, money in buyer.own_curve] == [500, 500, 500, 500, 625, 750, 750, 750]
    assert [float(money) for _, money in buyer.equity_curve] == [500, 500, 500, 500, 625, 625, 625, 625]
    assert [float(money) for _, money in buyer.earned_curve] == [500, 500, 500, 500, 625, 750, 750, 750]
    plain = result.to_dict()["strategies"]["buyer"]
    assert (Decimal(plain["transferred"]), Decimal(plain["earned"])) == (-125, 250)
    assert result.comparison["transferred"].to_list() == [-125, 125, 0, 0]
    assert "moved" in str(result.comparison_table).splitlines()[0]
    amounts = {row.strategy_id: row.amount for row in result.attributed.rows if row.reason == "rebalancing"}
    assert amounts == {"buyer": -125, "idle": 125}


def test_the_log_tells_before_and_after():
    """One line for each move, with both strategies before and after it (B-34)."""
    result = held({"rule": "weights"}, [100, 100, 100, 100, 150, 200, 200])
    (line,) = [line for line in log(result) if line["event"] == "capital_moved"]
    assert json.loads(json.dumps(line)) == {
        "time": "2024-01-03T00:00:00Z", "level": "info", "event": "capital_moved", "sequence": line["sequence"],
        "strategy_id": "buyer", "direction": "gives", "other": "idle", "amount": "125", "reason": "drift",
        "equity_before": "750", "equity_after": "625", "other_equity_before": "500", "other_equity_after": "625",
        "allocation_limit": "375",
    }  # fmt: skip


def test_what_was_moved_is_traded_with():
    """The receiver's next entry is larger by what it got (B-34)."""

    class Later(Buyer):
        def on_bar(self, bar):
            if bar.index == 7:
                self.buy()

    market = {"X": prices(*[100] * 4, 150, 200, 200, 200, 200, 200, timeframe="8h")}
    config = configuration("X", rebalancing={"rule": "weights"}, size_at="fill", finish="keep")
    config = config.model_copy(update={"instruments": {}})
    members = [(named(Buyer(), "buyer"), Decimal("0.5")), (named(Later(), "later"), Decimal("0.5"))]
    result = StrategyOrchestrator(members, config).run(market, Decimal(1_000))
    assert result.strategy_results["later"].allocation.used_capital == 625


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["rule"])
@pytest.mark.parametrize(
    "options", [{}, {"compounding": True, "finish": "keep", "fill": "close"}], ids=["fixed", "compounding"]
)
def test_every_rule_moves_and_loses_nothing(rule, options):
    """Moves happen, the portfolio is its parts at every step, and the audit agrees to the last unit (B-34)."""
    result = played(rule, **options)
    moves = events(result, "CAPITAL_MOVED")
    assert moves
    frame = result.equity
    parts = [name for name in frame.columns if name not in ("time", "portfolio")]
    assert frame.select(parts).sum_horizontal().to_list() == frame["portfolio"].to_list()
    for move in moves:
        before = Decimal(move["equity_before"]) + Decimal(move["other_equity_before"])
        assert before == Decimal(move["equity_after"]) + Decimal(move["other_equity_after"])
    assert result.attributed.residual == 0
    earned = sum(one.earned for one in result.strategy_results.values())
    assert earned == result.final_equity - CAPITAL
    symbols = list(result.market.symbols)
    audit_events(
        result.engine.events(),
        cells=[
            (member, symbols.index(symbol))
            for member, symbol in zip(result.cells.members, result.cells.symbols, strict=True)
        ],
        instruments=[result.market.instruments[symbol] for symbol in symbols],
        deposits=[one.allocated_capital for one in result.strategy_results.values()],
        digits=result.engine.unit.digits,
        compounding=bool(options.get("compounding")),
    )


@settings(max_examples=60 if PROOF else 12, deadline=None)
@given(seed=st.integers(0, 10_000), rule=st.sampled_from(RULES), chunk=st.sampled_from([1, 7, 50]), lazy=st.booleans())
def test_how_the_timeline_is_cut_changes_nothing(seed, rule, chunk, lazy, tmp_path_factory):
    """Equal bytes of events, results and frames for any chunk, lazy or not, with rebalancing on (B-34, design 1.1)."""
    folder = tmp_path_factory.mktemp("cut")
    whole = played(rule, seed=seed, forms=(Cross, Plain, Reversal))
    cut = played(rule, seed=seed, forms=(Cross, Plain, Reversal), chunk_steps=chunk, lazy=lazy)
    assert reproduced(cut, folder / "cut") == reproduced(whole, folder / "whole")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["rule"])
def test_the_future_changes_no_move(rule):
    """What comes after a moment changes no event up to it: rules see equity so far and nothing else (B-34, B-01)."""
    whole, part = played(rule, finish="keep"), played(rule, share=0.7, finish="keep")
    mine = events(part)
    assert len(mine) > 100
    assert events(whole)[: len(mine)] == mine
    # Behind the last step of all nothing moves: there is no next bar to be ready for.
    steps = len(part.market.timeline) - 1
    assert whole.equity.head(steps).equals(part.equity.head(steps))


@pytest.mark.parametrize("rule", RULES[2:], ids=lambda rule: rule["rule"])
def test_the_rules_see_the_returns_that_the_result_shows(rule):
    """Each strategy's curve in the result is the index that the rules looked at, day by day (B-34)."""
    result = played(rule)
    days = (result.market.timeline.times - 1) // 86_400_000_000_000
    ends = np.flatnonzero(np.diff(days))
    for one in result.strategy_results.values():
        units, flows = one.equity_curve.units.astype(float), np.diff(one.earned_curve.units - one.equity_curve.units)
        growth = (units[1:] + flows) / units[:-1]
        linked = units[0] * np.concatenate(([1.0], np.cumprod(growth)))
        np.testing.assert_allclose(one.own_curve.units[ends], linked[ends], rtol=1e-9)


def test_without_the_section_nothing_moves():
    """Nothing is on unless it is named (B-34)."""
    result = played()
    assert events(result, "CAPITAL_MOVED") == []
    assert "moved" not in str(result.comparison_table).splitlines()[0]
    assert all(one.own_curve == one.equity_curve for one in result.strategy_results.values())


def test_it_alone_ties_strategies_to_each_other():
    """With it a strategy trades other sizes than alone; without it the same (B-30, B-34)."""
    forms, weights = (Cross, Swing), ("0.5", "0.5")
    market = {symbol: walk(symbol, 300, 3, missing=0.1) for symbol in ("A", "B")}
    alone = orchestrate([(named(Cross(), "Cross"), Decimal(1), None)], configuration(*market)).run(market, CAPITAL / 2)
    free = played(forms=forms, weights=weights)
    tied = played({"rule": "weights", "when": "schedule"}, forms=forms, weights=weights)
    assert free.strategy_results["Cross"].trades == alone.strategy_results["Cross"].trades
    assert tied.strategy_results["Cross"].trades != alone.strategy_results["Cross"].trades


@pytest.mark.parametrize(
    ("rule", "forms", "message"),
    [
        ({"rule": "weights"}, (Cross,), "moves capital between strategies, and there is one"),
        (
            {"rule": "risk_parity"},
            (Cross, Swing),
            "looks back at 60 days, and when the last day of the run ends, 12 are known",
        ),
        (
            {"rule": "weights", "every": "quarter"},
            (Cross, Swing),
            "behind the end of each quarter, and the run goes on",
        ),
    ],
)
def test_a_rule_that_could_never_act_is_refused_before_the_run(rule, forms, message):
    """Nothing runs, and the message says what would do (B-34)."""
    with pytest.raises(ConfigurationError, match=message):
        played(rule, forms=forms, weights=("0.4",) * len(forms))
