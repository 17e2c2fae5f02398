"""The journal: events that become durable in a second, how long one step waits, and how long a start reads."""

from __future__ import annotations

from collections.abc import Mapping

from comparison import DATA
from figures import Spread, seconds, whole
from processes import run_side_once
from results import Budget, Findings, Table

__all__ = ["measure_journal"]

_EVENTS, _QUICK_EVENTS = 1_000_000, 50_000
_EVENTS_OF_A_STEP, _STEPS_AWAITED = 20, 2_000
_EVENTS_PER_SECOND, _READ_SECONDS = 20_000.0, 5.0
_REPEATS = 3


def measure_journal(*, quick: bool) -> Findings:
    """Measure the journal in SQLite on the disk of the benchmark.

    Args:
        quick: a twentieth of the events, once.

    Returns:
        What was found.
    """
    events = _QUICK_EVENTS if quick else _EVENTS
    wanted = {"data": str(DATA), "events": events, "size": _EVENTS_OF_A_STEP, "waited": _STEPS_AWAITED}
    runs = [run_side_once("podium_journal", wanted) for _ in range(1 if quick else _REPEATS)]
    findings = Findings()
    findings.mismatches += [
        f"the journal holds {run['count']:,} of {events:,} events" for run in runs if run["count"] != events
    ]
    rates = Spread.of(events / run["write"] for run in runs)
    reading = Spread.of(run["verify"] + run["read"] for run in runs)
    findings.budgets += [
        Budget(what="journal: events made durable in groups", budget="≥ 20,000 events/s",
               measured=f"{whole(rates.median)} events/s", is_met=rates.median >= _EVENTS_PER_SECOND),
        Budget(what=f"journal: verify and read {events:,} events without a snapshot", budget="< 5 s",
               measured=seconds(reading.median), is_met=reading.median < _READ_SECONDS),
    ]  # fmt: skip
    findings.tables.append(_table(runs, events))
    return findings


def _table(runs: list[Mapping], events: int) -> Table:
    waits = [sorted(run["waits"]) for run in runs]
    rows = [
        (f"append {events:,} events, {_EVENTS_OF_A_STEP} at a time, all durable", _spread(runs, "write")),
        (f"open {events:,} events, every hash verified", _spread(runs, "verify")),
        (f"read {events:,} events", _spread(runs, "read")),
        (f"one step of {_EVENTS_OF_A_STEP} events durable, p50", str(Spread.of(_quantile(run, 0.5) for run in waits))),
        (f"one step of {_EVENTS_OF_A_STEP} events durable, p99", str(Spread.of(_quantile(run, 0.99) for run in waits))),
        ("on the disk", f"{runs[0]['bytes']:.0f} bytes an event"),
    ]
    return Table(
        title=f"The journal (SQLite, synchronous=FULL), {events:,} events",
        heads=("what", "clock, median (least–most)"),
        rows=rows,
        notes=["How long a step waits is mostly how long the disk takes to sync."],
    )


def _spread(runs: list[Mapping], name: str) -> str:
    return str(Spread.of(run[name] for run in runs))


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
