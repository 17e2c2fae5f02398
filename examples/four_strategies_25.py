"""Four strategies with a quarter of the capital each, compared in one table.

It prints:

strategy       allocated   final equity    return   Sharpe   max DD   win rate   trades   blocked   equity
Crossing       25,000.00      64,298.60   157.2 %     1.10   35.7 %     32.0 %       50         0   ▁▁▁▁▂▄▇▇
Breakout       25,000.00      66,010.04   164.0 %     1.28   29.9 %     54.2 %       24         0   ▁▁▁▁▃▄▆▇
Oversold       25,000.00      17,375.77   -30.5 %    -0.57   45.1 %     65.9 %       44         0   ▆▇▇▃▄▄▁▁
Falling        25,000.00      64,481.13   157.9 %     1.28   33.7 %     23.3 %      129         0   ▁▁▂▄▄▅▇▇
unallocated         0.00           0.00                                                             ▁▁▁▁▁▁▁▁
portfolio     100,000.00     212,165.53   112.2 %     1.57   12.6 %     35.6 %      247         0   ▁▁▂▂▃▅▇▇
"""

from decimal import Decimal

from podium import Strategy, StrategyOrchestrator, sample_market
from podium.rules import adx, atr, close, crosses_above, crosses_below, ema, highest, lowest, rsi


class Crossing(Strategy):
    timeframe = "4h"
    long_entry = crosses_above(ema(close, 20), ema(close, 60))
    long_exit = crosses_below(ema(close, 20), ema(close, 60))


class Breakout(Strategy):
    timeframe = "1d"
    long_entry = close > highest(close, 20)[1]
    long_exit = close < lowest(close, 10)[1]


class Oversold(Strategy):
    long_entry = (rsi(close, 14) < 25) & (adx(14) < 30)
    long_exit = rsi(close, 14) > 55
    max_bars = 72


class Falling(Strategy):
    timeframe = "4h"
    short_entry = crosses_below(close, ema(close, 100))
    short_exit = crosses_above(close, ema(close, 100))
    stop = 3 * atr(14)


strategies = [Crossing(), Breakout(), Oversold(), Falling()]
result = StrategyOrchestrator(strategies, equal_weights=True).run(sample_market(symbols=["ETH/USDT"]), Decimal(100_000))
print(result.comparison_table)
