"""The paper system: how long an order waits, how fast bars are played again, how it starts again, what a week keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from comparison import DATA, expected_figures
from figures import Spread, megabytes, seconds, whole
from processes import run_side_once
from results import Budget, Findings, Table
from workloads import WORKLOADS, Workload

__all__ = ["measure_orders", "measure_recovery", "measure_replay", "measure_week"]

_ORDER_SECONDS, _START_SECONDS = 0.002, 5.0
_EVENTS = 1_000_000
#: A week may not leave more than this behind for each bar: what is left is noise of the allocator.
_BYTES_PER_BAR = 1.0
#: Three days: what is kept of the last steps, and of the last bars of each symbol, is full by then.
_WARM_STEPS = 3 * 24 * 60
_QUICK_SHARE = 10


def measure_orders(*, quick: bool) -> Findings:
    """Measure from the release of a step until the venue has an order, the commit included.

    Args:
        quick: a tenth of the bars.

    Returns:
        What was found.
    """
    workload = _task("orders", quick)
    runs = [_run(workload) for _ in range(1 if quick else 3)]
    p99 = Spread.of(_quantile(run["waits"], 0.99) for run in runs)
    rows = [
        (f"p{100 * share:g}", str(Spread.of(_quantile(run["waits"], share) for run in runs)))
        for share in (0.5, 0.9, 0.99)
    ]
    rows.append(("most", str(Spread.of(max(run["waits"]) for run in runs))))
    return Findings(
        mismatches=_mismatches(workload, runs),
        budgets=[
            Budget(what="paper: step released to order handed over, ten strategies, the commit included: p99",
                   budget="< 2 ms", measured=seconds(p99.median), is_met=p99.median < _ORDER_SECONDS)
        ],
        tables=[
            Table(
                title=f"Paper: from a step to its orders, {len(runs[0]['waits']):,} orders of ten strategies",
                heads=("step released → venue has the order", "clock, median (least–most)"),
                rows=rows,
                notes=["A bar every 10 ms, one symbol; most of it is the disk, see the journal's own table."],
            )
        ],
    )  # fmt: skip


def measure_replay(*, quick: bool) -> Findings:
    """Measure 500 symbols with ten strategies each, played again as fast as it goes.

    Args:
        quick: a tenth of the bars.

    Returns:
        What was found.
    """
    workload = _task("replay", quick)
    run, symbols = _run(workload), len(workload.markets)
    bars = workload.bars * symbols
    return Findings(
        mismatches=_mismatches(workload, [run]),
        tables=[
            Table(
                title=f"Paper: {symbols} symbols × {len(workload.pairs)} strategies played again, {bars:,} bars",
                heads=("what", "measured"),
                rows=[
                    ("bars a second of one core, journal and buses included", whole(bars / run["cpu"])),
                    ("bars a second by the clock", whole(bars / run["wall"])),
                    ("one step of all symbols, CPU", seconds(run["cpu"] / workload.bars)),
                    ("opened, by the clock", seconds(run["open"])),
                    ("memory of each symbol, opened", f"{run['opened'] / symbols / 1000:,.0f} kB"),
                    ("memory of each symbol, after the run", f"{run['ran'] / symbols / 1000:,.0f} kB"),
                ],
            )
        ],
    )


def measure_recovery(*, quick: bool) -> Findings:
    """Measure a start from a journal with a million events, from the snapshot near its end.

    Args:
        quick: a tenth of the bars.

    Returns:
        What was found.
    """
    workload = _task("recovery", quick)
    run = _run(workload)
    taken, events = run["journal"] + run["state"], run["events"]
    findings = Findings(mismatches=_mismatches(workload, [run]))
    if run["recovered_equity"] != run["equity"]:
        findings.mismatches.append(f"paper recovered to {run['recovered_equity']}, it had {run['equity']}")
    if not run["is_whole"]:
        findings.mismatches.append("paper: the journal is not as it was written")
    if not quick and events < _EVENTS:
        findings.mismatches.append(f"paper: {events:,} events, {_EVENTS:,} were meant")
    findings.budgets.append(
        Budget(what=f"paper: started again from a journal with {events:,} events", budget="< 5 s",
               measured=seconds(taken), is_met=taken < _START_SECONDS)
    )  # fmt: skip
    findings.tables.append(
        Table(
            title=f"Paper: started again, {len(workload.markets)} symbols, {events:,} events",
            heads=("what", "clock"),
            rows=[
                ("open the journal, records behind the newest snapshot verified", seconds(run["journal"])),
                (f"the state: its snapshot, and the {run['steps']} steps behind it", seconds(run["state"])),
                ("`podium journal verify`, every record, by itself", seconds(run["verify"])),
            ],
        )
    )
    return findings


def measure_week(*, quick: bool) -> Findings:
    """Measure what a week of one-minute bars of 20 symbols leaves in memory.

    Args:
        quick: a tenth of the bars, warmed up on half of them.

    Returns:
        What was found.
    """
    workload = _task("week", quick)
    run, symbols = _run(workload), len(workload.markets)
    warm = min(_WARM_STEPS, workload.bars // 2)
    steps, held = np.array([sample for sample in run["samples"] if sample[0] > warm], float).T
    slope = float(np.polyfit(steps * symbols, held, 1)[0])
    return Findings(
        mismatches=_mismatches(workload, [run]),
        budgets=[
            Budget(what=f"paper: memory left by each bar, {symbols} symbols of one minute for a week, from the 4th day",
                   budget="no growth (≤ 1 byte)", measured=f"{slope:.2f} bytes", is_met=slope <= _BYTES_PER_BAR)
        ],
        tables=[
            Table(
                title=f"Paper: {workload.bars:,} steps of {symbols} symbols, {len(workload.pairs)} strategies",
                heads=("memory (anonymous)", "measured"),
                rows=[
                    ("behind the first hour", megabytes(run["samples"][0][1])),
                    ("least, then most, after the warm-up", f"{megabytes(min(held))}, {megabytes(max(held))}"),
                    ("behind the last hour", megabytes(held[-1])),
                    ("bars a second of one core", whole(workload.bars * symbols / run["cpu"])),
                ],
                notes=["The slope is that of a straight line through what is held behind each hour."],
            )
        ],
    )  # fmt: skip


def _task(name: str, quick: bool) -> Workload:
    workload = WORKLOADS[name]
    return workload.shortened(workload.bars // _QUICK_SHARE) if quick else workload


def _run(workload: Workload) -> dict:
    wanted = {"workload": workload.name, "bars": workload.bars, "data": str(DATA), "form": workload.name}
    return run_side_once("podium_paper", wanted)


def _mismatches(workload: Workload, runs: Sequence[Mapping]) -> list[str]:
    fills, equity = expected_figures(workload)
    return [
        f"paper, {workload.name}: {run['fills']} fills and equity {run['equity']}, expected {fills} and {equity}"
        for run in runs
        if run["fills"] != fills or Decimal(run["equity"]) != equity
    ]


def _quantile(waits: Sequence[float], share: float) -> float:
    ordered = sorted(waits)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
