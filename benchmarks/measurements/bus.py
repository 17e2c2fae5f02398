"""The local bus: events delivered in a second, and what it costs to give each strategy only its own."""

from __future__ import annotations

from collections.abc import Mapping

from figures import Spread, whole
from processes import run_side_once
from results import Budget, Findings, Table

__all__ = ["measure_bus"]

_EVENTS, _QUICK_EVENTS = 1_000_000, 100_000
_EVENTS_PER_SECOND = 500_000.0
#: How many events a second a busy portfolio has, and how much of a core telling strategies apart may take then.
_BUSY, _SHARE = 1_000, 0.05
_REPEATS = 5
_ROWS = {
    "handed_on": "made, and given to one service",
    "listened_to": "made for one of ten strategies, over two buses to one listener of all",
    "filtered": "the same to ten listeners of one strategy each",
}


def measure_bus(*, quick: bool) -> Findings:
    """Measure the bus inside the process.

    Args:
        quick: a tenth of the events, twice.

    Returns:
        What was found.
    """
    events = _QUICK_EVENTS if quick else _EVENTS
    runs = [run_side_once("podium_bus", {"events": events}) for _ in range(2 if quick else _REPEATS)]
    findings = Findings()
    findings.mismatches += [
        f"the local bus delivered {run[f'{name}_count']:,} of {events:,} events {text}"
        for run in runs
        for name, text in _ROWS.items()
        if run[f"{name}_count"] != events
    ]
    rates = {name: Spread.of(events / run[name] for run in runs) for name in _ROWS}
    share = _BUSY / rates["filtered"].median
    findings.budgets += [
        Budget(what="local bus: events made and delivered", budget="≥ 500,000 events/s",
               measured=f"{whole(rates['handed_on'].median)} events/s",
               is_met=rates["handed_on"].median >= _EVENTS_PER_SECOND),
        Budget(what="local bus: events of ten strategies told apart, at 1,000 events/s", budget="< 5 % of a core",
               measured=f"{100 * share:.2f} %", is_met=share < _SHARE),
    ]  # fmt: skip
    findings.tables.append(_table(runs, events))
    return findings


def _table(runs: list[Mapping], events: int) -> Table:
    return Table(
        title=f"The local bus, {events:,} events",
        heads=("events", "CPU, median (least–most)", "events/s"),
        rows=[
            (
                text,
                str(Spread.of(run[name] for run in runs)),
                whole(Spread.of(events / run[name] for run in runs).median),
            )
            for name, text in _ROWS.items()
        ],
    )
