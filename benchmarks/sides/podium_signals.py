"""Podium, signals and engine: what a run does between checked bars and the last event.

Timed: the graph of all rules on each symbol (indicators, comparisons, conditions), packing into signals, building the
engine, advancing chunk by chunk to the last bar, all events collected, final equity, counting fills. Not timed: bars on
ticks and merged into steps, which are its input; statistics. Beside the sums it records the equity of every strategy
at every bar and every signal, order, fill and position as an event.

The form ``limits`` looks at every limit of a portfolio at every order and every step, all of them so wide that nothing
is refused; ``netting`` nets the market orders of each symbol. What the strategies do and earn is the same.
"""

from __future__ import annotations

import time
from decimal import Decimal
from importlib.metadata import version

import numpy as np

from podium.backtest.cells import make_cells
from podium.backtest.limit_translation import engine_limits
from podium.backtest.market import Market, prepare_market
from podium.backtest.orchestrator import StrategyOrchestrator
from podium.core.events import EventKind
from podium.core.money import MoneyUnit
from podium.engine.engine import Engine, EngineOptions
from podium.engine.limits import EngineLimits
from podium.portfolio.configuration import OrchestratorConfig
from sides.asked import asked_workload
from sides.podium_strategies import asked_series, configuration, rules_strategies, warm_up_series
from sides.serving import Outcome, Task, request, serve
from workloads import CAPITAL


def _prepare() -> Task:
    workload, series = asked_workload(), asked_series()
    config = configuration(series, form=str(request()["form"]))
    orchestrator = StrategyOrchestrator(rules_strategies(workload), config)
    _signals_and_engine(orchestrator, prepare_market(warm_up_series(series), config))
    market = prepare_market(series, config)
    return Task(
        lambda _: _signals_and_engine(orchestrator, market),
        {"podium": version("podium"), "numba": version("numba"), "TA-Lib": version("TA-Lib")},
    )


def _signals_and_engine(orchestrator: StrategyOrchestrator, market: Market) -> Outcome:
    started = time.process_time()
    unit = MoneyUnit.for_instruments(market.instruments.items())
    deposit = unit.to_units(Decimal(CAPITAL)) // len(orchestrator.members)
    cells = make_cells(orchestrator.members, market, unit)
    decided = time.process_time()
    engine = Engine(
        timeline=market.timeline,
        instruments=[market.instruments[symbol] for symbol in market.symbols],
        deposits=[deposit] * len(orchestrator.members),
        cells=cells.inputs,
        options=EngineOptions(entry_buffer=0, netted=orchestrator.config.execution == "netted"),
        unit=unit,
        limits=_limits(orchestrator.config, market, unit),
    )
    chunk, steps = orchestrator.config.chunk_steps, len(market.timeline)
    for start in range(0, steps, chunk):
        engine.advance(2 * min(start + chunk, steps))
    engine.finish(close_positions=False)
    fills = sum(int(np.count_nonzero(block["kind"] == EventKind.ORDER_FILLED)) for block in engine.events())
    # Behind the strategies' columns stands what netting saved.
    equity = unit.to_decimal(int(engine.equity[-1, : len(orchestrator.members)].sum()))
    return Outcome(fills, str(equity), {"signals": decided - started, "engine": time.process_time() - decided})


def _limits(config: OrchestratorConfig, market: Market, unit: MoneyUnit) -> EngineLimits | None:
    if config.risk is None:
        return None
    return engine_limits(config.risk, symbols=market.symbols, times=market.timeline.times, unallocated=0, unit=unit)


if __name__ == "__main__":
    serve(_prepare)
