"""``podium data``: look bars over, and make the sample market."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.options import read_whole_number

__all__ = ["app"]

app = typer.Typer(help="Look bars over, and make sample bars.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="a .parquet or .csv file, or a folder of them")],
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", metavar="LENGTH", help="the length of a bar, such as 1h")
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="END", help="which end of a bar its time names: open or close")
    ] = "open",
    tick: Annotated[
        str | None, typer.Option("--tick", metavar="STEP", help="the step of prices; with it off-tick prices are found")
    ] = None,
) -> None:
    """Say what is wrong with bars; nothing is changed."""
    from podium.core.errors import DataError, Problem
    from podium.data.quality import check_bars
    from podium.data.readers import read_each

    step = _tick(tick)
    if label not in ("open", "close"):
        raise DataError(Problem(message=f"--label is '{label}'", expected="open or close"))
    found, problems = read_each(path, timeframe=timeframe, label=label)
    for series in found:
        typer.echo(check_bars(series, step).summary)
    if problems:
        raise DataError(problems)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="where to write the files")],
    seed: Annotated[str, typer.Option("--seed", metavar="NUMBER", help="equal seeds give equal bars")] = "12",
) -> None:
    """Write the synthetic sample market as Parquet files."""
    from podium.core.errors import ConfigurationError, Location, Problem
    from podium.data.sample import write_sample

    try:
        files = write_sample(folder, seed=read_whole_number(seed, "--seed"))
    except OSError as error:
        raise ConfigurationError(
            Problem(
                message=f"cannot write here: {error.strerror}",
                location=Location(file=str(folder)),
                expected="a folder that can be written to",
            )
        ) from None
    for file in files:
        typer.echo(file)


def _tick(text: str | None) -> Decimal | None:
    from podium.core.errors import ConfigurationError, Problem

    if text is None:
        return None
    try:
        step = Decimal(text)
    except InvalidOperation:
        step = Decimal(0)
    if not (step.is_finite() and step > 0):
        raise ConfigurationError(Problem(message=f"--tick is '{text}'", expected="a number above 0, such as 0.01"))
    return step
