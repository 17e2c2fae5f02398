"""``podium backtest`` as a whole process with 1, 5 and 10 strategies: time and memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from comparison import DATA, Contender, expected_figures, take_turns
from figures import Spread, megabytes, ratio
from measurements.start import podium_command
from portfolio_files import write_portfolio
from processes import ProcessFigures, run_process
from results import Budget, Findings, Table
from workloads import WORKLOADS, Workload

__all__ = ["measure_command"]

_SECONDS, _FIVE_AGAINST_ONE = 2.0, 2.0
#: Memory is linear when the later strategies cost no more than the earlier ones, give or take what an allocator rounds.
_LATER_AGAINST_EARLIER = 1.25
#: Rules that trade as most do are judged; rules that trade every forty bars are shown beside them: there the time goes
#: into writing down hundreds of thousands of events.
_JUDGED = ("slow, one strategy", "slow, five strategies", "slow, ten strategies")
_SHOWN = ("W1", "W2", "ten strategies")
#: How often each number of strategies runs; the many take long.
_REPEATS = {_JUDGED: {1: 5, 5: 5, 10: 3}, _SHOWN: {1: 2, 5: 1, 10: 1}}
_QUICK_BARS, _QUICK_LAST = 100_000, "2000-03-10T10:40:00Z"


def measure_command(*, quick: bool) -> Findings:
    """Measure whole backtests of a million bars.

    Args:
        quick: run a tenth of the bars.

    Returns:
        What was found.
    """
    findings = Findings()
    for names in (_JUDGED, _SHOWN):
        _measure(names, findings, quick=quick)
    return findings


def _measure(names: tuple[str, ...], findings: Findings, *, quick: bool) -> None:
    workloads = [WORKLOADS[name].shortened(_QUICK_BARS) if quick else WORKLOADS[name] for name in names]
    folder = DATA / "backtest"
    runs: dict[int, list[ProcessFigures]] = {len(workload.pairs): [] for workload in workloads}
    fills: dict[int, int] = {len(workload.pairs): expected_figures(workload)[0] for workload in workloads}
    repeats = dict.fromkeys(runs, 1) if quick else _REPEATS[names]
    last = _QUICK_LAST if quick else None
    _backtest(workloads[0], folder, last)  # compiles what is not compiled yet
    for number in range(max(repeats.values())):
        for workload in workloads:
            if number < repeats[len(workload.pairs)]:
                runs[len(workload.pairs)].append(_backtest(workload, folder, last))
                if not number:
                    findings.mismatches += _mismatches(workload, folder)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    wall = {count: Spread.of(run.wall_seconds for run in found) for count, found in runs.items()}
    peak = {count: Spread.of(run.peak_bytes for run in found).median for count, found in runs.items()}
    bars = workloads[0].bars
    if names == _JUDGED:
        findings.budgets += _budgets(wall, peak, bars)
    findings.tables.append(_table(runs, wall, peak, bars, fills))
    findings.tables[-1].notes.append(_own_ratio(workloads[0], workloads[1]))


def _backtest(workload: Workload, folder: Path, last: str | None) -> ProcessFigures:
    file = write_portfolio(folder, workload, DATA / "bars" / "S00_1m.parquet", last)
    shutil.rmtree(folder / "runs", ignore_errors=True)
    return run_process([*podium_command(), "backtest", file.name, "--no-progress"], folder)


def _mismatches(workload: Workload, folder: Path) -> list[str]:
    """Compare what the last run left behind."""
    written = next((folder / "runs").glob("*/result.json"))
    found = Decimal(str(json.loads(written.read_text(encoding="utf-8"))["final_equity"]))
    _, equity = expected_figures(workload)
    if found == equity:
        return []
    return [f"podium backtest, {len(workload.pairs)} strategies: {found}, expected {equity}"]


def _budgets(wall: Mapping[int, Spread], peak: Mapping[int, float], bars: int) -> list[Budget]:
    earlier, later = (peak[5] - peak[1]) / 4, (peak[10] - peak[5]) / 5
    times = wall[5].median / wall[1].median
    return [
        Budget(what=f"`podium backtest` of {bars:,} bars with a warm cache, whole process", budget="< 2 s",
               measured=f"{wall[1].median:.2f} s", is_met=wall[1].median < _SECONDS),
        Budget(what="five rules strategies against one, whole process", budget="< 2.0 ×", measured=ratio(times),
               is_met=times < _FIVE_AGAINST_ONE),
        Budget(what="peak memory for each strategy more: 1 to 5, then 5 to 10", budget="linear",
               measured=f"{megabytes(earlier)}, {megabytes(later)}", is_met=later <= _LATER_AGAINST_EARLIER * earlier),
    ]  # fmt: skip


def _table(
    runs: Mapping[int, list[ProcessFigures]],
    wall: Mapping[int, Spread],
    peak: Mapping[int, float],
    bars: int,
    fills: Mapping[int, int],
) -> Table:
    return Table(
        title=f"`podium backtest` as a whole process, {bars:,} bars, {max(fills.values()):,} fills with ten strategies",
        heads=(
            "strategies",
            "fills",
            "clock, median (least–most)",
            "CPU, median (least–most)",
            "against one",
            "peak memory",
        ),
        rows=[
            (
                str(count),
                f"{fills[count]:,}",
                str(wall[count]),
                str(Spread.of(run.cpu_seconds for run in found)),
                ratio(wall[count].median / wall[1].median),
                megabytes(peak[count]),
            )
            for count, found in runs.items()
        ],
        notes=[],
    )


def _own_ratio(one: Workload, five: Workload) -> str:
    rounds = take_turns(
        [Contender(name=entry.name, module="podium_signals", workload=entry, processes=3) for entry in (one, five)]
    )
    parts = {name: [found.part(name).median for found in rounds] for name in ("signals", "engine")}
    told = ", ".join(f"{name} {ratio(after / before)}" for name, (before, after) in parts.items())
    return f"Five strategies against one in memory, CPU: {told}; together {ratio(_quotient(parts))}."


def _quotient(parts: Mapping[str, list[float]]) -> float:
    return sum(after for _, after in parts.values()) / sum(before for before, _ in parts.values())
