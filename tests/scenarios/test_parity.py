"""A replayed paper run equals the backtest, event for event, on real bars with their holes."""

from __future__ import annotations

import os

import pytest
from paper_files import write_files

from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.core.clock import SystemClock
from podium.live.parity import compare
from podium.portfolio.file import load_portfolio

PROOF = bool(os.environ.get("PODIUM_PROOF"))

STRATEGIES = """
strategies:
  - {id: cross, file: cross.yaml, weight: 0.3}
  - {id: class, class: "rules.py:Pullback", weight: 0.3, timeframe: @slow}
  - {id: code, class: "code.py:Counting", weight: 0.2}
  - {id: plain, class: "code.py:Plain", weight: 0.1}
"""

BTC_QUOTED = """
portfolio: {name: alts, currency: BTC, capital: 100, execution: netted, conflicts: priority,
            rebalancing: {when: schedule, every: day}}
data: {source: parquet, path: @data, timeframe: 5m, to: @to}
symbols:
  ADABTC: {tick: 0.00000001, lot: 1, taker_fee: 0.25%}
  DASHBTC: {tick: 0.00000001, lot: 0.001, taker_fee: 0.25%}
  ETHBTC: {tick: 0.00000001, lot: 0.001, taker_fee: 0.25%}
  XMRBTC: {tick: 0.00000001, lot: 0.001, taker_fee: 0.25%}
simulation: {slippage: 0.05%}
risk: {daily_loss: 4%, drawdown: 30%, gross_exposure: 150%, loss_streak: {limit: 6, action: block, cool_down: 6h}}
"""

EURUSD = """
portfolio: {name: euro, currency: USD, capital: 100_000, rebalancing: {rule: inverse_volatility, lookback_days: 20},
            execution: netted}
data: {source: parquet, path: @data, timeframe: 1h, from: 2016-06-01, to: @to}
symbols:
  EURUSD: {tick: 0.00001, lot: 1000, leverage: 20}
simulation: {spread: 0.01%}
risk: {timezone: America/New_York, daily_loss: 3%, trade_risk: off, position_risk: off, total_risk: off}
"""

STOCKS_WITH_CRYPTO = """
portfolio: {name: mixed, currency: USD, capital: 1_000_000, conflicts: net_signal, rebalancing: {when: schedule, every: month}}
data: {source: parquet, path: @data, timeframe: 1d, from: 2015-01-01, to: @to}
symbols:
  SPY_RAW: {tick: 0.0001, lot: 1}
  AAPL_RAW: {tick: 0.0001, lot: 1}
  BTCUSD_COINBASE: {tick: 0.01, lot: 0.001, taker_fee: 0.3%}
risk: {gross_exposure: 120%, open_positions: 6}
"""

STOCKS_IN_EUROS = """
portfolio: {name: abroad, currency: EUR, capital: 1_000_000, rebalancing: {when: schedule, every: month}}
data: {source: parquet, path: @data, timeframe: 1d, from: 2015-01-01, to: @to}
symbols:
  SPY_RAW: {tick: 0.0001, lot: 1, currency: USD}
  AAPL_RAW: {tick: 0.0001, lot: 1, currency: USD}
  EURUSD: {tick: 0.00001, lot: 1000, currency: USD}
conversion: {USD: EURUSD}
risk: {gross_exposure: 120%, open_positions: 6}
"""

CASES = {
    "BTC-quoted pairs with holes": (BTC_QUOTED, "30m", "2018-01-30" if PROOF else "2018-01-15", 1000),
    "EURUSD by itself": (EURUSD, "4h", "2018-12-31" if PROOF else "2016-09-30", 500),
    "stocks in euros": (STOCKS_IN_EUROS, "1w", "2018-08-13", 300),
    "stocks with crypto": (STOCKS_WITH_CRYPTO, "1w", "2018-08-13", 300),
}


@pytest.mark.compiled
@pytest.mark.parametrize("case", CASES)
def test_the_paper_system_does_what_the_backtest_does(tmp_path, market_data, case):
    """Four strategies of all forms, with limits, netting, conflicts and rebalancing: 0 differences (D-01)."""
    text, slow, last, least = CASES[case]
    for name, value in {"@data": str(market_data), "@slow": slow, "@to": last}.items():
        text, strategies = text.replace(name, value), STRATEGIES.replace("@slow", slow)
    portfolio = load_portfolio(write_files(tmp_path, text + strategies))
    found = compare(portfolio, read_portfolio_bars(portfolio), clock=SystemClock())
    assert found.first is None
    assert found.differences == 0
    assert found.events > least
    assert found.points > 500
