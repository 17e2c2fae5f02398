"""What a running system counts is what it did."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from live_system import A, System, entry, fill, minutes
from observed_system import CAPITAL, SYMBOLS, Observed

from podium.live.holdings import equities, holdings
from podium.live.metrics import TradeCounters
from podium.testing.clock import run_virtually


@pytest.fixture(scope="module")
def played():
    """A system that has played all of its bars, with the backtest of the same."""
    system = Observed(bars=150)
    system.run(lambda _system: asyncio.sleep(0))
    return system, system.backtest.run(system.bars, CAPITAL)


def test_events_are_counted_by_strategy_and_symbol(played):
    """As many as the journal has. (C-72, C-77)"""
    system, _ = played
    recorded = Counter(
        (record.kind, body.get("strategy_id"), body.get("symbol")) for record, body in system.domain_records()
    )  # fmt: skip
    for symbol, counts in system.metrics.events():
        for strategy_id in ("cross", "reversal"):
            for kind, named in (
                ("SIGNAL_GENERATED", "SIGNAL_GENERATED"), ("ORDER_FILLED", "ORDER_FILLED"),
                ("ORDER_FILLED", "TRADE_EXECUTED"), ("ORDER_CREATED", "ORDER_CREATED"),
                ("POSITION_CLOSED", "POSITION_CLOSED"),
            ):  # fmt: skip
                assert counts.get((named, strategy_id), 0) == recorded[kind, strategy_id, symbol] > 0
    assert sum(system.metrics.refusals.values()) == sum(
        number for (kind, *_), number in recorded.items() if kind == "SIGNAL_REJECTED"
    )


def test_counters_tell_what_became_of_orders(played):
    """Trades executed and failed, orders placed and rejected, success rate; of all and of each strategy. (C-72)"""
    system, _ = played
    whole, cross, reversal = (system.metrics.counters(each) for each in (None, "cross", "reversal"))
    assert whole.trades_executed == cross.trades_executed + reversal.trades_executed > 0
    assert whole.orders_placed == cross.orders_placed + reversal.orders_placed > 0
    assert whole.success_rate == 1.0


def test_the_success_rate_is_unknown_before_the_first_trade():
    """And is a ratio afterwards. (C-72)"""
    none = TradeCounters(trades_executed=0, trades_failed=0, orders_placed=1, orders_rejected=0)
    some = TradeCounters(trades_executed=3, trades_failed=1, orders_placed=4, orders_rejected=1)
    assert (none.success_rate, some.success_rate) == (None, 0.75)


def test_every_order_and_every_bar_was_measured(played):
    """From the release of its step to the venue, from its close until it was there. (C-77)"""
    system, _ = played
    metrics = system.metrics
    orders = metrics.events_of()["ORDER_CREATED"] + metrics.events_of()["ORDER_CANCELLED"]
    executing = [each.service("trade_execution") for each in system.orchestrator.orchestrators.values()]
    assert sum(service.latency.count for service in executing) == orders
    assert {symbol: each.count for symbol, each in metrics.bar_delays.items()} == dict.fromkeys(SYMBOLS, 150)
    runner = system.orchestrator.runner
    assert runner.durations.count == runner.steps == 150
    assert runner.durations.sum > 0


def test_positions_and_balances_are_those_of_the_backtest(played):
    """To the unit. (D-01, C-77)"""
    system, result = played
    worth, held = equities(system.stepper), holdings(system.stepper)
    assert worth["portfolio"] == result.final_equity
    for strategy_id in ("cross", "reversal"):
        assert worth[strategy_id] == result.get_strategy_result(strategy_id).final_equity
    closes = {symbol: system.bars[symbol].close[-1] for symbol in SYMBOLS}
    for each in held:
        assert float(each.value) == pytest.approx(float(each.quantity) * closes[each.symbol])
    assert held


def test_before_the_first_step_everybody_has_what_was_put_in():
    """Not nothing: a run that waits for its first bar is worth its capital. (C-77)"""
    worth = equities(Observed(bars=20).stepper)
    assert (worth["cross"], worth["unallocated"], worth["portfolio"]) == (40_000, 20_000, CAPITAL)


def refusing(symbol):
    rejected = {"reason": "capital_limit", "side": "buy", "is_exit": False, "quantity": "1", "price": "100"}
    limit = {
        "limit": "daily_loss", "scope": "portfolio", "action": "block", "maximum": "4", "value": "5", "asked": "5",
        "quantity": "0", "price": "100",
    }  # fmt: skip
    return [("SIGNAL_REJECTED", "trend", symbol, rejected), ("LIMIT_REACHED", None, None, limit)]


def test_refusals_are_counted_by_reason_and_limits_by_what_they_did():
    """Beside their strategy and symbol. (C-33, C-77)"""
    system = System((A,), script={2: [*refusing(A), *entry(A)], 3: fill(A), 4: refusing(A)})
    metrics = system.orchestrator.metrics
    system.play()
    assert metrics.refusals == {("trend", A, "capital_limit"): 2}
    assert metrics.breaches == {("daily_loss", "portfolio", "block"): 2}
    assert metrics.counters() == TradeCounters(
        trades_executed=1, trades_failed=0, orders_placed=1, orders_rejected=0
    )  # fmt: skip


def test_restarts_are_counted_by_service():
    """How often it has begun to work again; the first start is none. (C-62, C-77)"""
    system = System((A,), feed=minutes((A,), range(1, 4)))
    metrics = system.orchestrator.metrics

    async def program():
        running = asyncio.create_task(system.orchestrator.run())
        await asyncio.sleep(1)
        system.orchestrator.orchestrators[A].service("strategy_evaluation").fail(RuntimeError("boom"))
        await asyncio.sleep(60)
        found = {name: metrics.restarts(A, name) for name in ("data_fetching", "strategy_evaluation")}
        system.orchestrator.request_stop()
        await running
        return found

    assert run_virtually(program(), system.clock) == {"data_fetching": 0, "strategy_evaluation": 1}
