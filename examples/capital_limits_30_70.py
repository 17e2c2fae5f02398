"""Shares of 30 % and 70 %: a strategy that wants more than its share is refused, counted and logged.

Each entry of Eager takes half of its capital, on four symbols: a third position never fits. Modest takes a fifth.

It prints:

Eager    30,000.00 allocated, 275 entries blocked
Modest   70,000.00 allocated,   0 entries blocked
275 in all
"""

from decimal import Decimal

from podium import Strategy, StrategyOrchestrator, sample_market
from podium.rules import close, crosses_above, crosses_below, ema


class Eager(Strategy):
    long_entry = crosses_above(ema(close, 20), ema(close, 100))
    long_exit = crosses_below(ema(close, 20), ema(close, 100))
    size = {"fraction": Decimal("0.5")}


class Modest(Strategy):
    long_entry = crosses_above(ema(close, 50), ema(close, 200))
    long_exit = crosses_below(ema(close, 50), ema(close, 200))
    size = {"fraction": Decimal("0.2")}


pairs = [(Eager(), Decimal("0.3")), (Modest(), Decimal("0.7"))]
result = StrategyOrchestrator(pairs).run(sample_market(), Decimal(100_000))
for name, strategy in result.strategy_results.items():
    print(f"{name:<7} {strategy.allocated_capital:>10,.2f} allocated, {strategy.blocked:>3} entries blocked")
print(f"{result.capital_limit_blocks} in all")
