"""What a portfolio file says about running it."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from podium.core.errors import ConfigurationError
from podium.core.times import Timeframe
from podium.portfolio.file import load_portfolio

FILE = """\
portfolio: {capital: 100_000}
data: {source: sample}
symbols: [BTC/USDT]
strategies: [{id: trend, file: trend.yaml}]
"""


@pytest.fixture
def document(tmp_path):
    def load(text=""):
        (tmp_path / "trend.yaml").write_text("entry: {long: close > open}\n")
        (tmp_path / "portfolio.yaml").write_text(FILE + text)
        return load_portfolio(tmp_path / "portfolio.yaml").document

    return load


def test_what_holds_when_nothing_is_said(document):
    """The defaults of every key. (C-47, C-48, C-49, C-50, C-51)"""
    services, orchestrator = document().services, document().orchestrator
    assert services.data_fetching.model_dump() == {
        "enabled": True, "fetch_interval": D(30), "retry_attempts": 3, "candle_index": 2, "nbr_bars": 2
    }  # fmt: skip
    assert services.indicator_calculation.model_dump() == {
        "enabled": True, "recent_rows_limit": 6, "track_regime_changes": True, "regimes": {},
    }  # fmt: skip
    assert services.strategy_evaluation.model_dump() == {
        "enabled": True, "evaluation_mode": "on_new_candle", "min_rows_required": 3
    }  # fmt: skip
    assert services.trade_execution.model_dump() == {"enabled": True, "execution_mode": "immediate"}
    assert orchestrator.model_dump() == {
        "enable_auto_restart": True, "health_check_interval": D(60), "status_log_interval": 10,
        "heartbeat_limit": D(30), "bar_wait": "1s", "stale_after": None, "http_port": None, "history_bars": 500,
    }  # fmt: skip
    assert services.enabled == ("data_fetching", "indicator_calculation", "strategy_evaluation", "trade_execution")
    assert orchestrator.bar_wait_seconds == 1.0
    assert orchestrator.stale_after_nanoseconds(Timeframe.parse("5m")) == 300 * 10**9


def test_every_key_is_read(document):
    """What the file says takes the place of the defaults. (C-47, C-51)"""
    said = document(
        "services:\n"
        "  data_fetching: {fetch_interval: 0.5, retry_attempts: 5, candle_index: 1, nbr_bars: 9}\n"
        "  trade_execution: {execution_mode: batch}\n"
        "orchestrator: {enable_auto_restart: false, bar_wait: 2s, stale_after: 90s, heartbeat_limit: 5}\n"
    )
    assert said.services.data_fetching.fetch_interval == D("0.5")
    assert said.services.data_fetching.nbr_bars == 9
    assert said.services.trade_execution.execution_mode == "batch"
    assert not said.orchestrator.enable_auto_restart
    assert said.orchestrator.bar_wait_seconds == 2.0
    assert said.orchestrator.stale_after_nanoseconds(Timeframe.parse("5m")) == 90 * 10**9


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", 1),
        ("services:\n", 1),
        ("services: {data_fetching: }\n", 1),
        ("services: {strategy_evaluation: }\n", 3),
        ("services: {strategy_evaluation: {min_rows_required: 10}}\n", 10),
    ],
)
def test_no_bar_is_waited_for_unless_the_section_is_named(document, text, rows):
    """No threshold is on that the file does not name. (C-49)"""
    assert document(text).services.entry_rows == rows


def test_the_end_of_the_pipeline_may_be_left_out(document):
    """A portfolio that only watches. (C-52)"""
    off = "{enabled: false}"
    services = document(f"services: {{strategy_evaluation: {off}, trade_execution: {off}}}\n").services
    assert services.enabled == ("data_fetching", "indicator_calculation")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "services: {data_fetching: {enabled: false}}",
            ("5:37: services.data_fetching.enabled is false, but every other service works on the bars that it brings\n"
            "  expected: enabled: true"),
        ),
        (
            "services: {indicator_calculation: {enabled: false}}",
            ("5:45: services.indicator_calculation.enabled is false, but strategy_evaluation works on what it gives\n"
            "  expected: enabled: true, or strategy_evaluation disabled as well\n"
            "  hint: write strategy_evaluation: {enabled: false} beside it"),
        ),
        (
            "services: {strategy_evaluation: {enabled: false}}",
            ("5:43: services.strategy_evaluation.enabled is false, but trade_execution works on what it gives\n"
            "  expected: enabled: true, or trade_execution disabled as well\n"
            "  hint: write trade_execution: {enabled: false} beside it"),
        ),
        (
            "services: {data_fetching: {candle_index: 3}}",
            ("5:42: services.data_fetching.candle_index is 3, but only 2 bars are asked for\n"
            "  expected: at most nbr_bars, 2\n"
            "  hint: write nbr_bars: 3 beside it"),
        ),
        (
            "services: {data_fetching: {fetch_intervall: 3}}",
            ("5:28: unknown key 'fetch_intervall' in services.data_fetching\n"
            "  expected: one of enabled, fetch_interval, retry_attempts, candle_index, nbr_bars\n"
            "  hint: did you mean 'fetch_interval'?"),
        ),
        (
            "services: {data_fetching: {fetch_interval: 0}}",
            ("5:44: services.data_fetching.fetch_interval is 0\n"
            "  expected: a number above 0 and at most 86400, such as 30"),
        ),
        (
            "services: {trade_execution: {execution_mode: later}}",
            "5:46: services.trade_execution.execution_mode is 'later'\n  expected: one of immediate, batch",
        ),
        (
            "services: {indicator_calculation: {regimes: {calm: atr(14) <}}}",
            ("5:52: services.indicator_calculation.regimes.calm: the rule is not an expression: invalid syntax\n"
            "  expected: an expression, such as close > sma(close, 20)"),
        ),
        (
            "services: {indicator_calculation: {regimes: {calm: atr(14)}}}",
            ("5:52: services.indicator_calculation.regimes.calm: atr(14) is a number\n"
            "  expected: a condition for 'the regime'\n"
            "  hint: compare it with something, such as atr(14) > 0; put comparisons in parentheses"),
        ),
        (
            "orchestrator: {bar_wait: 1}",
            ("5:26: orchestrator.bar_wait is 1\n"
            "  expected: a whole number and one of s, m, h, d, w, such as 1m, 4h, 1d"),
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(document, text, message):
    """A disabled service in the middle of the pipeline, and wrong keys. (C-52, D-06)"""
    with pytest.raises(ConfigurationError) as error:
        document(text + "\n")
    assert str(error.value).split("portfolio.yaml:")[1] == message
