"""Rules plans become what the engine reads: sizes, levels and time frames, or a refusal that names them."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from portfolios import configuration, events, prices, run_alone, walk

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.core.errors import ConfigurationError
from podium.rules import atr, close, highest, lowest, sma

CAPITAL = Decimal(10_000)
RISING = prices(*np.arange(100.0, 130.0), spread=0.5)


def rules(**said):
    """Make a rules class that enters once it knows the bar before."""
    return type("Rules", (Strategy,), {"long_entry": close > close[1], **said})()


def run(strategy, bars=RISING):
    config = OrchestratorConfig(
        instruments={"X": Instrument(tick=Decimal("0.01"), lot=Decimal("0.1"))}, entry_buffer=Decimal(0)
    )
    return StrategyOrchestrator([(strategy, Decimal(1))], config).run({"X": bars}, CAPITAL)


@pytest.mark.parametrize(
    ("size", "quantity"),
    [
        ({"quantity": Decimal("2.5")}, "2.5"),
        ({"money": 1000}, "9.9"),
        ({"fraction": Decimal("0.5")}, "49.5"),
        ({"risk": Decimal("0.01")}, "20"),
    ],
)
def test_a_size_is_what_it_says(size, quantity):
    """Quantity, money, share of the capital, risk to the stop; at the price of the decision. (B-46)"""
    result = run(rules(size=size, stop=close * 0 + 5))
    assert events(result, "ORDER_CREATED")[0]["quantity"] == quantity


def test_a_size_between_lots_is_told():
    """A quantity is traded as it is said, or refused before the run. (B-19)"""
    with pytest.raises(
        ConfigurationError, match=r"Rules: the size 2\.55 is no whole number of lots\n  expected: a multiple of 0\.1"
    ):
        run(rules(size={"quantity": Decimal("2.55")}))


@pytest.mark.parametrize(
    ("levels", "reason", "price"),
    [
        ({"stop": {"percent": Decimal("0.02")}}, "stop_loss", "98.98"),
        ({"stop": {"price": lowest(close, 2) - 3}}, "stop_loss", "97"),
        ({"stop": 2 * atr(1)}, "stop_loss", "97"),
        ({"targets": [{"percent": Decimal("0.01")}]}, "take_profit", "102.01"),
        ({"targets": [{"price": highest(close, 2) + 1}]}, "take_profit", "102"),
    ],
)
def test_a_level_is_what_it_says(levels, reason, price):
    """A share of the price, a price, a distance; read at the bar of the decision. (B-46)"""
    bars = (
        prices(100, 101, 101, 102, 102, 90, 90, spread=0.5)
        if reason == "take_profit"
        else prices(100, 101, 101, 101, 90, 90, spread=0.5)
    )
    closed = events(run(rules(**levels), bars), "POSITION_CLOSED")[0]
    assert closed["reason"] == reason
    assert Decimal(closed["price"]) <= Decimal(price) if reason == "stop_loss" else closed["price"] == price


def test_more_targets_than_the_engine_holds_are_told():
    """Four at most. (B-19)"""
    five = [{"percent": Decimal(number) / 100, "close": Decimal("0.1")} for number in range(1, 6)]
    with pytest.raises(ConfigurationError, match="targets"):
        run(rules(targets=five))


def test_an_unknown_level_refuses_the_entry():
    """A level that cannot be computed at this bar is a refusal with a reason, not an entry without a stop. (B-12)"""
    result = run(rules(stop=(close - close) / (close - close)))
    assert {event["reason"] for event in events(result, "SIGNAL_REJECTED")} == {"unknown_level"}
    assert events(result, "ORDER_CREATED") == []


def test_slow_rules_decide_on_completed_bars_only():
    """Signals of four-hour rules come at the base bars that complete their bars; exits and fills are on base bars. (B-15)"""
    bars = walk("X", 200, 3)

    class Slow(Strategy):
        timeframe = "4h"
        long_entry = close > sma(close, 3)
        long_exit = close < sma(close, 3)

    result = run_alone(Slow(), bars)
    signals = events(result, "SIGNAL_GENERATED")
    assert signals
    assert all(int(event["time"][11:13]) % 4 == 0 for event in signals)
    completed = bars.close[3::4]
    expected = [row for row in range(2, len(completed)) if completed[row] > completed[row - 2 : row + 1].mean() + 1e-9]
    first = bars.close_time[3::4][expected[0]]
    assert signals[0]["time"] == str(np.datetime64(int(first), "ns").astype("M8[s]")) + "Z"
    hours = {
        int(event["time"][11:13]) % 4
        for event in events(result, "ORDER_FILLED")
        if event.get("reason") != "end_of_data"
    }
    assert hours == {1}


def test_equal_rules_in_two_time_frames_share_nothing():
    """The same expression means another series on other bars. (B-30)"""

    class Quick(Strategy):
        long_entry = close > sma(close, 3)
        long_exit = close < sma(close, 3)

    class Slow(Quick):
        timeframe = "4h"

    bars = {"X": walk("X", 200, 3)}
    both = StrategyOrchestrator([(Quick(), Decimal("0.5")), (Slow(), Decimal("0.5"))], configuration("X")).run(
        bars, CAPITAL
    )
    quick, slow = (len(part.trades) for part in both.strategy_results.values())
    assert quick > 2 * slow > 0
