"""What Prometheus is given is what the system counted."""

from __future__ import annotations

import re

import pytest
from observed_system import SYMBOLS, Observed
from prometheus_client.parser import text_string_to_metric_families

from podium.live.exposition import METRICS, expose, look_at
from podium.live.holdings import equities, holdings


@pytest.fixture(scope="module")
def told():
    """A system that runs and has played its bars, and what it told: name, labels, value."""

    async def program(system):
        text = expose(look_at(system.orchestrator)).decode()
        samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        return system, samples, text

    return Observed(bars=150).run(program)


def by_cell(strategy_id, symbol, **more):
    return tuple(sorted({"strategy_id": strategy_id, "symbol": symbol, **more}.items()))


def test_prometheus_reads_it(told):
    """Its own parser understands every line, and every metric is there once, described. (C-77)"""
    _, _, text = told
    names = [family.name for family in text_string_to_metric_families(text) if family.name.startswith("podium")]
    assert names == [each.name.removesuffix("_total") for each in METRICS]
    assert len(set(names)) == len(names)
    assert text.count("# HELP podium_") == text.count("# TYPE podium_") == len(METRICS)


def test_bars_signals_orders_and_fills_are_told_by_strategy_and_symbol(told):
    """As the buses counted them. (C-72, C-77)"""
    system, samples, _ = told
    for symbol, counts in system.metrics.events():
        assert samples["podium_bars_total", (("symbol", symbol),)] == 150
        for strategy_id in ("cross", "reversal"):
            for name, kind in (
                ("podium_strategy_bars_total", "CANDLE_ROUTED"), ("podium_entry_signals_total", "SIGNAL_NEW"),
                ("podium_exit_signals_total", "EXIT_SIGNAL"), ("podium_orders_placed_total", "ORDER_CREATED"),
                ("podium_fills_total", "ORDER_FILLED"), ("podium_trades_executed_total", "TRADE_EXECUTED"),
                ("podium_trades_completed_total", "POSITION_CLOSED"),
            ):  # fmt: skip
                assert samples[name, by_cell(strategy_id, symbol)] == counts[kind, strategy_id] > 0


def test_refusals_are_told_by_reason(told):
    """Each with strategy and symbol. (C-33, C-77)"""
    system, samples, _ = told
    found = {labels: value for (name, labels), value in samples.items() if name == "podium_refusals_total"}
    assert found == {
        by_cell(strategy_id, symbol, reason=reason): count
        for (strategy_id, symbol, reason), count in system.metrics.refusals.items()
    }
    assert found


def test_every_service_tells_state_errors_restarts_and_work(told):
    """And every symbol, and the whole. (C-58, C-77)"""
    _, samples, _ = told
    for symbol in SYMBOLS:
        for service in ("data_fetching", "indicator_calculation", "strategy_evaluation", "trade_execution"):
            labels = (("service_name", service), ("symbol", symbol))
            assert samples["podium_service_healthy", labels] == 1
            assert samples["podium_service_errors_total", labels] == 0
            assert samples["podium_service_restarts_total", labels] == 0
            assert samples["podium_service_handled_total", labels] > 0
            assert samples["podium_service_waiting", labels] == 0
            state = (("service_name", service), ("state", "running"), ("symbol", symbol))
            assert samples["podium_state", state] == 1
        assert samples["podium_symbol_healthy", (("symbol", symbol),)] == 1
    assert samples["podium_healthy", ()] == 1
    assert samples["podium_redis_connected", ()] == 0
    assert samples["podium_steps_total", ()] == 150


def test_durations_are_histograms(told):
    """Cumulative, up to infinity, with count and sum. (C-77)"""
    system, samples, _ = told
    for symbol, each in system.orchestrator.orchestrators.items():
        found = each.service("trade_execution").latency
        labels = (("le", "+Inf"), ("symbol", symbol))
        assert samples["podium_order_latency_seconds_bucket", labels] == found.count > 0
        assert samples["podium_order_latency_seconds_count", (("symbol", symbol),)] == found.count
        assert samples["podium_order_latency_seconds_sum", (("symbol", symbol),)] == found.sum
    steps = [value for (name, _), value in samples.items() if name == "podium_step_duration_seconds_bucket"]
    assert steps == sorted(steps)
    assert steps[-1] == 150


def test_money_is_told_as_the_engine_has_it(told):
    """Equity of each strategy and of the whole, positions and what they are worth. (C-77)"""
    system, samples, _ = told
    worth, held = equities(system.stepper), holdings(system.stepper)
    assert samples["podium_portfolio_equity", ()] == float(worth["portfolio"])
    assert samples["podium_unallocated", ()] == float(worth["unallocated"])
    for strategy_id in ("cross", "reversal"):
        assert samples["podium_equity", (("strategy_id", strategy_id),)] == float(worth[strategy_id])
    for each in held:
        assert samples["podium_position", by_cell(each.strategy_id, each.symbol)] == float(each.quantity)
        assert samples["podium_exposure", by_cell(each.strategy_id, each.symbol)] == float(each.value)
    assert len(held) == sum(name == "podium_position" for name, _ in samples)


def test_the_process_tells_its_memory(told):
    """Beside what it trades. (C-77)"""
    _, samples, _ = told
    assert samples["process_resident_memory_bytes", ()] > 0


def test_names_follow_the_conventions(told):
    """Snake case; ``_total`` for what only grows, units at the end; a sentence for each. (C-77)"""
    for each in METRICS:
        assert re.fullmatch(r"podium(_[a-z]+)+", each.name)
        assert each.text
        assert (each.histograms is not None) <= each.name.endswith("_seconds")
