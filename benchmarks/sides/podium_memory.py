"""Podium's memory in one long backtest: what it needs at most, and what stays once it has run.

Prints one line: anonymous and file-backed memory before the run (bars loaded) and after it (the result held), and the
peak during it. The rules never trade, so that events do not hide what bars cost; ``plain`` is the rule of W1.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from podium.backtest.orchestrator import StrategyOrchestrator
from podium.rules import close, sma
from podium.strategy.base import Strategy
from sides.asked import asked_workload
from sides.memory import memory
from sides.podium_strategies import asked_series, configuration, rules_strategies, warm_up_series
from sides.serving import request
from workloads import CAPITAL


def _silent(number: int, nodes: int, levels: int) -> Strategy:
    """Make a rule that reads some averages, has some numeric levels, and never acts."""
    never = sma(close, 20 + number) > close * 2
    for extra in range(1, nodes):
        never = never | (sma(close, 100 + 10 * extra + number) > close * 2)
    content = {"long_entry": never, "size": {"quantity": 1}}
    if levels:
        content["stop"] = {"price": sma(close, 30 + number) * 0.9}
        content["targets"] = [
            {"price": sma(close, 31 + number) * (2 + level), "close": Decimal("0.1")} for level in range(levels - 1)
        ]
    return type(f"Silent-{number}", (Strategy,), content)()


def _measure() -> None:
    wanted, workload, series = request(), asked_workload(), asked_series()
    config = configuration(series)
    strategies = rules_strategies(workload)
    if wanted["form"] == "silent":
        count = int(str(wanted["strategies"]))
        shape = int(str(wanted["nodes"])), int(str(wanted["levels"]))
        strategies = [(_silent(number, *shape), Decimal(1) / count) for number in range(count)]
    orchestrator = StrategyOrchestrator(strategies, config)
    orchestrator.run(warm_up_series(series), Decimal(CAPITAL))
    before = memory()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    result = orchestrator.run(series, Decimal(CAPITAL))
    print(json.dumps({"before": before, "after": memory(), "equity": str(result.final_equity)}))


if __name__ == "__main__":
    _measure()
