"""``podium report``: put recorded runs side by side on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="folders that backtests left behind")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="where the page goes")] = Path("comparison.html"),
) -> None:
    """Put recorded runs side by side on one page."""
    from podium.core.errors import ConfigurationError, InputError, Location, Problem, RunError

    _refuse_folder(out)
    from podium.report.recorded_run import RecordedRun, read_run

    read: list[RecordedRun] = []
    problems: list[Problem] = []
    for folder in runs:
        try:
            read.append(read_run(folder))
        except InputError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(problems)
    from podium.report.document import write_page
    from podium.report.run_comparison import comparison_page
    from podium.report.terminal import print_line, terminal_console

    try:
        write_page(comparison_page(read), out)
    except OSError as error:
        told = Problem(
            message=f"cannot be written: {error.strerror}",
            location=Location(file=str(out)),
            expected="a file in a folder that you may write to",
        )
        raise RunError(str(told)) from error
    print_line(terminal_console(), "report", str(out))


def _refuse_folder(out: Path) -> None:
    from podium.core.errors import ConfigurationError, Location, Problem

    if out.is_dir():
        message, expected = f"{out} is a folder", "a file, such as comparison.html"
    elif not out.absolute().parent.is_dir():
        message, expected = f"there is no folder {out.parent}", "a file in a folder that exists"
    else:
        return
    raise ConfigurationError(Problem(message=message, location=Location(file="--out"), expected=expected))
