"""Podium's report of a large portfolio: how long the page takes to write, and how large it is.

Prints one line. The run is over and its result is held when the clock starts; the first page of the process counts.
"""

from __future__ import annotations

import json
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from podium.backtest.orchestrator import StrategyOrchestrator
from sides.asked import asked_workload
from sides.podium_strategies import asked_series, configuration, rules_strategies
from workloads import CAPITAL


def _measure() -> None:
    series = asked_series()
    result = StrategyOrchestrator(rules_strategies(asked_workload()), configuration(series)).run(
        series, Decimal(CAPITAL)
    )
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), time.process_time()
        page = result.plot(Path(folder) / "report.html")
        found = {"wall": time.perf_counter() - clock, "cpu": time.process_time() - processor}
        size = page.stat().st_size
    trades = result.aggregate_metrics.total_trades
    print(json.dumps({**found, "bytes": size, "trades": trades, "equity": str(result.final_equity)}))


if __name__ == "__main__":
    _measure()
