"""``podium reproduce``: run a recorded run again and compare every byte."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["reproduce"]


def reproduce(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="a folder that a backtest left behind")],
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

    differences = reproduce_run(run)
    for difference in differences:
        typer.echo(difference)
    if differences:
        raise typer.Exit(1)
    typer.echo(f"  {run}: every byte is the same")
