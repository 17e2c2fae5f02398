"""``podium parity``: run a portfolio file as a backtest and on paper, and compare event by event."""

from __future__ import annotations

import typer

from podium.cli.failures import DONE, RUN_FAILED
from podium.cli.options import From, NoProgress, PortfolioPath, Settings, To, read_moment, read_settings
from podium.core.times import parse_end

__all__ = ["parity"]


def parity(
    file: PortfolioPath, *, from_: From = None, to: To = None, no_progress: NoProgress = False, set_: Settings = None
) -> None:
    """Compare a backtest with the paper system on the same bars, event by event; exit 1 if they differ."""
    from podium.portfolio.file import load_portfolio

    first, last = read_moment(from_, "--from"), read_moment(to, "--to", parse_end)
    portfolio = load_portfolio(file, read_settings(set_))
    from podium.backtest.portfolio_bars import read_portfolio_bars
    from podium.core.clock import SystemClock
    from podium.live.parity import compare
    from podium.report.terminal import print_line, terminal_console

    bars = read_portfolio_bars(portfolio, first, last)
    console = terminal_console(stderr=True)

    def tell(what: str) -> None:
        if not no_progress:
            print_line(console, "running", what)

    found = compare(portfolio, bars, clock=SystemClock(), on_progress=tell)
    typer.echo(
        f"{found.events:,} events and {found.points:,} points of equity compared, {found.differences:,} differences"
    )
    if found.first is not None:
        typer.echo(f"first difference: {found.first.where}")
        typer.echo(f"  backtest: {found.first.backtest or 'nothing'}")
        typer.echo(f"  paper:    {found.first.paper or 'nothing'}")
    raise typer.Exit(RUN_FAILED if found.differences else DONE)
