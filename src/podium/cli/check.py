"""``podium check``: read everything that a portfolio file names, and run nothing."""

from __future__ import annotations

import typer

from podium.cli.options import PortfolioPath, Settings, read_settings

__all__ = ["check"]


def check(file: PortfolioPath, set_: Settings = None) -> None:
    """Check a portfolio file, its strategies and its bars."""
    from podium.portfolio.file import load_portfolio

    portfolio = load_portfolio(file, read_settings(set_))
    # What reads bars is imported once the file is right: a mistake in it is told sooner.
    from podium.backtest.portfolio_bars import read_portfolio_bars
    from podium.backtest.portfolio_run import check_portfolio
    from podium.cli.summary import print_overrides, print_summary

    bars = read_portfolio_bars(portfolio)
    print_summary(portfolio, bars, check_portfolio(portfolio, bars), stderr=False)
    print_overrides(portfolio, stderr=False)
    typer.echo("  nothing is wrong")
