"""A large portfolio makes a page that a browser still opens at once."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import numpy as np

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.rules import close, crosses_above, crosses_below, ema

HOUR = 3_600 * 10**9


class Busy(Strategy):
    fast, slow = 5, 15
    long_entry = crosses_above(ema(close, "fast"), ema(close, "slow"))
    long_exit = crosses_below(ema(close, "fast"), ema(close, "slow"))
    stop = {"percent": Decimal("0.05")}  # noqa: RUF012  # as users write it
    size = {"fraction": Decimal("0.05")}  # noqa: RUF012  # as users write it


def _bars(symbol, seed, count):
    random = np.random.Generator(np.random.PCG64(seed))
    last = np.maximum(10_000 + np.cumsum(random.integers(-90, 91, count)), 500)
    first = np.concatenate(([10_000], last[:-1]))
    return BarSeries(
        symbol=symbol, timeframe=Timeframe.parse("1h"), close_time=HOUR * np.arange(1, count + 1), open=first / 100,
        high=np.maximum(first, last) / 100, low=np.minimum(first, last) / 100, close=last / 100, volume=np.ones(count),
    )  # fmt: skip


def test_the_page_of_a_large_portfolio_is_small(tmp_path):
    """Five strategies, twenty symbols, ten thousand trades: below 10 MB with every trade in it (B-51)."""
    market = {f"S{number}/USDT": _bars(f"S{number}/USDT", number, 3_000) for number in range(20)}
    instrument = Instrument(tick=Decimal("0.01"), lot=Decimal("0.01"), taker_fee=Decimal("0.0005"))
    members = [
        (type(f"Busy{fast}", (Busy,), {"fast": fast, "slow": 3 * fast})(), Decimal("0.2")) for fast in (3, 4, 5, 6, 7)
    ]
    config = OrchestratorConfig(instruments=dict.fromkeys(market, instrument))
    result = StrategyOrchestrator(members, config).run(market, Decimal(1_000_000))
    assert result.aggregate_metrics.total_trades > 10_000
    page = result.plot(tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 10_000_000
    trades = json.loads(re.search(r'id="trades-data">(.*?)</script>', page)[1])
    assert len(trades["number"]) == result.aggregate_metrics.total_trades
    assert sum(map(Decimal, trades["pnl"])) == result.final_equity - 1_000_000
    for place in range(20):
        prices = json.loads(re.search(rf'id="prices-{place}">(.*?)</script>', page)[1])
        # Eight bytes for each candle, in base64.
        assert len(prices["close"]["data"]) <= 2_000 * 8 * 4 / 3 + 4
