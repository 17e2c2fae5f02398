"""``podium reproduce``: run a recorded run again and compare every byte."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.options import NoProgress

__all__ = ["reproduce"]


def reproduce(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="a folder that a backtest left behind")],
    *,
    no_progress: NoProgress = False,
) -> None:
    """Run a recorded run again and compare its files byte for byte."""
    from podium.core.errors import ConfigurationError, Location, Problem, did_you_mean

    if not (run / "manifest.json").is_file():
        near = sorted(entry.name for entry in run.parent.glob("*") if entry.is_dir())
        raise ConfigurationError(
            Problem(
                message="there is no run here",
                location=Location(file=str(run)),
                expected="a folder that podium backtest left behind, with a manifest.json in it",
                hint=did_you_mean(run.name, near),
            )
        )
    from podium.backtest.reproduction import reproduce_run
    from podium.cli.progress import run_with_progress

    differences = reproduce_run(run, partial(run_with_progress, shown=not no_progress))
    for difference in differences:
        typer.echo(difference)
    if differences:
        if not any(str(run.resolve()) in difference for difference in differences):
            typer.echo(f"  {run}: every byte of the result is the same, although the input changed")
        raise typer.Exit(1)
    typer.echo(f"  {run}: every byte is the same")
