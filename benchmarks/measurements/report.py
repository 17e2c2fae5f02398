"""The report of five strategies on twenty symbols with ten thousand trades: time and size."""

from __future__ import annotations

from decimal import Decimal

from comparison import DATA, expected_figures
from figures import Spread, megabytes
from processes import run_side_once
from results import Budget, Findings, Table
from workloads import WORKLOADS

__all__ = ["measure_report"]

_SECONDS, _BYTES = 5.0, 10_000_000
#: So many bars of each symbol of W3 make ten thousand trades.
_BARS, _QUICK_BARS = 9_000, 900
_TRADES = 10_000


def measure_report(*, quick: bool) -> Findings:
    """Measure how the page of a large portfolio is written.

    Args:
        quick: run a tenth of the bars, once.

    Returns:
        What was found.
    """
    workload = WORKLOADS["W3"].shortened(_QUICK_BARS if quick else _BARS)
    wanted = {"workload": workload.name, "bars": workload.bars, "data": str(DATA)}
    runs = [run_side_once("podium_report", wanted) for _ in range(1 if quick else 5)]
    _, equity = expected_figures(workload)
    wall, size, trades = Spread.of(run["wall"] for run in runs), int(runs[0]["bytes"]), int(runs[0]["trades"])
    task = f"report of {len(workload.pairs)} strategies, {len(workload.markets)} symbols, {trades:,} trades"
    findings = Findings(
        mismatches=[
            f"{task}: equity {run['equity']}, expected {equity}" for run in runs if Decimal(run["equity"]) != equity
        ],
        budgets=[
            Budget(what=f"{task}: written", budget="< 5 s", measured=f"{wall.median:.2f} s",
                   is_met=wall.median < _SECONDS),
            Budget(what=f"{task}: size", budget="< 10 MB", measured=megabytes(size), is_met=size < _BYTES),
        ],
        tables=[
            Table(
                title=f"The {task}",
                heads=("bars each", "trades", "clock, median (least–most)", "CPU, median (least–most)", "size"),
                rows=[
                    (f"{workload.bars:,}", f"{trades:,}", str(wall), str(Spread.of(run["cpu"] for run in runs)),
                     f"{size / 1e6:.2f} MB")
                ],
            )
        ],
    )  # fmt: skip
    if not quick and trades < _TRADES:
        findings.mismatches.append(f"{task}: fewer than {_TRADES:,} trades")
    return findings
