"""Limits from the file to the event: names, zones and money become what the engine holds entries against."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from portfolios import Cross, Swing, configuration, log, named, walk

from podium import StrategyOrchestrator
from podium.backtest.limit_translation import days_of, engine_limits
from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.backtest.portfolio_run import run_portfolio
from podium.core.errors import ConfigurationError
from podium.core.events import Reason
from podium.core.money import MoneyUnit
from podium.core.times import parse_time
from podium.engine.tables import LimitAction
from podium.portfolio.file import load_portfolio
from podium.portfolio.risk_options import RiskOptions

D = Decimal


def test_the_days_of_a_zone_begin_at_its_midnight():
    """Midnight is the end of a day; New York's comes at 05:00 UTC in winter and at 04:00 in summer (C-68)."""
    texts = ["2024-01-10T00:00Z", "2024-01-10T05:00Z", "2024-01-10T05:01Z", "2024-07-10T04:00Z", "2024-07-10T04:01Z"]
    times = np.array([parse_time(text) for text in texts])
    day = parse_time("2024-01-10") // 86_400_000_000_000
    july = parse_time("2024-07-10") // 86_400_000_000_000
    assert days_of(times, "UTC").tolist() == [day - 1, day, day, july, july]
    assert days_of(times, "America/New_York").tolist() == [day - 1, day - 1, day, july - 1, july]


def test_names_become_indices_and_money_units():
    """Groups know their symbols, amounts their unit, streaks their order (A-102)."""
    risk = RiskOptions.model_validate(
        {
            "groups": {"some": ["B", "A"]},
            "group_exposure": {"some": {"money": 70, "action": "close"}},
            "drawdown": {"limit": "10%", "action": "reduce", "cool_down": "4h"},
            "loss_streak": {"limit": 5, "action": "stop", "per": "portfolio"},
            "price_deviation": "5%",
        }
    )
    made = engine_limits(risk, symbols=("A", "B"), times=np.zeros(0, np.int64), unallocated=3, unit=MoneyUnit(8))
    (group,) = made.groups
    assert (group.symbols, group.bound, group.action) == ((1, 0), 70 * 10**8, LimitAction.CLOSE)
    drawdown = made.limits[Reason.DRAWDOWN]
    assert (drawdown.ratio, drawdown.factor, drawdown.cool_down) == (10**8, 5 * 10**8, 4 * 3600 * 10**9)
    assert [step.losses for step in made.streak] == [5]
    assert (made.streak_per_strategy, made.unallocated) == (False, 3)
    with pytest.raises(ConfigurationError, match="the group 'some' has 'B', of which there are no bars"):
        engine_limits(risk, symbols=("A",), times=np.zeros(0, np.int64), unallocated=0, unit=MoneyUnit(8))


def run(**risk):
    """Run two strategies over three symbols."""
    bars = {symbol: walk(symbol, 400, seed) for seed, symbol in enumerate("ABC")}
    pairs = [(named(Cross(), "cross"), D("0.4")), (named(Swing(), "swing"), D("0.4"))]
    config = configuration(*bars, risk=RiskOptions.model_validate(risk) if risk else None)
    return StrategyOrchestrator(pairs, config).run(bars, D(100_000))


OFF = dict.fromkeys(("trade_risk", "position_risk", "total_risk", "daily_loss", "open_positions", "loss_streak"), "off")


def test_one_risk_manager_holds_all_strategies_together():
    """Without limits more is open at once than with them; both strategies are held back by the same sum (A-26)."""
    free, held = run(), run(**{**OFF, "gross_exposure": "20%"})
    refused = [event for event in held.events() if event.get("reason") == "gross_exposure"]
    assert {event["strategy_id"] for event in refused} == {"cross", "swing"}
    assert max(_used(free)) > 2 * max(_used(held))


def _used(result):
    """Give what is bound in all right after each entry, at what was paid."""
    used: dict[str, Decimal] = {}
    for event in result.events():
        if event["kind"] == "ORDER_FILLED":
            used[event["strategy_id"]] = D(event["used"])
            if not event["is_exit"]:
                yield sum(used.values())


def test_a_section_without_keys_limits_as_its_defaults_say(tmp_path: Path):
    """``risk:`` alone in a file: at most three positions, and a fourth is refused (A-102)."""
    (tmp_path / "always.yaml").write_text("entry: {long: close > 0}\nstop: 1%\nsize: {fraction: 1%}\n")
    (tmp_path / "portfolio.yaml").write_text(
        "portfolio: {capital: 100_000}\ndata: {source: sample, from: 2023-01-01, to: 2023-01-31}\n"
        "symbols: [BTC/USDT, ETH/USDT, SOL/USDT, XRP/USDT]\n"
        "strategies: [{id: always, file: always.yaml}]\nrisk:\n"
    )
    portfolio = load_portfolio(tmp_path / "portfolio.yaml")
    result = run_portfolio(portfolio, read_portfolio_bars(portfolio, None, None))
    assert result.config.risk == RiskOptions()
    told = [event for event in result.events() if event["kind"] == "LIMIT_REACHED"]
    first = told[0]
    assert (first["limit"], first["maximum"], first["value"], first["asked"]) == ("open_positions", "3", "3", "4")
    open_now = 0
    for event in result.events():
        open_now += (event["kind"] == "POSITION_OPENED") - (event["kind"] == "POSITION_CLOSED")
        assert open_now <= 3


def test_every_refusal_is_an_event_and_a_line_of_the_log():
    """Limit, maximum, value, what was asked: in the events and in the log (A-26, B-22)."""
    result = run(**{**OFF, "gross_exposure": "20%"})
    reached = [event for event in result.events() if event["kind"] == "LIMIT_REACHED"]
    lines = [line for line in log(result) if line["event"] == "limit_reached"]
    assert len(reached) == len(lines) > 0
    for event, line in zip(reached, lines, strict=True):
        assert D(event["asked"]) > D(event["maximum"])
        names = ("sequence", "strategy_id", "symbol", "limit", "action", "maximum", "value", "asked", "quantity")
        assert {name: event[name] for name in names} == {name: line[name] for name in names}
