"""``podium backtest``: run a portfolio file on its bars and print who earned what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.options import From, PortfolioPath, Settings, To, read_moment, read_settings

__all__ = ["backtest"]


def backtest(
    file: PortfolioPath,
    *,
    from_: From = None,
    to: To = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="where run folders are made")] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="print the result as JSON instead of the table")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="print no progress")] = False,
    set_: Settings = None,
) -> None:
    """Run a portfolio file on its bars and print who earned what."""
    from podium.core.errors import ConfigurationError, Location, Problem
    from podium.portfolio.file import load_portfolio

    if out.exists() and not out.is_dir():
        message, where = f"{out} is a file", Location(file="--out")
        raise ConfigurationError(Problem(message=message, location=where, expected="a folder, made if it is missing"))
    first, last = read_moment(from_, "--from"), read_moment(to, "--to")
    portfolio = load_portfolio(file, read_settings(set_))
    # What reads bars is imported once the file is right: a mistake in it is told sooner.
    from podium.backtest.portfolio_bars import read_portfolio_bars

    bars = read_portfolio_bars(portfolio, first, last)
    # Everything that can be wrong with the input was told above: from here on files are written.
    from podium.backtest.portfolio_run import run_portfolio

    run_portfolio(portfolio, bars, out=out, as_json=json, progress=not no_progress and not json)
