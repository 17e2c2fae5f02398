"""Podium's paper system: a portfolio file run as services with a journal on the disk, on bars that are played again.

Prints one line: what the run came to, and besides, by the form that is asked for,

* ``orders``: at the market's pace made faster, so that steps do not queue: how long each order waited;
* ``replay``: as fast as it can, with the memory of the system;
* ``recovery``: the same, and then starts from its journal;
* ``week``: the memory as time goes by.
"""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from market import MINUTE_NANOSECONDS, load_bars, save_bars
from podium.core.clock import SystemClock
from podium.core.times import NANOSECONDS_PER_SECOND, Timeframe
from podium.data.bars import BarSeries
from podium.journal.journal import Journal, open_journal, read_journal
from podium.journal.records import Stream
from podium.live.histogram import Histogram
from podium.live.inputs import StepInput
from podium.live.paper import PaperSystem, open_paper
from podium.live.services.trade_execution import TradeExecutionService
from podium.portfolio.file import PortfolioFile, load_portfolio
from portfolio_files import write_portfolio
from sides.asked import asked_workload
from sides.memory import memory
from sides.serving import request
from workloads import Workload

_DATA = Path(str(request()["data"]))
_PLACE = _DATA / "paper.journal"
_SNAPSHOT_STEPS = 150
#: Seconds between two bars of a paced run: a step is over by then.
_PACE = 0.01
_SAMPLE_STEPS = 60


class _Waits(Histogram):
    """Keep how long each order took."""

    def __init__(self, found: list[float]) -> None:
        super().__init__()
        self._found = found

    def observe(self, seconds: float) -> None:
        self._found.append(seconds)


def _portfolio(workload: Workload) -> PortfolioFile:
    file = write_portfolio(_DATA / "paper", workload, _DATA)
    journal = f"journal: {{snapshot_steps: {_SNAPSHOT_STEPS}}}\n" if request()["form"] == "recovery" else ""
    file.write_text(file.read_text(encoding="utf-8") + journal, encoding="utf-8")
    return load_portfolio(file, {})


def _series(workload: Workload) -> dict[str, BarSeries]:
    return {f"S{number:02d}": _bars(number, workload.bars) for number in range(len(workload.markets))}


def _bars(number: int, count: int) -> BarSeries:
    save_bars(_DATA, count, number)
    columns = load_bars(_DATA, count, number)
    close_time = columns.pop("open_time") + MINUTE_NANOSECONDS
    return BarSeries(symbol=f"S{number:02d}", timeframe=Timeframe.parse("1m"), close_time=close_time, **columns)


def _open(portfolio: PortfolioFile, bars: dict[str, BarSeries], journal: Journal, speed: float) -> PaperSystem:
    log = (_DATA / "paper.log").open("w", encoding="utf-8")
    return open_paper(portfolio, bars, journal=journal, place=_PLACE, clock=SystemClock(), log=log, speed=speed)


def _run(system: PaperSystem) -> dict[str, object]:
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(system.run())
    found: dict[str, object] = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    equity = system.stepper.equity()
    units = sum(equity.strategies) + equity.unallocated
    fills = system.orchestrator.bus.counts["ORDER_FILLED"]
    return found | {"equity": str(system.stepper.unit.to_decimal(units)), "fills": fills}


def _orders(system: PaperSystem, found: list[float]) -> None:
    for orchestrator in system.orchestrator.orchestrators.values():
        for service in orchestrator.services:
            if isinstance(service, TradeExecutionService):
                service.latency = _Waits(found)


def _sampled(system: PaperSystem, found: list[tuple[int, int]]) -> None:
    """Look at the memory behind every hour of the market."""
    runner = system.orchestrator.runner
    before: Callable[[StepInput], None] = runner.after_step

    def look(step: StepInput) -> None:
        before(step)
        if runner.steps % _SAMPLE_STEPS == 0:
            found.append((runner.steps, memory()["anonymous"]))

    runner.after_step = look


def _again(portfolio: PortfolioFile, bars: dict[str, BarSeries]) -> dict[str, object]:
    """Start from the journal, and read all of it."""
    started = time.perf_counter()
    journal = open_journal(_PLACE)
    opened = time.perf_counter()
    system = _open(portfolio, bars, journal, math.inf)
    found: dict[str, object] = {
        "journal": opened - started,
        "state": time.perf_counter() - opened,
        "steps": system.recovered.inputs,
        "events": journal.last(Stream.DOMAIN),
        "recovered_equity": str(
            system.stepper.unit.to_decimal(
                sum(system.stepper.equity().strategies) + system.stepper.equity().unallocated
            )
        ),
    }
    journal.close()
    reader = read_journal(_PLACE)
    started = time.perf_counter()
    verification = reader.verify()
    found |= {"verify": time.perf_counter() - started, "is_whole": verification.problem is None}
    reader.close()
    return found


def _measure() -> None:
    form, workload = str(request()["form"]), asked_workload()
    shutil.rmtree(_PLACE, ignore_errors=True)
    portfolio, bars = _portfolio(workload), _series(workload)
    journal = open_journal(_PLACE)
    before = memory()["anonymous"]
    started = time.perf_counter()
    system = _open(
        portfolio, bars, journal, MINUTE_NANOSECONDS / NANOSECONDS_PER_SECOND / _PACE if form == "orders" else math.inf
    )
    opened = time.perf_counter() - started
    waits: list[float] = []
    samples: list[tuple[int, int]] = []
    if form == "orders":
        _orders(system, waits)
    if form == "week":
        _sampled(system, samples)
    found = {"open": opened, "opened": memory()["anonymous"] - before, **_run(system)}
    found |= {"ran": memory()["anonymous"] - before, "waits": waits, "samples": samples}
    journal.close()
    if form == "recovery":
        found |= _again(portfolio, bars)
    shutil.rmtree(_PLACE)
    print(json.dumps(found))


if __name__ == "__main__":
    _measure()
