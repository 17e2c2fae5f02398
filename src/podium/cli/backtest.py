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
    from podium.portfolio.file import load_portfolio

    _refuse_file(out)
    first, last = read_moment(from_, "--from"), read_moment(to, "--to")
    portfolio = load_portfolio(file, read_settings(set_))
    # What reads bars is imported once the file is right: a mistake in it is told sooner.
    from podium.backtest.portfolio_bars import read_portfolio_bars

    bars = read_portfolio_bars(portfolio, first, last)
    from podium.backtest.portfolio_run import run_portfolio
    from podium.backtest.run_folder import write_run
    from podium.cli.summary import print_overrides, print_summary
    from podium.report.progress import RunProgress
    from podium.report.terminal import print_comparison, print_line, terminal_console

    errors, output = terminal_console(stderr=True), terminal_console()
    shown = not (no_progress or json)

    def tell_what_was_checked(warnings: int) -> None:
        if shown:
            print_summary(portfolio, bars, warnings, stderr=True)
            print_overrides(portfolio, stderr=True)

    work = sum(len(bars[symbol]) for entry in portfolio.strategies for symbol in entry.symbols)
    with RunProgress(errors, work, enabled=shown) as progress:
        # What is still wrong with the input is refused before the first bar; files are written after the last.
        result = run_portfolio(portfolio, bars, on_checked=tell_what_was_checked, on_progress=progress.update)
    folder = write_run(result, portfolio, bars, out)
    if json:
        import json as json_text

        typer.echo(json_text.dumps(result.to_dict(), indent=2, ensure_ascii=False))
        return
    output.print()
    print_comparison(output, result.comparison_table)
    output.print()
    print_line(output, "report", str(folder / "report.html"))


def _refuse_file(out: Path) -> None:
    from podium.core.errors import ConfigurationError, Location, Problem

    if out.exists() and not out.is_dir():
        raise ConfigurationError(
            Problem(
                message=f"{out} is a file",
                location=Location(file="--out"),
                expected="a folder, made if it is missing",
            )
        )
