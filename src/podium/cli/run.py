"""``podium run``: run a portfolio file on paper, with a journal from which it goes on after whatever ended it."""

from __future__ import annotations

import asyncio
import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.options import From, NoProgress, PortfolioPath, Settings, To, read_moment, read_settings
from podium.core.times import iso, parse_end

if TYPE_CHECKING:
    from podium.data.bars import BarSeries
    from podium.live.paper import PaperSystem

__all__ = ["run"]


class Source(StrEnum):
    """Name where bars come from."""

    REPLAY = "replay"
    SYNTHETIC = "synthetic"


def run(
    file: PortfolioPath,
    *,
    from_: From = None,
    to: To = None,
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal", metavar="PLACE", help="where the run is recorded: a folder, or the address of a database"
        ),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed", metavar="TIMES", help="how many times faster than the market; by default as fast as it goes"
        ),
    ] = None,
    feed: Annotated[
        Source,
        typer.Option(
            "--feed", help="replay plays the file's bars again; synthetic is an exchange whose bars close now"
        ),
    ] = Source.REPLAY,
    accept: Annotated[
        bool, typer.Option("--accept", help="go on although the file has changed since the last start")
    ] = False,
    no_progress: NoProgress = False,
    set_: Settings = None,
) -> None:
    """Run a portfolio file on paper until its bars end or Ctrl-C; start it again and it goes on."""
    from podium.portfolio.file import load_portfolio

    first, last = read_moment(from_, "--from"), read_moment(to, "--to", parse_end)
    portfolio = load_portfolio(file, read_settings(set_))
    document = portfolio.document
    place = document.journal.at(portfolio.path.parent, document.portfolio.name) if journal is None else journal
    bars: dict[str, BarSeries] | None = None
    if feed is Source.REPLAY:
        from podium.backtest.portfolio_bars import read_portfolio_bars

        bars = read_portfolio_bars(portfolio, first, last)
    else:
        _refuse({"--from": from_, "--to": to, "--speed": speed})
    from podium.backtest.portfolio_run import at_file
    from podium.core.clock import SystemClock
    from podium.journal.journal import is_address, open_journal
    from podium.live.paper import open_paper

    opened = open_journal(place)
    try:
        logs = portfolio.path.parent if is_address(place) else Path(place)
        with (logs / "log.jsonl").open("a", encoding="utf-8") as log:
            system = open_paper(
                portfolio,
                bars,
                journal=opened,
                place=place,
                clock=SystemClock(),
                log=log,
                speed=_speed(speed),
                is_accepted=accept,
            )
            if not no_progress:
                _print_start(system, str(place))
            with at_file(portfolio):
                asyncio.run(_run(system, document.portfolio.name, shown=not no_progress))
            _print_end(system)
    finally:
        opened.close()


async def _run(system: PaperSystem, name: str, *, shown: bool) -> None:
    if not shown:
        await system.run()
        return
    from podium.live.terminal_view import TerminalView
    from podium.report.terminal import terminal_console

    async with TerminalView(system.orchestrator, terminal_console(stderr=True), name):
        await system.run()


def _refuse(options: dict[str, object]) -> None:
    """Refuse options of stored bars where bars come as they close."""
    from podium.core.errors import ConfigurationError, Location, Problem

    problems = [
        Problem(
            message=f"{name} is about bars that are played again",
            location=Location(file=name),
            expected="no such option with --feed synthetic",
        )
        for name, stated in options.items()
        if stated is not None
    ]
    if problems:
        raise ConfigurationError(problems)


def _speed(stated: float | None) -> float:
    from podium.core.errors import ConfigurationError, Location, Problem

    if stated is None:
        return math.inf
    if not (math.isfinite(stated) and stated > 0):
        raise ConfigurationError(
            Problem(message=f"the speed is {stated}", location=Location(file="--speed"), expected="a number above 0")
        )
    return stated


def _print_start(system: PaperSystem, place: str) -> None:
    from podium.report.terminal import print_line, terminal_console

    console, recovered = terminal_console(stderr=True), system.recovered
    for change in system.changes:
        print_line(console, "accepted", str(change))
    print_line(console, "journal", place)
    if recovered.stepper.time is not None:
        told = f"behind {iso(recovered.stepper.time)}: {recovered.inputs:,} inputs taken again, "
        told += f"{recovered.events:,} events as recorded"
        print_line(console, "goes on", told)


def _print_end(system: PaperSystem) -> None:
    from podium.report.terminal import print_line, terminal_console

    stepper, runner = system.stepper, system.orchestrator.runner
    console = terminal_console()
    reached = "no bar" if stepper.time is None else iso(stepper.time)
    print_line(console, "stopped", f"at {reached} after {runner.steps:,} steps, {stepper.sequence:,} events in all")
    equity = stepper.equity()
    amounts = dict(zip(stepper.strategies, equity.strategies, strict=True))
    if stepper.config.execution == "netted":
        amounts["netting"] = equity.netting
    amounts["unallocated"] = equity.unallocated
    amounts["portfolio"] = sum(amounts.values())
    width = max(map(len, amounts))
    for name, units in amounts.items():
        typer.echo(f"  {name:<{width}}  {stepper.unit.to_decimal(units):>18,.2f} {stepper.config.currency}")
