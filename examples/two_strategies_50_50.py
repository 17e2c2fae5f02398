"""Two strategies, half of the capital each; neither can spend the other's money.

It prints:

strategy       allocated   final equity    return   Sharpe   max DD   win rate   trades   blocked   equity
Trend          50,000.00      90,058.10    80.1 %     0.75   43.4 %     29.5 %       78         0   ▂▂▂▁▁▂▇▇
Reversal       50,000.00      14,530.97   -70.9 %    -1.27   76.7 %     61.4 %      101         0   ▇▇▅▃▃▂▁▁
unallocated         0.00           0.00                                                             ▁▁▁▁▁▁▁▁
portfolio     100,000.00     104,589.06     4.6 %     0.18   42.1 %     47.5 %      179         0   ▇▇▅▂▁▂▆▇
90,058.10 + 14,530.97 = 104,589.06
"""

from decimal import Decimal

from podium import Strategy, StrategyOrchestrator, sample_market
from podium.rules import close, crosses_above, crosses_below, ema, zscore


class Trend(Strategy):
    long_entry = crosses_above(ema(close, 50), ema(close, 200))
    long_exit = crosses_below(ema(close, 50), ema(close, 200))


class Reversal(Strategy):
    long_entry = zscore(close, 72) < -2.5
    long_exit = zscore(close, 72) > 0


pairs = [(Trend(), Decimal("0.5")), (Reversal(), Decimal("0.5"))]
result = StrategyOrchestrator(pairs).run(sample_market(symbols=["BTC/USDT"]), Decimal(100_000))
print(result.comparison_table)

parts = [strategy.final_equity for strategy in result.strategy_results.values()]
print(f"{' + '.join(f'{part:,.2f}' for part in parts)} = {result.final_equity:,.2f}")
