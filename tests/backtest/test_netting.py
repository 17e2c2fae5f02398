"""Netted execution in whole runs: what strategies have is as if alone, and what was saved is a row of its own."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest
from portfolios import (
    Buys,
    Cross,
    Reversal,
    Sells,
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

from podium import Instrument, StrategyOrchestrator
from podium.backtest.frames import equity_frame

CAPITAL = D(100_000)


def opposed(**options):
    """Buy 5 and sell 2 at 100, for 1 % fees; at the end both close at 100."""
    instrument = Instrument(tick=D("0.01"), lot=D("0.001"), taker_fee=D("0.01"))
    pairs = [(Buys(), D("0.5")), (Sells(), D("0.4"))]
    config = configuration("X", instruments={"X": instrument}, execution="netted", **options)
    return StrategyOrchestrator(pairs, config).run({"X": prices(100, 100, 100)}, CAPITAL)


def test_what_was_saved_is_a_row_of_its_own():
    """Strategies pay 5 + 2 and 5 + 2, the net orders 3 and 3: 8 are saved, in table, curve, result and attribution."""
    result = opposed()
    assert {name: part.final_equity for name, part in result.strategy_results.items()} == {
        "Buys": 50_000 - 10,
        "Sells": 40_000 - 4,
    }
    assert result.saved == 8
    assert result.final_equity == CAPITAL - 6
    rows = result.comparison_table.rows
    assert [(row.strategy_id, row.allocated_capital, row.final_equity) for row in rows] == [
        ("Buys", 50_000, 49_990),
        ("Sells", 40_000, 39_996),
        ("netting", 0, 8),
        ("unallocated", 10_000, 10_000),
        ("portfolio", 100_000, 99_994),
    ]
    assert [amount for _, amount in result.netting] == [0, 4, 8]
    frame = equity_frame(result)
    assert frame.columns == ["time", "strategy:Buys", "strategy:Sells", "netting", "unallocated", "portfolio"]
    assert frame["netting"].to_list() == [0, 4, 8]
    whole = sum((frame[name] for name in frame.columns[2:-1]), frame["strategy:Buys"])
    assert whole.to_list() == frame["portfolio"].to_list()
    assert json.loads(json.dumps(result.to_dict()))["netting"] == "8.00000000"
    saved = [row for row in result.attributed.rows if row.reason == "netting"]
    assert [(row.strategy_id, row.symbol, row.side, row.amount) for row in saved] == [("netting", "X", "", 8)]
    assert result.attributed.residual == 0


def test_each_net_order_is_an_event_and_a_line_of_the_log():
    """How many orders, what went out, what crossed, at which price, what it cost and spared."""
    result = opposed()
    expected = {
        "symbol": "X",
        "orders": 2,
        "side": "buy",
        "quantity": "3",
        "crossed": "2",
        "price": "100",
        "notional": "300",
        "fee": "3",
        "slippage": "0",
        "saved": "4",
        "cash": "4",
    }
    first, last = events(result, "ORDERS_NETTED")
    assert {name: first[name] for name in expected} == expected
    assert (last["side"], last["quantity"], last["cash"]) == ("sell", "3", "8")
    line = next(line for line in log(result) if line["event"] == "orders_netted")
    assert {name: line[name] for name in expected} == expected


@pytest.mark.parametrize("fill", ["next_open", "close"])
@pytest.mark.parametrize("compounding", [False, True])
def test_no_strategy_notices_how_orders_are_executed(fill, compounding):
    """Events, trades, equity and figures of each strategy are those of separate execution (B-30)."""
    bars = {symbol: walk(symbol, 300, 4, missing=0.05) for symbol in ("A", "B")}
    members = [(Cross, "0.3"), (Swing, "0.3"), (Reversal, "0.3")]

    def run(execution):
        entries = [(named(form(), form.__name__), D(weight), None) for form, weight in members]
        options = {"fill": fill, "compounding": compounding, "slippage": D("0.001"), "spread": D("0.0005")}
        return orchestrate(entries, configuration("A", "B", execution=execution, **options)).run(bars, CAPITAL)

    netted, separate = run("netted"), run("separate")
    for name, part in netted.strategy_results.items():
        other = separate.get_strategy_result(name)
        assert (part.trades, part.final_equity, part.metrics) == (other.trades, other.final_equity, other.metrics)
        assert part.equity_curve == other.equity_curve
    plain = [
        [{**event, "sequence": 0} for event in events(result) if event["kind"] != "ORDERS_NETTED"]
        for result in (netted, separate)
    ]
    assert plain[0] == plain[1]
    assert netted.saved > 0
    assert netted.final_equity == separate.final_equity + netted.saved
    assert netted.attributed.residual == 0


def test_separate_execution_knows_no_netting():
    """No row, no column, no key (nothing is on unless it is named)."""
    pairs = [(Buys(), D("0.5")), (Sells(), D("0.4"))]
    result = StrategyOrchestrator(pairs, configuration("X")).run({"X": prices(100, 100, 100)}, CAPITAL)
    assert (result.netting, result.saved) == (None, 0)
    assert "netting" not in result.to_dict()
    assert "netting" not in equity_frame(result).columns
    assert [row.strategy_id for row in result.comparison_table.rows] == ["Buys", "Sells", "unallocated", "portfolio"]


def test_a_netted_run_is_the_same_in_chunks_of_any_size(tmp_path):
    """Every byte of what it leaves behind (design 1.1)."""
    bars = {"A": walk("A", 200, 4)}

    def run(number, **options):
        entries = [(named(form(), form.__name__), D("0.4"), None) for form in (Swing, Reversal)]
        result = orchestrate(entries, configuration("A", execution="netted", **options)).run(bars, CAPITAL)
        return reproduced(result, tmp_path / str(number))

    assert run(1, chunk_steps=7, lazy=False) == run(2)


def test_the_report_shows_what_was_saved(tmp_path):
    """Stacked beside the strategies, so that the parts sum to the whole."""
    result = opposed()
    assert "netting" in result.plot(tmp_path / "report.html").read_text()
