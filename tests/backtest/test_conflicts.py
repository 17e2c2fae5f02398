"""Conflict modes in whole runs: from the configuration to the events and the log."""

from __future__ import annotations

from decimal import Decimal

import pytest
from portfolios import Buys, Sells, configuration, events, log, prices

from podium import StrategyOrchestrator
from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.backtest.portfolio_run import run_portfolio
from podium.core.errors import ConfigurationError
from podium.portfolio.file import load_portfolio

CLOSES = (100, 100, 100, 100)


def contested(conflicts, **options):
    """Let two strategies want opposite sides of two symbols at the first bar."""
    bars = {symbol: prices(*CLOSES, symbol=symbol) for symbol in ("X", "Y")}
    pairs = [(Buys(), Decimal("0.5")), (Sells(), Decimal("0.4"))]
    config = configuration(*bars, conflicts=conflicts, **options)
    return StrategyOrchestrator(pairs, config).run(bars, Decimal(100_000))


def filled(result, symbol="X"):
    """List who traded how much at first."""
    fills = [record for record in events(result, "ORDER_FILLED") if record["symbol"] == symbol]
    return [(fill["strategy_id"], fill["side"], fill["quantity"]) for fill in fills if not fill["is_exit"]]


ALL, NONE = {"outcome": "all entries act"}, {"outcome": "no entry acts"}
FIRST = {"winner": "Buys", "outcome": "long entries act"}
SECOND = {"winner": "Sells", "outcome": "short entries act"}
REST = {"outcome": "long entries keep the difference"}
OUTCOMES = [
    # mode, options, outcome, who trades, who is refused how much
    ("allow", {}, ALL, [("Buys", "buy", "5"), ("Sells", "sell", "2")], []),
    ("first_wins", {}, FIRST, [("Buys", "buy", "5")], [("Sells", "0")]),
    ("priority", {"priorities": {"Sells": 1}}, SECOND, [("Sells", "sell", "2")], [("Buys", "0")]),
    ("net_signal", {}, REST, [("Buys", "buy", "3")], [("Buys", "2"), ("Sells", "2")]),
    ("cancel_both", {}, NONE, [], [("Buys", "0"), ("Sells", "0")]),
]


@pytest.mark.parametrize(("mode", "options", "outcome", "trades", "refused"), OUTCOMES)
def test_signals_and_outcome_are_recorded(mode, options, outcome, trades, refused):
    """Who wanted what, who prevailed, what fell away: in the events and in the log (B-33, B-11, B-58)."""
    result = contested(mode, **options)
    wishes = {"Buys": "enter_long", "Sells": "enter_short"}
    expected = {"strategies": wishes, "resolution_mode": mode, **outcome}
    conflicts = events(result, "CONFLICT_DETECTED")
    told = [line for line in log(result) if line["event"] == "conflict_detected"]
    assert [(record["symbol"], {name: record[name] for name in expected}) for record in conflicts] == [
        ("X", expected),
        ("Y", expected),
    ]
    assert [{name: line[name] for name in expected} for line in told] == [expected, expected]
    assert ("winner" in conflicts[0], "winner" in told[0]) == ("winner" in outcome,) * 2
    assert result.conflicts_detected == 2
    assert filled(result) == filled(result, "Y") == trades
    rejected = events(result, "SIGNAL_REJECTED")
    lines = [line for line in log(result) if line["event"] == "signal_rejected"]
    for records in (rejected, lines):
        assert [(each["strategy_id"], each["quantity"]) for each in records if each["symbol"] == "X"] == refused
        assert {each["reason"] for each in records} <= {"conflict"}


def test_a_symbol_may_have_a_mode_of_its_own():
    """``default`` holds for the others (B-33)."""
    result = contested({"default": "cancel_both", "Y": "allow"})
    assert (filled(result), filled(result, "Y")) == ([], [("Buys", "buy", "5"), ("Sells", "sell", "2")])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conflicts": {"Z": "allow"}}, "conflicts names 'Z', which is not part of this run\n  expected: one of X, Y"),
        (
            {"conflicts": "priority", "priorities": {"Nobody": 1}},
            "priorities names 'Nobody', which is not part of this run\n  expected: one of Buys, Sells",
        ),
    ],
)
def test_names_that_are_not_part_of_the_run_are_refused(options, message):
    """A mode or a priority that could never act is a mistake (B-16)."""
    with pytest.raises(ConfigurationError) as caught:
        contested(**options)
    assert str(caught.value) == message


def test_a_portfolio_file_says_who_prevails(tmp_path):
    """``priority`` of a strategy's entry, a mode per symbol (B-33)."""
    for side in ("long", "short"):
        (tmp_path / f"{side}.yaml").write_text(f"name: {side}\nentry: {{{side}: close > 0}}\nsize: {{quantity: 1}}\n")
    (tmp_path / "portfolio.yaml").write_text(
        "portfolio: {capital: 1_000_000, equal_weights: true, conflicts: {default: priority, ETH/USDT: cancel_both}}\n"
        "data: {source: sample, to: 2023-01-02}\nsymbols: [BTC/USDT, ETH/USDT]\n"
        "strategies:\n- {id: up, file: long.yaml, priority: 1}\n- {id: down, file: short.yaml, priority: 2}\n"
    )
    portfolio = load_portfolio(tmp_path / "portfolio.yaml")
    result = run_portfolio(portfolio, read_portfolio_bars(portfolio))
    # Once the second one has its position it wants nothing more, and the first one enters.
    assert filled(result, "BTC/USDT") == [("down", "sell", "1"), ("up", "buy", "1")]
    assert filled(result, "ETH/USDT") == []
