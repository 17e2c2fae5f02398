"""A coded strategy: ``on_bar`` with the rule of W1 on a million bars, against backtesting.py."""

from __future__ import annotations

from collections.abc import Sequence

from comparison import Contender, take_turns
from figures import ratio, whole
from results import Budget, Findings, Table
from workloads import WORKLOADS

__all__ = ["measure_coded"]

_BARS_PER_SECOND, _TIMES = 800_000, 4.0
_QUICK_BARS = 100_000


def measure_coded(peers: Sequence[str], *, quick: bool) -> Findings:
    """Measure ``on_bar``.

    Args:
        peers: whom to compare with.
        quick: run a tenth of the bars.

    Returns:
        What was found.
    """
    workload = WORKLOADS["W1"].shortened(_QUICK_BARS) if quick else WORKLOADS["W1"]
    contenders = [
        Contender(
            name="Podium, on_bar, StrategyOrchestrator.run",
            module="podium_orchestrator",
            workload=workload,
            form="coded",
            processes=2 if quick else 5,
        ),
        Contender(
            name="backtesting.py, next, Backtest.run",
            module="backtesting_strategies",
            peer="backtesting",
            workload=workload,
            processes=1 if quick else 3,
            again=0,
            convention="one_bar_later",
        ),
    ]
    rounds = take_turns([entry for entry in contenders if entry.peer is None or entry.peer in peers])
    podium = rounds[0]
    rate = workload.bars / podium.cpu.median
    findings = Findings(mismatches=[found.mismatch for found in rounds if found.mismatch])
    findings.budgets.append(
        Budget(
            what="coded `on_bar`, the whole run: bars a second",
            budget="≥ 800,000",
            measured=whole(rate),
            is_met=rate >= _BARS_PER_SECOND,
        )
    )
    for found in rounds[1:]:
        times = found.cpu.median / podium.cpu.median
        findings.versions |= found.versions
        findings.budgets.append(
            Budget(
                what="coded `on_bar` against backtesting.py, whole run against whole run",
                budget="≥ 4 ×",
                measured=ratio(times),
                is_met=times >= _TIMES,
            )
        )
    findings.tables.append(
        Table(
            title=f"Coded strategy: the rule of W1 in code, {workload.bars:,} bars",
            heads=(
                "side",
                "CPU, median (least–most)",
                "again in the same process",
                "bars/s",
                "Podium is faster",
                "fills",
                "equity",
            ),
            rows=[
                (
                    found.contender.name,
                    str(found.cpu),
                    str(found.cpu_again or "–"),
                    whole(workload.bars / found.cpu.median),
                    ratio(found.cpu.median / podium.cpu.median),
                    f"{found.first[0].fills:,}",
                    f"{float(found.first[0].equity):.4f}",
                )
                for found in rounds
            ],
        )
    )
    return findings
