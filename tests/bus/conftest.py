"""Let the tests of this folder import one another, and ``portfolios`` of the backtest's tests; give what they share."""

from __future__ import annotations

import dataclasses
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from podium import OrchestratorConfig, StrategyOrchestrator
from podium.backtest.records import event_lines
from podium.portfolio.risk_options import RiskOptions

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "backtest")]


@pytest.fixture(scope="session")
def lines():
    """Run strategies on little capital, with a volume limit and a limit of the portfolio."""
    from portfolios import INSTRUMENT, Cross, Reversal, Swing, named, walk

    instrument = dataclasses.replace(INSTRUMENT, volume_limit=Decimal("0.1"))
    config = OrchestratorConfig(
        instruments=dict.fromkeys(("X", "Y"), instrument), risk=RiskOptions.model_validate({"gross_exposure": "60%"})
    )
    strategies = [named(Cross(), "cross"), named(Swing(), "swing"), named(Reversal(), "reversal")]
    bars = {symbol: walk(symbol, 400, 3) for symbol in ("X", "Y")}
    result = StrategyOrchestrator(strategies, config, equal_weights=True).run(bars, Decimal(100_000))
    return [line for block in event_lines(result) for line in bytes(block).splitlines()]
