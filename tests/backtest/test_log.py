"""The log: its events with their fields, and that it alone tells what happened to the money."""

from __future__ import annotations

import json
import shutil
import subprocess
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import FORMS, PROOF, Cross, Plain, Reversal, Swing, configuration, lines_of, log, walk

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.backtest.log import failed_log
from podium.core.errors import LedgerOverflow, StrategyFailed

CAPITAL = Decimal(100_000)
ALWAYS = {"time", "level", "event"}


class Greedy(Strategy):
    """Want half of the capital on each of three symbols, and the other side than Contrary."""

    def on_bar(self, bar):
        if bar.index % 10 == 3:
            self.buy(fraction=0.5)
        elif bar.index % 10 == 8:
            self.close()


class Contrary(Strategy):
    """Want the other side, and more than there is."""

    def on_bar(self, bar):
        if bar.index % 10 == 3:
            self.sell(quantity=100_000 if bar.symbol == "X" else 1)
        elif bar.index % 10 == 8:
            self.close()


def contested(**options):
    bars = {symbol: walk(symbol, 40, 2) for symbol in ("X", "Y", "Z")}
    pairs = [(Greedy(), Decimal("0.3")), (Contrary(), Decimal("0.6"))]
    return StrategyOrchestrator(pairs, configuration(*bars, **options)).run(bars, CAPITAL)


def lines_about(lines, event):
    found = [line for line in lines if line["event"] == event]
    assert found, event
    return found


def test_the_start_is_logged_with_what_was_given():
    """Strategies, capital, weights, symbols and dates. (B-55)"""
    lines = log(contested())
    assert lines[0] == {
        "time": "2024-01-01T01:00:00Z",
        "level": "info",
        "event": "backtest_started",
        "strategy_count": 2,
        "total_capital": "100000",
        "unallocated": "10000",
        "weights": {"Greedy": "0.3", "Contrary": "0.6"},
        "symbols": ["X", "Y", "Z"],
        "date_range": ["2024-01-01T01:00:00Z", "2024-01-02T16:00:00Z"],
    }


def test_every_signal_is_logged_with_the_capital_at_hand():
    """Who wants what where and when, and what it had for it. (B-55, B-56, B-12)"""
    lines = log(contested())
    signals = lines_about(lines, "strategy_signal")
    for line in signals:
        assert set(line) == ALWAYS | {
            "sequence",
            "strategy_id",
            "symbol",
            "signal_type",
            "bar_date",
            "capital_available",
        }
        assert line["level"] == "info"
        assert line["bar_date"] == line["time"]
    first = [
        (line["strategy_id"], line["symbol"], line["signal_type"], line["capital_available"]) for line in signals[:6]
    ]
    assert first == [
        (name, symbol, action, available)
        for symbol in ("X", "Y", "Z")
        for name, action, available in (("Greedy", "enter_long", "30000"), ("Contrary", "enter_short", "60000"))
    ]
    assert {line["signal_type"] for line in signals} == {"enter_long", "enter_short", "exit_long", "exit_short"}


def test_a_blocked_entry_is_a_warning_with_its_limit():
    """Used capital, the limit, and the signal that was refused. (B-55, B-57, B-07, B-31)"""
    result = contested()
    blocked = lines_about(log(result), "capital_limit_hit")
    assert len(blocked) == result.capital_limit_blocks
    for line in blocked:
        named = {
            "sequence",
            "strategy_id",
            "symbol",
            "used_capital",
            "reserved_capital",
            "allocation_limit",
            "rejected_signal",
        }
        assert set(line) == ALWAYS | named
        assert line["level"] == "warning"
        assert line["allocation_limit"] == {"Greedy": "30000", "Contrary": "60000"}[line["strategy_id"]]
        assert set(line["rejected_signal"]) == {"side", "quantity", "price"}
    assert {line["strategy_id"] for line in blocked} == {"Greedy", "Contrary"}
    huge = next(line for line in blocked if line["strategy_id"] == "Contrary")
    assert (huge["symbol"], huge["rejected_signal"]["side"], huge["rejected_signal"]["quantity"]) == (
        "X",
        "sell",
        "100000",
    )


def test_a_conflict_is_a_warning_with_its_outcome():
    """Symbol, who wanted what, how it was resolved. (B-55, B-58, B-11)"""
    result = contested()
    conflicts = lines_about(log(result), "conflict_detected")
    assert len(conflicts) == result.conflicts_detected == 12
    for line in conflicts:
        assert set(line) == ALWAYS | {"sequence", "symbol", "strategies", "resolution_mode", "outcome"}
        assert line["level"] == "warning"
        assert line["strategies"] == {"Greedy": "enter_long", "Contrary": "enter_short"}
        assert (line["resolution_mode"], line["outcome"]) == ("allow", "all entries act")


def test_the_end_is_logged_with_its_figures():
    """Duration, trades, final equity, errors. (B-55, B-59)"""
    result = contested()
    last = log(result)[-1]
    assert last["event"] == "backtest_completed"
    assert last["is_complete"] is True
    assert last["trade_count"] == sum(len(part.trades) for part in result.strategy_results.values())
    assert Decimal(last["final_equity"]) == result.final_equity
    assert last["duration_seconds"] == round(result.execution_time_seconds, 3)
    assert last["error_count"] == 0


def test_a_failure_is_logged_with_who_and_why():
    """What ended the run is the last line. (B-55, B-60)"""
    result = contested()
    failed = StrategyFailed(strategy_id="Greedy", symbol="X", time="2024-01-01T09:00:00Z", cause=ValueError("no"))
    line = lines_of(failed_log(result, failed))[-1]
    assert line == {
        "time": "2024-01-01T09:00:00Z",
        "level": "error",
        "event": "backtest_failed",
        "strategy_id": "Greedy",
        "symbol": "X",
        "error": "StrategyFailed",
        "message": "strategy 'Greedy' failed on X at 2024-01-01T09:00:00Z: ValueError: no",
        "duration_seconds": round(result.execution_time_seconds, 3),
        "error_count": 1,
    }
    overflow = LedgerOverflow(strategy_id="Greedy", symbol="Y", time="2024-01-01T09:00:00Z")
    line = lines_of(failed_log(result, overflow))[-1]
    assert (line["error"], line["symbol"]) == ("LedgerOverflow", "Y")


@pytest.mark.parametrize(
    ("level", "left"),
    [
        ("debug", {"info", "warning"}),
        ("info", {"info", "warning"}),
        ("warning", {"warning"}),
        ("error", set()),
    ],
)
def test_the_level_leaves_out_what_is_less_severe(level, left):
    """The least severe event that the log keeps is configured; the result is the same. (B-41, B-55)"""
    result = contested(logging_level=level)
    assert {line["level"] for line in log(result)} == left
    assert result.to_dict() == contested().to_dict()


def rebuilt(lines):
    """Follow every account through the log alone: what it was given, then each move of its money."""
    started = lines[0]
    cash = {name: Decimal(started["total_capital"]) * Decimal(weight) for name, weight in started["weights"].items()}
    used = dict.fromkeys(cash, Decimal(0))
    for line in lines:
        if line["event"] not in ("capital_allocated", "capital_released"):
            continue
        name = line["strategy_id"]
        bound = Decimal(line["used_capital"]) - used[name]
        if line["event"] == "capital_allocated":
            assert bound == Decimal(line["notional"])
        cash[name] += Decimal(line["realised"]) - Decimal(line["fee"]) - bound
        used[name] += bound
        assert cash[name] == Decimal(line["cash"])
        assert 0 <= used[name] <= Decimal(line["allocation_limit"])
    return cash, used


@settings(max_examples=200 if PROOF else 25, deadline=None)
@given(
    members=st.lists(st.tuples(st.sampled_from(FORMS), st.integers(1, 25)), min_size=1, max_size=4),
    seed=st.integers(0, 10_000),
    options=st.fixed_dictionaries(
        {
            "compounding": st.booleans(),
            "finish": st.sampled_from(["close", "keep"]),
            "fill": st.sampled_from(["next_open", "close"]),
        }
    ),
)
def test_the_log_alone_rebuilds_every_account(members, seed, options):
    """Start, plus what each fill bound, freed, earned and cost, is every account's cash and used capital. (B-22, B-08)"""
    bars = {symbol: walk(symbol, 150, seed, missing=0.1) for symbol in ("X", "Y")}
    pairs = [(form(), Decimal(weight).scaleb(-2)) for form, weight in members]
    result = StrategyOrchestrator(pairs, configuration(*bars, **options)).run(bars, CAPITAL)
    cash, used = rebuilt(log(result))
    assert cash == {name: part.allocation.cash for name, part in result.strategy_results.items()}
    assert used == {name: part.allocation.used_capital for name, part in result.strategy_results.items()}


def test_the_log_tells_why_an_entry_did_not_happen():
    """Each wish to enter is followed by money reserved or a refusal; each reservation by money bound or given back. (B-22)"""
    bars = {symbol: walk(symbol, 300, 4) for symbol in ("X", "Y")}
    pairs = [
        (Cross(), Decimal("0.4")),
        (Swing(), Decimal("0.2")),
        (Reversal(), Decimal("0.2")),
        (Plain(), Decimal("0.2")),
    ]
    lines = log(StrategyOrchestrator(pairs, configuration(*bars)).run(bars, CAPITAL))
    events = [line["event"] for line in lines]
    wishes = sum(line["event"] == "strategy_signal" and line["signal_type"].startswith("enter") for line in lines)
    refused = sum(
        line["event"] == "capital_limit_hit" or (line["event"] == "signal_rejected" and line["is_exit"] is False)
        for line in lines
    )
    reserved = events.count("capital_reserved")
    assert wishes == reserved + refused
    assert events.count("capital_allocated") + events.count("reservation_released") == reserved
    assert min(wishes, refused, events.count("reservation_released")) > 0


def test_leverage_shows_in_what_is_bound():
    """With leverage an entry binds less than its notional, and the log says how much. (B-22)"""
    bars = {"X": walk("X", 200, 4)}
    instrument = Instrument(tick=Decimal("0.01"), lot=Decimal("0.001"), leverage=Decimal(5), taker_fee=Decimal("0.001"))
    config = OrchestratorConfig(instruments={"X": instrument})
    lines = log(StrategyOrchestrator([(Swing(), Decimal(1))], config).run(bars, CAPITAL))
    used = Decimal(0)
    for line in lines_about(lines, "capital_allocated"):
        notional = Decimal(line["notional"])
        bound = Decimal(line["used_capital"])
        assert abs(bound * 5 - notional) < Decimal("0.0000001")
        used = max(used, bound)
    assert used > 0


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_jq_reads_every_line(tmp_path):
    """The file is one JSON object a line; jq sums what a strategy earned. (B-22, B-55)"""
    result = contested()
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in log(result)), encoding="utf-8")
    query = '[.[] | select(.strategy_id == "Greedy" and .realised) | (.realised | tonumber) - (.fee | tonumber)] | add'
    answer = subprocess.run(["jq", "--slurp", query, path], capture_output=True, text=True, check=True).stdout
    part = result.strategy_results["Greedy"]
    assert float(answer) == pytest.approx(float(part.final_equity - part.allocated_capital), abs=1e-6)
