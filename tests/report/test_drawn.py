"""What the page stacks and shares out sums to the whole, also where orders are netted and capital is moved."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.report.drawn import DrawnPortfolio
from podium.rules import close, crosses_above, crosses_below, sma

HOUR = 3_600_000_000_000


class Follow(Strategy):
    fast, slow = 4, 12
    long_entry = crosses_above(sma(close, "fast"), sma(close, "slow"))
    long_exit = crosses_below(sma(close, "fast"), sma(close, "slow"))
    size = {"fraction": Decimal("0.8")}  # noqa: RUF012  # as users write it


class Fade(Follow):
    long_entry = crosses_below(sma(close, "fast"), sma(close, "slow"))
    long_exit = crosses_above(sma(close, "fast"), sma(close, "slow"))


def bars(symbol, seed, count=24 * 60):
    random = np.random.Generator(np.random.PCG64(seed))
    last = np.maximum(10_000 + np.cumsum(random.integers(-90, 91, count)), 500) / 100
    first = np.concatenate((last[:1], last[:-1]))
    return BarSeries(
        symbol=symbol, timeframe=Timeframe.parse("1h"), close_time=HOUR * np.arange(1, count + 1), open=first,
        high=np.maximum(first, last), low=np.minimum(first, last), close=last, volume=np.ones(count),
    )  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"execution": "netted"},
        {"rebalancing": {"rule": "equal_weight", "when": "schedule", "every": "week"}},
        {"execution": "netted", "rebalancing": {"rule": "weights", "when": "drift"}, "rebalance_threshold": Decimal("0.02")},
    ],
    ids=["plain", "netted", "rebalanced", "both"],
)  # fmt: skip
def result(request):
    market = {symbol: bars(symbol, seed) for symbol, seed in (("X", 1), ("Y", 2))}
    instrument = Instrument(tick=Decimal("0.01"), lot=Decimal("0.01"), taker_fee=Decimal("0.001"))
    config = OrchestratorConfig(instruments=dict.fromkeys(market, instrument), **request.param)
    members = [(Follow(), Decimal("0.5")), (Fade(), Decimal("0.3"))]
    return StrategyOrchestrator(members, config).run(market, Decimal(100_000))


def test_what_is_stacked_is_the_portfolio(result):
    """Equity, profit and drawdown: the parts sum to the whole at every drawn point (B-05, B-34)."""
    drawn = DrawnPortfolio(result)
    saved = 0.0 if drawn.saved is None else drawn.saved
    saved_part = 0.0 if drawn.saved_part is None else drawn.saved_part
    assert sum(drawn.equities) + saved + drawn.idle == pytest.approx(drawn.equity, abs=1e-6)
    assert sum(drawn.earnings) + saved == pytest.approx(drawn.equity - 100_000, abs=1e-6)
    high = np.maximum(np.maximum.accumulate(drawn.units), drawn.start)[drawn.rows]
    assert sum(drawn.drawdown_parts) + saved_part == pytest.approx(drawn.units[drawn.rows] / high - 1, abs=1e-12)


def test_contributions_sum_to_the_whole(result):
    """Shares of risk to 1, parts of the deepest drawdown to it exactly, netting among them (B-36, B-34)."""
    drawn = DrawnPortfolio(result)
    rows = 2 + (result.netting is not None)
    assert len(drawn.risk_shares) == len(drawn.fall_parts) == rows
    assert sum(drawn.risk_shares) == pytest.approx(1)
    peak = drawn.units[drawn.fall.peak_row] if drawn.fall.peak_row >= 0 else drawn.start
    assert sum(drawn.fall_parts) == drawn.units[drawn.fall.trough_row] - peak < 0


def test_without_a_strategy_the_others_return_what_they_did_on_their_own_capital(result):
    """50,000 and 30,000 at the own returns, one of them idle, 20,000 that none has, and what netting saved (B-36, B-34)."""
    drawn = DrawnPortfolio(result)
    several = result.strategy_results.values()
    earned = [float(one.allocated_capital) * one.metrics.total_return for one in several]
    saved = 0.0 if result.netting is None else float(result.saved)
    for effect, own in zip(drawn.effects, earned, strict=True):
        assert effect.without.total_return == pytest.approx((sum(earned) - own + saved) / 100_000, abs=1e-9)
        assert effect.difference("total_return") == pytest.approx(own / 100_000, abs=1e-9)
    if not drawn.has_moved:
        assert drawn.effects[0].whole.total_return == pytest.approx(result.aggregate_metrics.total_return, abs=1e-12)
    assert drawn.has_moved == (result.config.rebalancing is not None)


def test_a_strategy_s_own_return_knows_nothing_of_what_was_moved(result):
    """Drawn growth, days and correlation are of linked returns; the last growth is the return in the tables (B-34)."""
    drawn = DrawnPortfolio(result)
    for growth, daily, one in zip(drawn.growths, drawn.dailies, result.strategy_results.values(), strict=True):
        assert growth[-1] == pytest.approx(one.metrics.total_return, abs=1e-9)
        assert daily.values[-1] / daily.start - 1 == pytest.approx(one.metrics.total_return, abs=1e-9)


def test_the_table_of_results_keeps_what_was_moved_apart(result):
    """What a strategy earned is its result; capital moved to it stands beside it, and both are its change (B-34, D-05)."""
    headings = list(result.attributed.headings)
    moves = result.config.rebalancing is not None
    assert headings[-3:] == ["result", "moved", "change"] if moves else headings[-1] == "result"
    for name, one in result.strategy_results.items():
        mine = [row for row in result.attributed.rows if row.strategy_id == name]
        told = dict(zip(headings, result.attributed.sums(mine), strict=True))
        assert told["result"] == one.earned
        if moves:
            assert (told["moved"], told["change"]) == (one.transferred, one.final_equity - one.allocated_capital)
