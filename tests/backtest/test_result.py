"""Results: what they hold, how they are asked, and trades to the last figure."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from portfolios import (
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
    run_alone,
    walk,
)

from podium import Instrument, OrchestratorConfig, Strategy, StrategyAllocation, StrategyOrchestrator
from podium.backtest.frames import equity_frame, trades_frame
from podium.backtest.trades import Trade
from podium.core.errors import InvariantBroken
from podium.data.bars import BarSeries

CAPITAL = Decimal(100_000)


@pytest.fixture(scope="module")
def result():
    bars = {symbol: walk(symbol, 400, 7) for symbol in ("X", "Y")}
    pairs = [(Cross(), Decimal("0.4")), (Swing(), Decimal("0.3")), (Plain(), Decimal("0.2"))]
    return StrategyOrchestrator(pairs, configuration(*bars, name="tested", currency="EUR")).run(bars, CAPITAL)


def test_a_result_holds_what_is_promised(result):
    """Everything by name, money as Decimal, values frozen. (B-42, B-28)"""
    assert list(result.strategy_results) == ["Cross", "Swing", "Plain"]
    for part in result.strategy_results.values():
        assert isinstance(part.final_equity, Decimal)
        assert part.trades
        assert part.equity_curve[-1][1] == part.final_equity
        assert part.metrics.total_trades == len(part.trades)
    assert result.aggregate_metrics.total_trades == sum(len(part.trades) for part in result.strategy_results.values())
    assert isinstance(result.aggregate_equity_curve[0][1], Decimal)
    assert isinstance(result.conflicts_detected, int)
    assert isinstance(result.capital_limit_blocks, int)
    assert result.execution_time_seconds > 0
    assert result.completed_at.tzinfo is UTC
    assert result.config.name == "tested"
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.final_equity = Decimal(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.strategy_results["Cross"].trades[0].pnl = Decimal(1)


def test_a_result_gives_frames(result):
    """Comparison, equity and trades as polars frames, and from there as pandas ones. (B-05, B-13, B-42)"""
    comparison = result.comparison
    assert comparison["strategy_id"].to_list() == ["Cross", "Swing", "Plain", "unallocated", "portfolio"]
    assert comparison["final_equity"][-1] == result.final_equity
    assert comparison["final_equity"][:4].sum() == result.final_equity
    assert comparison["sharpe_ratio"][0] == result.strategy_results["Cross"].metrics.sharpe_ratio
    assert comparison["total_trades"][3] is None
    assert result.equity["portfolio"][-1] == result.final_equity
    assert result.equity.columns == [
        "time", "strategy:Cross", "strategy:Swing", "strategy:Plain", "unallocated", "portfolio",
    ]  # fmt: skip
    assert len(result.trades) == result.aggregate_metrics.total_trades
    assert result.trades["pnl"].sum() == sum(
        trade.pnl for part in result.strategy_results.values() for trade in part.trades
    )
    for frame in (comparison, result.equity, result.trades):
        assert len(frame.to_pandas()) == len(frame)


def test_an_unknown_strategy_is_told_with_the_known_ones(result):
    """A ``KeyError`` that lists the ids. (B-42)"""
    assert result.get_strategy_result("Swing") is result.strategy_results["Swing"]
    with pytest.raises(KeyError, match="no strategy 'swing'; known: Cross, Swing, Plain; did you mean 'Swing'"):
        result.get_strategy_result("swing")
    with pytest.raises(KeyError, match="no strategy 'zzz'; known: Cross, Swing, Plain"):
        result.get_strategy_result("zzz")


def test_a_result_is_plain_values_without_clock(result):
    """``to_dict`` is JSON, with money as text, and equal runs give equal values. (B-42, B-51)"""
    plain = json.loads(json.dumps(result.to_dict()))
    assert plain == result.to_dict()
    assert plain["currency"] == "EUR"
    assert plain["final_equity"] == str(result.final_equity)
    assert plain["strategies"]["Cross"]["trades"][0]["pnl"] == format(
        result.strategy_results["Cross"].trades[0].pnl, "f"
    )
    assert not {"execution_time_seconds", "completed_at"} & set(plain)


def test_the_table_has_a_row_for_each_and_all(result):
    """Strategies, unallocated cash, the portfolio; as markdown and JSON too. (B-13, B-32, B-51)"""
    rows = {row.strategy_id: row for row in result.comparison_table.rows}
    assert list(rows) == ["Cross", "Swing", "Plain", "unallocated", "portfolio"]
    for name, part in result.strategy_results.items():
        row = rows[name]
        figures = (row.total_return, row.sharpe_ratio, row.win_rate, row.max_drawdown, row.total_trades)
        metrics = part.metrics
        assert figures == (
            metrics.total_return, metrics.sharpe_ratio, metrics.win_rate, metrics.max_drawdown, metrics.total_trades,
        )  # fmt: skip
        assert metrics.max_drawdown >= 0
        assert metrics.total_return == pytest.approx(float(part.final_equity / part.allocated_capital - 1), abs=1e-12)
    assert rows["unallocated"].final_equity == rows["unallocated"].allocated_capital == 10_000
    assert sum(row.final_equity for name, row in rows.items() if name != "portfolio") == rows["portfolio"].final_equity
    assert "Swing" in result.comparison_table.to_markdown()
    assert json.loads(result.comparison_table.to_json())


def test_frames_hold_exact_money(result):
    """Equity per time step and all trades by their end, as frames with decimals. (B-05, B-46)"""
    frame = equity_frame(result)
    assert frame.columns == ["time", "strategy:Cross", "strategy:Swing", "strategy:Plain", "unallocated", "portfolio"]
    parts = frame.select(pl.sum_horizontal(frame.columns[1:-1]).alias("sum"))["sum"].to_list()
    assert parts == frame["portfolio"].to_list() == [equity for _, equity in result.aggregate_equity_curve]
    trades = trades_frame(result)
    assert len(trades) == result.aggregate_metrics.total_trades
    assert trades["exit_time"].is_sorted()
    assert trades["pnl"].sum() == result.final_equity - CAPITAL
    every = [trade for part in result.strategy_results.values() for trade in part.trades]
    assert sorted(trades["commission"].to_list()) == sorted(trade.commission for trade in every)


def test_a_report_is_written_from_the_result(result, tmp_path):
    """``result.plot()`` leaves one self-contained page. (B-05)"""
    path = result.plot(tmp_path / "report.html")
    assert "Swing" in path.read_text(encoding="utf-8")


class Scripted(Strategy):
    """Do what is said for each bar."""

    script: dict = {}  # noqa: RUF012  # the tests set it

    def on_bar(self, bar):
        for method, options in self.script.get(bar.index, ()):
            getattr(self, method)(**options)


def scripted(bars, script, **instrument):
    strategy = Scripted()
    strategy.script = script
    config = OrchestratorConfig(
        instruments={"X": Instrument(**{"tick": Decimal("0.01"), "lot": Decimal("0.1"), **instrument})}
    )
    return StrategyOrchestrator([(strategy, Decimal(1))], config).run({"X": bars}, CAPITAL)


def test_a_trade_by_hand():
    """Every field of a long trade with fees and slippage, worked out on paper. (B-46, B-06, B-28)"""
    bars = prices(100, 100, 102, 95, 104, 103, spread=1)
    done = scripted(
        bars,
        {1: [("buy", {"quantity": 10})], 3: [("close", {})]},
        taker_fee=Decimal("0.001"),
        slippage=Decimal("0.01"),
    )
    (trade,) = done.strategy_results["Scripted"].trades
    # Decided at bar 1, bought at the open of bar 2 (100, 1 % worse), sold at the open of bar 4 (95, 1 % worse).
    assert (trade.number, trade.strategy_id, trade.symbol, trade.side) == (1, "Scripted", "X", "long")
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (Decimal(10), Decimal(101), Decimal("94.05"))
    assert trade.entry_time == datetime(2024, 1, 1, 3, tzinfo=UTC)
    assert trade.exit_time == datetime(2024, 1, 1, 5, tzinfo=UTC)
    assert trade.duration == timedelta(hours=2)
    assert trade.bars_held == 2
    assert trade.commission == Decimal("1.01") + Decimal("0.9405")
    assert trade.slippage == 10 * Decimal(1) + 10 * Decimal("0.95")
    assert trade.pnl == 10 * (Decimal("94.05") - 101) - Decimal("1.9505")
    assert trade.return_ratio == float(trade.pnl / 1010)
    assert trade.return_percent == trade.return_ratio * 100
    # Highest 103 in bar 2, lowest 94 in bar 3; bar 4 was left at its open.
    assert trade.maximum_favourable_excursion == 10 * (103 - 101)
    assert trade.maximum_adverse_excursion == 10 * (101 - 94)
    assert trade.exit_reason == "strategy_signal"
    assert done.final_equity == CAPITAL + trade.pnl


def test_a_short_trade_turns_the_excursions():
    """What falls is favourable. (B-46)"""
    bars = prices(100, 100, 102, 95, 104, 103, spread=1)
    (trade,) = scripted(bars, {1: [("sell", {"quantity": 10})], 3: [("close", {})]}).strategy_results["Scripted"].trades
    assert (trade.side, trade.entry_price, trade.exit_price, trade.pnl) == ("short", 100, 95, 50)
    assert trade.maximum_favourable_excursion == 10 * (100 - 94)
    assert trade.maximum_adverse_excursion == 10 * (103 - 100)


REASONS = {
    "strategy_signal": {0: [("buy", {"quantity": 1})], 2: [("close", {})]},
    "stop_loss": {0: [("buy", {"quantity": 1, "stop": 96})]},
    "take_profit": {0: [("buy", {"quantity": 1, "target": 105})]},
    "trailing_stop": {0: [("buy", {"quantity": 1, "trail": 4})]},
    "break_even": {0: [("buy", {"quantity": 1, "break_even_after": 0.05})]},
    "time_exit": {0: [("buy", {"quantity": 1, "max_bars": 2})]},
    "end_of_data": {0: [("buy", {"quantity": 1})]},
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_trade_says_why_it_ended(reason):
    """One trade for each reason of an exit. (B-46, B-12)"""
    done = scripted(prices(100, 100, 103, 107, 101, 98, 94, 95, spread=0.5), REASONS[reason])
    (trade,) = done.strategy_results["Scripted"].trades
    assert trade.exit_reason == reason
    (closed,) = events(done, "POSITION_CLOSED")
    assert closed["reason"] == reason
    assert Decimal(closed["pnl"]) == trade.pnl


def test_partial_exits_are_one_trade_from_flat_to_flat():
    """Averages are over all entries and all exits; the last reason counts. (B-46)"""
    bars = prices(100, 100, 104, 108, 120, 110, 110)
    script = {
        0: [("buy", {"quantity": 2})],
        1: [("buy", {"quantity": 2})],
        2: [("close", {"quantity": 1})],
        3: [("close", {})],
    }
    (trade,) = scripted(bars, script).strategy_results["Scripted"].trades
    # Bars open at the close before: bought 2 at 100 and 2 at 100, sold 1 at 104 and 3 at 108.
    assert (trade.quantity, trade.entry_price, trade.exit_price) == (4, 100, 107)
    assert trade.pnl == 1 * 4 + 3 * 8
    assert trade.bars_held == 3


def test_an_allocation_holds_within_its_bounds():
    """0 ≤ used ≤ allocated, and what is available never falls below 0. (B-40)"""
    fields = {"strategy_id": "s", "initial_capital": Decimal(10), "allocated_capital": Decimal(10)}
    made = StrategyAllocation(**fields, used_capital=Decimal(4), reserved_capital=Decimal(5), cash=Decimal(6))
    assert made.available_capital == 1
    made = StrategyAllocation(**fields, used_capital=Decimal(4), reserved_capital=Decimal(7), cash=Decimal(6))
    assert made.available_capital == 0
    for used in (Decimal(-1), Decimal(11)):
        with pytest.raises(InvariantBroken, match="uses no more than it was allocated"):
            StrategyAllocation(**fields, used_capital=used, reserved_capital=Decimal(0), cash=Decimal(0))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.cash = Decimal(1)


def test_an_open_position_keeps_the_last_mark_of_its_symbol():
    """While its symbol has no bar, equity stands still; the gap is reported and no bar is invented. (B-71)"""

    class Holds(Strategy):
        def on_bar(self, bar):
            if bar.symbol == "X" and bar.index == 2:
                self.buy(quantity=10)

    whole = walk("X", 40, 3)
    missing = [row for row in range(40) if not 10 <= row < 25]
    bars = {"X": whole.select(np.array(missing)), "Y": walk("Y", 40, 3)}
    held = run_alone(Holds(), bars, finish="keep")
    curve = [equity for _, equity in held.aggregate_equity_curve]
    assert len(curve) == 40
    assert len(set(curve[9:25])) == 1
    assert curve[25] != curve[24]
    assert len(held.market.store.series("X")) == 25
    assert any("gap" in warning and "X" in warning for warning in held.warnings)


def test_metrics_against_a_benchmark():
    """Alpha, beta and the excess against holding a symbol. (B-47, B-09)"""
    bars = {symbol: walk(symbol, 24 * 30, 3) for symbol in ("X", "Y")}
    config = configuration(*bars, benchmark="X")
    entries = [(named(Hold(), "hold"), Decimal(1), ("X",))]
    metrics = orchestrate(entries, config).run(bars, CAPITAL).strategy_results["hold"].metrics
    held = bars["X"].close[-1] / bars["X"].open[0] - 1
    assert metrics.excess_return == pytest.approx(metrics.total_return - held, abs=1e-12)
    assert metrics.beta == pytest.approx(1, abs=0.05)
    assert metrics.periods_per_year == 365


class Hold(Strategy):
    def on_bar(self, bar):
        if bar.index == 0:
            self.buy()


def test_a_symbol_nobody_trades_changes_nothing():
    """Its bars make time steps, and no money moves. (B-30)"""
    bars = {symbol: walk(symbol, 200, 3) for symbol in ("X", "Y")}
    config = configuration(*bars)
    alone = orchestrate([(named(Reversal(), "r"), Decimal(1), ("X",))], config).run(bars, CAPITAL)
    assert alone.strategy_results["r"].symbols == ("X",)
    assert alone.final_equity == run_alone(named(Reversal(), "r"), bars["X"]).final_equity


def test_bars_without_an_instrument_get_an_inferred_tick():
    """The coarsest grid on which all prices lie. (B-73)"""
    series: BarSeries = walk("X", 50, 1)
    done = StrategyOrchestrator([(Cross(), Decimal(1))]).run({"X": series}, CAPITAL)
    assert done.market.instruments["X"].tick == Decimal("0.01")


def test_the_frame_of_trades_holds_what_the_objects_hold(result):
    """Column by column the same values, also where an average price is no whole number of ticks. (B-05, B-46)"""
    bars = prices(100, 100, 102, 95, 104, 103, 99, 98, 101, 103, spread=1)
    uneven = {1: [("buy", {"quantity": 1})], 3: [("buy", {"quantity": 2})], 6: [("close", {})]}
    tens = {1: [("buy", {"quantity": 30})], 4: [("close", {})]}
    runs = (result, scripted(bars, uneven), scripted(bars, tens, lot=Decimal("1E+1")), scripted(bars, {}))
    for done in runs:
        every = [trade for part in done.strategy_results.values() for trade in part.trades]
        every.sort(key=lambda trade: trade.exit_time)
        frame = trades_frame(done)
        names = [field.name for field in dataclasses.fields(Trade)]
        assert frame.columns == names
        expected = {
            name: pl.Series([getattr(trade, name) for trade in every], dtype=frame.schema[name]).to_list()
            for name in names
        }
        assert frame.to_dict(as_series=False) == expected
    (trade,) = runs[1].strategy_results["Scripted"].trades
    assert trade.entry_price % Decimal("0.01") != 0


@pytest.mark.parametrize("shift_nanoseconds", [0, 250_000_000])
def test_plain_trades_hold_what_the_objects_hold(shift_nanoseconds):
    """Amounts and times as text, times with a fraction where there is one. (B-42, B-51)"""
    bars = prices(100, 100, 102, 95, 104, 103, spread=1)
    bars = dataclasses.replace(bars, close_time=bars.close_time + shift_nanoseconds)
    done = scripted(bars, {1: [("buy", {"quantity": 10})], 3: [("close", {})]}, taker_fee=Decimal("0.001"))
    (trade,) = done.strategy_results["Scripted"].trades
    (plain,) = done.to_dict()["strategies"]["Scripted"]["trades"]
    for field in dataclasses.fields(trade):
        value = getattr(trade, field.name)
        if isinstance(value, Decimal):
            value = format(value, "f")
        elif isinstance(value, datetime):
            value = value.isoformat().replace("+00:00", "Z")
        assert plain[field.name] == value
    assert list(plain) == [field.name for field in dataclasses.fields(trade)]
    assert ("." in plain["exit_time"]) is (shift_nanoseconds > 0)


def test_strategies_that_are_one_bet_are_warned_of():
    """Above 0.8 the result and the log warn, below 0.3 the log tells; strategies that never trade are neither (B-36)."""
    bars = {"X": walk("X", 24 * 30, 3), "Y": walk("Y", 24 * 30, 4)}
    idle = type("Idle", (Strategy,), {"on_bar": lambda self, bar: None})
    members = [("one", Hold, ("X",)), ("two", Hold, ("X",)), ("other", Hold, ("Y",)), ("idle", idle, ("X",))]
    entries = [(named(form(), name), Decimal("0.2"), symbols) for name, form, symbols in members]
    result = orchestrate(entries, configuration(*bars)).run(bars, CAPITAL)
    found = [(pair.first, pair.second, pair.is_high) for pair in result.judged_pairs]
    assert found[0] == ("one", "two", True)
    (told,) = [warning for warning in result.warnings if "move together" in warning]
    assert told == (
        "'one' and 'two' move together: the correlation of their daily returns is 1.000 (above 0.8), "
        "so they diversify little"
    )
    assert told in result.to_dict()["warnings"]
    lines = [line for line in log(result) if line["event"] == "strategies_correlated"]
    assert [(line["level"], line["strategies"]) for line in lines] == [
        ("warning" if pair.is_high else "info", [pair.first, pair.second]) for pair in result.judged_pairs
    ]
    assert lines[0]["correlation"] == 1


def test_what_a_run_warns_of_stands_in_its_log():
    """Each warning once: pairs of strategies as values, the rest in words (B-22, B-45)."""
    whole = walk("X", 200, 3)
    holed = whole.select(np.array([row for row in range(200) if not 10 <= row < 25]))
    result = run_alone(Hold(), {"X": holed, "Y": walk("Y", 200, 3)})
    assert any("gap" in warning for warning in result.warnings)
    said = [line["message"] for line in log(result) if line["event"] == "run_warned"]
    assert said == list(result.warnings)
