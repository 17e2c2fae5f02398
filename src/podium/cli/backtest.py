"""``podium backtest``: run a portfolio file on its bars and print who earned what."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.failures import RUN_FAILED, print_failure
from podium.cli.options import From, NoProgress, PortfolioPath, Settings, To, read_moment, read_settings
from podium.core.times import parse_end

if TYPE_CHECKING:
    from podium.backtest.result import OrchestratorResult
    from podium.core.errors import RunError

__all__ = ["backtest"]


def backtest(
    file: PortfolioPath,
    *,
    from_: From = None,
    to: To = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="where run folders are made")] = Path("runs"),
    json: Annotated[bool, typer.Option("--json", help="print the result as JSON instead of the table")] = False,
    attribution: Annotated[bool, typer.Option("--attribution", help="print what the result is made of, too")] = False,
    no_progress: NoProgress = False,
    set_: Settings = None,
) -> None:
    """Run a portfolio file on its bars and print who earned what."""
    from podium.portfolio.file import load_portfolio
    from podium.portfolio.overrides import ENVIRONMENT_PREFIX

    _refuse_unwritable(out)
    first, last = read_moment(from_, "--from"), read_moment(to, "--to", parse_end)
    # What strategies print is no part of the JSON.
    with redirect_stdout(sys.stderr) if json else nullcontext():
        portfolio = load_portfolio(file, read_settings(set_))
        # What reads bars is imported once the file is right: a mistake in it is told sooner.
        from podium.backtest.portfolio_bars import read_portfolio_bars

        bars = read_portfolio_bars(portfolio, first, last)
        environment = {name: value for name, value in os.environ.items() if name.startswith(ENVIRONMENT_PREFIX)}
        invocation = {"first": first, "last": last, "settings": read_settings(set_), "environment": environment}
        shown = not (no_progress or json)

        def keep_log(so_far: OrchestratorResult, failure: RunError) -> None:
            from podium.backtest.run_folder import write_failed_run

            with _told_failure():
                folder = write_failed_run(
                    so_far, failure, portfolio=portfolio, bars=bars, out=out, invocation=invocation
                )
                print_line(terminal_console(stderr=True), "log", str(folder / "log.jsonl"))

        def tell_checked(warnings: int) -> None:
            from podium.cli.summary import print_overrides, print_summary

            if shown:
                print_summary(portfolio, bars, warnings, stderr=True)
                print_overrides(portfolio, stderr=True)

        from podium.cli.progress import run_with_progress
        from podium.report.terminal import print_line, terminal_console

        result = run_with_progress(portfolio, bars, shown=shown, on_checked=tell_checked, on_failed=keep_log)
    from podium.backtest.run_folder import write_run
    from podium.core.interrupts import deferred_interrupt

    folder: Path | None = None
    with deferred_interrupt() as pressed:
        # What was computed is shown in any case: it may have taken long.
        with _told_failure():
            folder = write_run(result, portfolio, bars, out, invocation)
        if json:
            _print_json(result)
        else:
            _print_table(result, folder, attribution=attribution)
    # Flaws of the bars were counted before the run; these warnings are its own.
    for warning in result.warnings[: len(result.warnings) - len(result.market.flaws)]:
        typer.echo(warning, err=True)
    if folder is None:
        raise typer.Exit(RUN_FAILED)
    if not result.is_complete or pressed:
        raise KeyboardInterrupt


@contextmanager
def _told_failure() -> Iterator[None]:
    """Print that something could not be written, and go on."""
    from podium.core.errors import RunError

    try:
        yield
    except RunError as error:
        print_failure(error)


def _print_json(result: OrchestratorResult) -> None:
    import json

    typer.echo(json.dumps(result.to_dict(), indent=2, ensure_ascii=False))


def _print_table(result: OrchestratorResult, folder: Path | None, *, attribution: bool) -> None:
    from podium.report.terminal import (
        print_attribution,
        print_comparison,
        print_line,
        print_refusals,
        terminal_console,
    )

    console = terminal_console()
    console.print()
    print_comparison(console, result.comparison_table)
    console.print()
    if attribution:
        print_attribution(console, result.attributed)
        console.print()
    print_refusals(console, result.limit_refusals)
    if folder is not None:
        print_line(console, "report", str(folder / "report.html"))


def _refuse_unwritable(out: Path) -> None:
    """Refuse a folder for runs before minutes of work, not after them."""
    from podium.core.errors import ConfigurationError, Location, Problem

    expected, nearest = "a folder, made if it is missing", out
    try:
        nearest = next(folder for folder in (out, *out.parents) if folder.exists())
        with TemporaryDirectory(prefix=".podium-", dir=nearest):
            return
    except NotADirectoryError:
        message = f"{nearest} is a file"
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}"
        expected = "a folder on a disk with room that you may write to"
    raise ConfigurationError(Problem(message=message, location=Location(file="--out"), expected=expected))
