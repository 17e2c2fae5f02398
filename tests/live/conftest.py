"""Let the tests of this folder import their helpers, and the portfolios of the tests of backtests."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "backtest")]


@pytest.fixture
def market():
    """A portfolio of every form, its bars with holes, and its backtest."""
    from live_replay import CAPITAL, SYMBOLS
    from portfolios import FORMS, configuration, named, orchestrate, walk

    bars = {symbol: walk(symbol, 300, missing=0.1) for symbol in SYMBOLS}
    weight = (Decimal(9) / 10 / len(FORMS)).quantize(Decimal("0.01"))
    members = [(named(form(), f"{form.__name__}{place}"), weight, SYMBOLS) for place, form in enumerate(FORMS)]
    orchestrator = orchestrate(members, configuration(*SYMBOLS, finish="keep"))
    return orchestrator, orchestrator.run(bars, CAPITAL)
