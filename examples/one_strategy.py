"""One strategy with all of the capital, and its trades.

It prints:

78 trades, 19 of them with a profit; the best three:
  2024-05-06 … 2024-06-08   52,016.92  strategy_signal
  2024-02-23 … 2024-03-26   28,755.51  strategy_signal
  2024-09-28 … 2024-10-24   24,116.35  strategy_signal
final equity 175,099.55 USDT
"""

from decimal import Decimal

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator, sample_market
from podium.rules import atr, close, crosses_above, crosses_below, ema


class Trend(Strategy):
    fast, slow = 50, 200
    long_entry = crosses_above(ema(close, "fast"), ema(close, "slow"))
    long_exit = crosses_below(ema(close, "fast"), ema(close, "slow"))
    stop = 4 * atr(14)


bitcoin = Instrument(tick=Decimal("0.1"), lot=Decimal("0.001"), taker_fee=Decimal("0.0005"))
config = OrchestratorConfig(instruments={"BTC/USDT": bitcoin}, slippage="0.02%")
orchestrator = StrategyOrchestrator([(Trend(), Decimal("1.0"))], config)
result = orchestrator.run(sample_market(symbols=["BTC/USDT"]), Decimal(100_000))

trend = result.get_strategy_result("Trend")
print(f"{len(trend.trades)} trades, {trend.metrics.winning_trades} of them with a profit; the best three:")
for trade in sorted(trend.trades, key=lambda trade: trade.pnl, reverse=True)[:3]:
    print(f"  {trade.entry_time:%Y-%m-%d} … {trade.exit_time:%Y-%m-%d}  {trade.pnl:>10,.2f}  {trade.exit_reason}")
print(f"final equity {result.final_equity:,.2f} {config.currency}")
