"""Measure Podium against its budgets and its peers: ``python benchmarks/run.py``; ``make bench`` calls it.

It makes the peers' environments, makes the bars, runs the measurements and writes RESULTS.md. Every result is compared
with figures computed without any engine; a difference, or a peer that cannot be installed, fails the run. A missed
budget does not: it is told.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from comparison import DATA
from environments import PEERS, EnvironmentFailed, ready_environment
from machine import describe_machine, load_average
from measurements.bus import measure_bus
from measurements.coded import measure_coded
from measurements.command import measure_command
from measurements.journal import measure_journal
from measurements.memory import measure_memory
from measurements.paper import measure_orders, measure_recovery, measure_replay, measure_week
from measurements.report import measure_report
from measurements.signals import measure_signals
from measurements.start import measure_start
from processes import SideFailed, run_side_once
from results import Findings, write_results

_FULL_BARS, _QUICK_BARS = 10_000_000, 1_000_000
_QUIET_LOAD = 0.5

_Measure = Callable[[Sequence[str], bool], Findings]
_MEASUREMENTS: dict[str, _Measure] = {
    "W1": lambda peers, quick: measure_signals("W1", peers, quick=quick),
    "W2": lambda peers, quick: measure_signals("W2", peers, quick=quick),
    "W3": lambda peers, quick: measure_signals("W3", peers, quick=quick),
    "coded": lambda peers, quick: measure_coded(peers, quick=quick),
    "command": lambda _, quick: measure_command(quick=quick),
    "memory": lambda _, quick: measure_memory(quick=quick),
    "report": lambda _, quick: measure_report(quick=quick),
    "journal": lambda _, quick: measure_journal(quick=quick),
    "bus": lambda _, quick: measure_bus(quick=quick),
    "orders": lambda _, quick: measure_orders(quick=quick),
    "replay": lambda _, quick: measure_replay(quick=quick),
    "recovery": lambda _, quick: measure_recovery(quick=quick),
    "week": lambda _, quick: measure_week(quick=quick),
    "start": lambda _, quick: measure_start(quick=quick),
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark.

    Args:
        arguments: the words behind the script's name.

    Returns:
        0 when every result was the expected one, else 1.
    """
    chosen = _read(arguments)
    started, load = time.perf_counter(), load_average()
    _say("preparing the bars")
    DATA.mkdir(exist_ok=True)
    run_side_once("preparation", {"data": str(DATA), "bars": _QUICK_BARS if chosen.quick else _FULL_BARS})
    peers, missing = _ready(chosen.peer or PEERS)
    findings = Findings(mismatches=missing)
    for name in chosen.only or _MEASUREMENTS:
        _say(f"measuring {name}")
        try:
            found = _MEASUREMENTS[name](peers, chosen.quick)
        except SideFailed as error:  # the other measurements are still worth having
            findings.mismatches.append(f"{name} failed: {error}")
            continue
        for budget in found.budgets:
            _say(f"  {'met   ' if budget.is_met else 'MISSED'} {budget.what}: {budget.measured} ({budget.budget})")
        findings.add(found)
    remarks = [f"load of the machine when it started: {load:.2f}" + (" (not quiet)" if load > _QUIET_LOAD else "")]
    if chosen.quick:
        remarks.append("**quick: few bars, few repeats; the budgets are meant for the full run**")
    remarks.append(f"the whole benchmark took {(time.perf_counter() - started) / 60:.1f} minutes")
    text = write_results(findings, describe_machine(), remarks)
    chosen.out.write_text(text, encoding="utf-8")
    _say(f"written to {chosen.out}")
    for line in findings.mismatches:
        _say(f"WRONG  {line}")
    return 1 if findings.mismatches else 0


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Podium against its budgets and its peers.")
    parser.add_argument("--quick", action="store_true", help="few bars and repeats: to see that everything works")
    parser.add_argument("--only", action="append", choices=list(_MEASUREMENTS), help="one measurement; may be repeated")
    parser.add_argument("--peer", action="append", choices=PEERS, help="one peer; may be repeated; default all")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: RESULTS.md, or .data/RESULTS.md for a part")
    chosen = parser.parse_args(arguments)
    if chosen.out is None:
        is_whole = not (chosen.quick or chosen.only or chosen.peer)
        chosen.out = (DATA.parent if is_whole else DATA) / "RESULTS.md"
    return chosen


def _ready(wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Make the environments; give the peers that are ready and what went wrong with the others."""
    ready, wrong = [], []
    for peer in wanted:
        try:
            ready_environment(peer)
            ready.append(peer)
        except EnvironmentFailed as error:
            wrong.append(f"{peer} could not be installed: {error}".replace("\n", " "))
    return ready, wrong


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
