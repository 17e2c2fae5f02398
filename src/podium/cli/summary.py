"""What ``backtest`` and ``check`` say about what they have read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import typer

from podium.data.bars import BarSeries
from podium.portfolio.file import PortfolioFile
from podium.report.terminal import print_checked, terminal_console

__all__ = ["print_overrides", "print_summary"]


def print_summary(portfolio: PortfolioFile, bars: Mapping[str, BarSeries], warnings: int, *, stderr: bool) -> None:
    """Print one line about strategies, symbols, bars and warnings.

    Args:
        portfolio: the file.
        bars: the bars that were read.
        warnings: how many flaws of the bars are told.
        stderr: whether the line is not the result itself.
    """
    print_checked(
        terminal_console(stderr=stderr),
        strategies=len(portfolio.strategies),
        symbols=len(bars),
        bars=sum(len(series) for series in bars.values()),
        first_nanoseconds=min(int(series.close_time.min()) for series in bars.values()),
        last_nanoseconds=max(int(series.close_time.max()) for series in bars.values()),
        warnings=warnings,
        check_command=_check_command(portfolio),
    )


def _check_command(portfolio: PortfolioFile) -> str:
    """Name the command that shows what is wrong with the bars, read as the portfolio file says."""
    if portfolio.data_path is None:
        return ""
    data = portfolio.data
    words = ["podium", "data", "check", str(portfolio.data_path)]
    words += ["--timeframe", data.timeframe] if data.timeframe is not None else []
    words += ["--label", data.label] if data.label != "open" else []
    ticks = {section.tick for section in portfolio.symbols.values()}
    words += ["--tick", f"{tick:f}"] if len(ticks) == 1 and (tick := ticks.pop()) is not None else []
    return shlex.join(words)


def print_overrides(portfolio: PortfolioFile, *, stderr: bool) -> None:
    """Print which values took the place of others.

    Args:
        portfolio: the file.
        stderr: whether the lines are not the result itself.
    """
    for override in portfolio.overrides:
        base = "default" if override.base is None else override.base
        line = f"  set       {override.path}: {base} → {override.value}   ({override.source})"
        typer.echo(line, err=stderr)
