"""Podium runs a portfolio of trading strategies as one."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium.backtest.allocation import StrategyAllocation
    from podium.backtest.orchestrator import StrategyOrchestrator
    from podium.backtest.result import OrchestratorResult
    from podium.core.carry import Carry, Dividend, Funding, Split
    from podium.core.conversion import Conversion, Rate
    from podium.core.errors import PodiumError
    from podium.core.instruments import Instrument
    from podium.core.slippage import SlippageModel
    from podium.data.readers import read_bars
    from podium.data.sample import sample_market
    from podium.portfolio.configuration import FeeTier, OrchestratorConfig
    from podium.portfolio.file import load_portfolio
    from podium.strategy.base import Strategy
    from podium.strategy.file import load_strategy

__all__ = [
    "Carry",
    "Conversion",
    "Dividend",
    "FeeTier",
    "Funding",
    "Instrument",
    "OrchestratorConfig",
    "OrchestratorResult",
    "PodiumError",
    "Rate",
    "SlippageModel",
    "Split",
    "Strategy",
    "StrategyAllocation",
    "StrategyOrchestrator",
    "load_portfolio",
    "load_strategy",
    "read_bars",
    "sample_market",
]

_HOMES = {
    "FeeTier": "portfolio.configuration",
    "Carry": "core.carry",
    "Conversion": "core.conversion",
    "Dividend": "core.carry",
    "Funding": "core.carry",
    "Split": "core.carry",
    "Instrument": "core.instruments",
    "OrchestratorConfig": "portfolio.configuration",
    "OrchestratorResult": "backtest.result",
    "PodiumError": "core.errors",
    "Rate": "core.conversion",
    "SlippageModel": "core.slippage",
    "Strategy": "strategy.base",
    "StrategyAllocation": "backtest.allocation",
    "StrategyOrchestrator": "backtest.orchestrator",
    "load_portfolio": "portfolio.file",
    "load_strategy": "strategy.file",
    "read_bars": "data.readers",
    "sample_market": "data.sample",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the command line starts at once."""
    if name not in _HOMES:
        raise AttributeError(f"module 'podium' has no attribute {name!r}")
    return getattr(import_module(f"podium.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
