"""Compare a backtest with the paper system on the same bars: every domain event and every point of equity."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from podium.backtest.portfolio_run import run_portfolio
from podium.backtest.records import event_lines
from podium.core.clock import Clock
from podium.core.times import iso
from podium.data.bars import BarSeries
from podium.journal.journal import JournalReader, open_journal
from podium.journal.records import Stream
from podium.live.correlation import Correlations
from podium.live.inputs import HISTORY
from podium.live.paper import make_stepper, open_paper
from podium.live.recovery import Recovered, RunBars, take_again
from podium.live.stepper import Equity
from podium.portfolio.file import PortfolioFile

__all__ = ["Difference", "Parity", "begins_behind_history", "compare", "compare_with_journal"]

Item = TypeVar("Item")
"""an event, or a point of equity"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Be the first thing that the two do not tell alike.

    Args:
        where: which event or point of equity.
        backtest: what the backtest says, or the recorded inputs taken again; empty when it says nothing.
        paper: what the paper system says, or has recorded; empty when it says nothing.
    """

    where: str
    backtest: str
    paper: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Hold what was compared.

    Args:
        events: how many domain events.
        points: how many points of equity.
        differences: how many of both differ.
        first: the first difference; ``None`` when there is none.
    """

    events: int
    points: int
    differences: int
    first: Difference | None


def compare(
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries],
    *,
    clock: Clock,
    on_progress: Callable[[str], None] = lambda _what: None,
) -> Parity:
    """Run a portfolio file as a backtest and on paper, and compare.

    Args:
        portfolio: the file.
        bars: the bars of its symbols.
        clock: the machine's clock.
        on_progress: is told what is being done.

    Returns:
        What was compared.

    Raises:
        InputError: for what is wrong with the input.
        RunError: when one of the two fails.
    """
    on_progress("backtest")
    result = run_portfolio(portfolio, bars)
    expected = b"".join(event_lines(result)).splitlines()
    on_progress("paper")
    lines, points = _paper(portfolio, bars, clock, is_closed=result.config.finish == "close")
    members, digits = len(result.strategy_results), result.engine.unit.digits
    curve = list(
        zip(
            result.market.timeline.times.tolist(),
            (tuple(row) for row in result.engine.equity[:, :members].tolist()),
            strict=True,
        )
    )
    found = [
        *_differing("event", expected, lines, lambda line: line.decode()),
        *_differing(
            "equity", curve, [(point.time, point.strategies) for point in points], lambda point: _equity(point, digits)
        ),
    ]
    return Parity(events=len(expected), points=len(curve), differences=len(found), first=found[0] if found else None)


def begins_behind_history(journal: JournalReader) -> bool:
    """Tell whether a run's bars came as they closed, so that none of them are stored.

    Args:
        journal: of the run.
    """
    first = next(journal.read(Stream.INPUT), None)
    return first is not None and first.kind == HISTORY


def compare_with_journal(
    portfolio: PortfolioFile, bars: Mapping[str, BarSeries] | None, journal: JournalReader
) -> Parity:
    """Take the recorded inputs of a run again, in the order in which they were released, and compare its events.

    Args:
        portfolio: the file that the run was started with.
        bars: the bars of its symbols, for the grids that the file does not state; ``None`` where they came as they
            closed.
        journal: of the run.

    Returns:
        What was compared: events only, since a journal holds no points of equity.

    Raises:
        InputError: for what is wrong with the input.
        RunError: when the engine fails.
    """
    stepper, _ = make_stepper(portfolio, bars)
    run = Recovered(stepper=stepper, correlations=Correlations(), bars=RunBars(None, stepper.timeframe))
    stale_after = portfolio.document.orchestrator.stale_after_nanoseconds(stepper.timeframe)
    lines: list[bytes] = []
    for record in journal.read(Stream.INPUT):
        take_again(run, record, stale_after)
        lines += [event.body for event in stepper.events()]
    recorded = [record.body for record in journal.read(Stream.DOMAIN)]
    found = _differing("event", lines, recorded, lambda line: line.decode())
    return Parity(events=len(recorded), points=0, differences=len(found), first=found[0] if found else None)


def _paper(
    portfolio: PortfolioFile, bars: Mapping[str, BarSeries], clock: Clock, *, is_closed: bool
) -> tuple[list[bytes], list[Equity]]:
    """Run on paper with a journal of its own; give the lines of the events and the equity of each step."""
    points: list[Equity] = []
    with tempfile.TemporaryDirectory(prefix="podium-parity-") as folder:
        journal = open_journal(Path(folder) / "journal")
        try:
            system = open_paper(
                portfolio,
                bars,
                journal=journal,
                place=Path(folder) / "journal",
                clock=clock,
                log=io.StringIO(),
                on_equities=points.extend,
            )
            asyncio.run(system.run())
            lines = [record.body for record in journal.read(Stream.DOMAIN)]
            if is_closed:
                system.stepper.finish()
                lines += [event.body for event in system.stepper.events()]
            points += [*system.stepper.equities(), *([] if is_closed else [system.stepper.equity()])]
        finally:
            journal.close()
    return lines, points


def _differing(
    what: str, backtest: Iterable[Item], paper: Iterable[Item], text: Callable[[Item], str]
) -> list[Difference]:
    return [
        Difference(
            where=f"{what} {number}",
            backtest="" if one is None else text(one),
            paper="" if other is None else text(other),
        )
        for number, (one, other) in enumerate(zip_longest(backtest, paper), 1)
        if one != other
    ]


def _equity(point: tuple[int, tuple[int, ...]], digits: int) -> str:
    time, units = point
    return f"{iso(time)} " + " ".join(str(Decimal(unit).scaleb(-digits)) for unit in units)
