"""``podium parity``: run a portfolio file as a backtest and on paper, and compare event by event."""

from __future__ import annotations

from typing import Annotated

import typer

from podium.cli.failures import DONE, RUN_FAILED
from podium.cli.options import From, NoProgress, PortfolioPath, Settings, To, read_moment, read_settings
from podium.core.times import parse_end

__all__ = ["parity"]


def parity(
    file: PortfolioPath,
    *,
    from_: From = None,
    to: To = None,
    journal: Annotated[
        str | None,
        typer.Option(
            "--journal",
            metavar="PLACE",
            help="take the recorded inputs of a run again, late bars at their place, and compare with its events",
        ),
    ] = None,
    no_progress: NoProgress = False,
    set_: Settings = None,
) -> None:
    """Compare a backtest with the paper system on the same bars, event by event; exit 1 if they differ."""
    from podium.portfolio.file import load_portfolio

    first, last = read_moment(from_, "--from"), read_moment(to, "--to", parse_end)
    portfolio = load_portfolio(file, read_settings(set_))
    from podium.backtest.portfolio_bars import read_portfolio_bars
    from podium.core.clock import SystemClock
    from podium.journal.journal import reading_journal
    from podium.live.parity import begins_behind_history, compare, compare_with_journal
    from podium.report.terminal import print_line, terminal_console

    console = terminal_console(stderr=True)

    def tell(what: str) -> None:
        if not no_progress:
            print_line(console, "running", what)

    if journal is None:
        bars = read_portfolio_bars(portfolio, first, last)
        found = compare(portfolio, bars, clock=SystemClock(), on_progress=tell)
        what = f"{found.events:,} events and {found.points:,} points of equity"
        sides = ("backtest", "paper")
    else:
        with reading_journal(journal) as reader:
            stored = None if begins_behind_history(reader) else read_portfolio_bars(portfolio, first, last)
            found = compare_with_journal(portfolio, stored, reader)
        what, sides = f"{found.events:,} events", ("again", "recorded")
    typer.echo(f"{what} compared, {found.differences:,} differences")
    if found.first is not None:
        typer.echo(f"first difference: {found.first.where}")
        for side, line in zip(sides, (found.first.backtest, found.first.paper), strict=True):
            typer.echo(f"  {side}: {line or 'nothing'}")
    raise typer.Exit(RUN_FAILED if found.differences else DONE)
