"""Compile all kernels once, so that test workers find them."""

from __future__ import annotations

from decimal import Decimal

from podium import OrchestratorConfig, Strategy, StrategyOrchestrator, sample_market
from podium.rules import close, crosses_above, crosses_below, sma


class Cross(Strategy):
    long_entry = crosses_above(sma(close, 5), sma(close, 20))
    long_exit = crosses_below(sma(close, 5), sma(close, 20))


if __name__ == "__main__":
    orchestrator = StrategyOrchestrator([(Cross(), Decimal(1))], OrchestratorConfig())
    next(orchestrator.run(sample_market(bars=200), Decimal(100_000)).events())
