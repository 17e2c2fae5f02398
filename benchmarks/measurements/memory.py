"""Ten million bars: what a backtest needs at most, and what stays per strategy-bar, numeric level and node."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from comparison import DATA, expected_figures
from figures import megabytes, seconds
from processes import run_side_once
from results import Budget, Findings, Table
from workloads import WORKLOADS

__all__ = ["measure_memory"]

_BYTES_PER_STRATEGY_BAR, _BYTES_PER_LEVEL, _BYTES_PER_NODE = 1.5, 9.0, 1.0
_QUICK_BARS = 1_000_000
_FEW, _MANY, _NODES, _LEVELS = 5, 10, 11, 4
#: Rules that never trade: (strategies, averages a strategy reads, numeric levels).
_SILENT = {
    "one": (1, 1, 0),
    "five strategies": (_FEW, 1, 0),
    "ten strategies": (_MANY, 1, 0),
    "ten more nodes": (1, _NODES, 0),
    "four numeric levels": (1, 1, _LEVELS),
}


def measure_memory(*, quick: bool) -> Findings:
    """Measure the memory of a long backtest.

    Args:
        quick: run a tenth of the bars.

    Returns:
        What was found; nothing but a table line on systems that do not tell a process its memory.
    """
    if not Path("/proc/self/clear_refs").exists():  # Linux
        return Findings(tables=[Table(title="Memory", heads=("not measured on this system",), rows=[])])
    workload = WORKLOADS["W1 long"]
    if quick:
        workload = workload.shortened(_QUICK_BARS)
    wanted = {"workload": workload.name, "bars": workload.bars, "data": str(DATA)}
    runs = {
        name: run_side_once(
            "podium_memory", {**wanted, "form": "silent", "strategies": count, "nodes": nodes, "levels": levels}
        )
        for name, (count, nodes, levels) in _SILENT.items()
    }
    runs["the rule of W1"] = run_side_once("podium_memory", {**wanted, "form": "rules"})
    findings = Findings()
    _, equity = expected_figures(workload)
    if Decimal(runs["the rule of W1"]["equity"]) != equity:
        findings.mismatches.append(f"W1 on {workload.bars:,} bars: {runs['the rule of W1']['equity']}, not {equity}")
    findings.budgets += _budgets(runs, workload.bars)
    findings.tables.append(_table(runs, workload.bars))
    return findings


def _stays(run: Mapping[str, Mapping[str, int]]) -> int:
    return run["after"]["anonymous"] - run["before"]["anonymous"]


def _budgets(runs: Mapping[str, Mapping], bars: int) -> list[Budget]:
    one = _stays(runs["one"])
    per_strategy_bar = (_stays(runs["ten strategies"]) - _stays(runs["five strategies"])) / (_MANY - _FEW) / bars
    per_level = (_stays(runs["four numeric levels"]) - one) / _LEVELS / bars
    per_node = (_stays(runs["ten more nodes"]) - one) / (_NODES - 1) / bars
    limits = (
        ("strategy-bar (signals; equity is in a file)", "one byte", per_strategy_bar, _BYTES_PER_STRATEGY_BAR),
        ("bar and numeric level", "eight bytes", per_level, _BYTES_PER_LEVEL),
        ("bar and node that is no level", "nothing", per_node, _BYTES_PER_NODE),
    )
    return [
        Budget(what=f"{bars:,} bars, what stays in memory for each {what}", budget=budget,
               measured=f"{measured:.2f} bytes", is_met=measured <= limit)
        for what, budget, measured, limit in limits
    ]  # fmt: skip


def _table(runs: Mapping[str, Mapping], bars: int) -> Table:
    return Table(
        title=f"Memory of one backtest, {bars:,} bars",
        heads=("rules", "before (bars loaded)", "peak", "peak over before", "stays", "stays in files", "whole process"),
        rows=[
            (
                name,
                megabytes(_resident(run["before"])),
                megabytes(run["after"]["peak"]),
                f"{(run['after']['peak'] - _resident(run['before'])) / bars:.0f} bytes a bar",
                f"{megabytes(_stays(run))}, {_stays(run) / bars:.1f} bytes a bar",
                megabytes(run["after"]["file"] - run["before"]["file"]),
                seconds(run["wall_seconds"]),
            )
            for name, run in runs.items()
        ],
        notes=["All but the last never trade; they differ from `one` in what their name says."],
    )


def _resident(memory: Mapping[str, int]) -> int:
    return memory["anonymous"] + memory["file"]
