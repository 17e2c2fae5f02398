"""Podium, the whole ``StrategyOrchestrator.run``, for rules classes or the coded class.

Timed: everything from bars in memory to the result: checks of the bars, ticks, steps, indicators, engine, trades,
equity curves, metrics, comparison table. Counting fills is not timed.
"""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version

import numpy as np

from podium.backtest.orchestrator import StrategyOrchestrator
from podium.backtest.result import OrchestratorResult
from podium.core.events import EventKind
from podium.data.bars import BarSeries
from sides.asked import asked_workload
from sides.podium_strategies import CodedCross, asked_series, configuration, rules_strategies, warm_up_series
from sides.serving import Outcome, Task, request, serve
from workloads import CAPITAL


def _prepare() -> Task:
    workload, series = asked_workload(), asked_series()
    config, is_coded = configuration(series), request()["form"] == "coded"

    def run(bars: dict[str, BarSeries]) -> Outcome:
        strategies = [(CodedCross(), Decimal(1))] if is_coded else rules_strategies(workload)
        result = StrategyOrchestrator(strategies, config).run(bars, Decimal(CAPITAL))
        return Outcome(_fills(result), str(result.final_equity))

    run(warm_up_series(series))
    return Task(lambda _: run(series), {"podium": version("podium")})


def _fills(result: OrchestratorResult) -> int:
    return sum(int(np.count_nonzero(block["kind"] == EventKind.ORDER_FILLED)) for block in result.engine.events())


if __name__ == "__main__":
    serve(_prepare)
