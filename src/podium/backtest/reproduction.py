"""Do a recorded run again and compare every byte that holds nothing of clock or machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from podium.backtest.manifest import data_digest
from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.backtest.portfolio_run import run_portfolio
from podium.backtest.run_folder import REPRODUCED_FILES, write_reproduced
from podium.core.errors import ConfigurationError, InputError, Location, Problem
from podium.core.ids import digest
from podium.portfolio.file import load_portfolio

__all__ = ["reproduce_run"]


def reproduce_run(run: Path) -> list[str]:
    """Run a recorded run again.

    Args:
        run: its folder.

    Returns:
        One line per difference: files of the input that changed, then files of the result; none when all is the same.

    Raises:
        ConfigurationError: when the manifest cannot be read or the run was interrupted.
    """
    manifest = _read(run / "manifest.json")
    run = run.resolve()
    with _inside(Path(str(manifest["working_folder"])), run):
        said = manifest["invocation"]
        changed = _changed(manifest["files"])
        differences = [str(problem) for problem in changed]
        try:
            portfolio = load_portfolio(
                Path(str(manifest["portfolio_file"])), said.get("settings", {}), said.get("environment", {})
            )
        except InputError as error:
            # What was changed is why it cannot be loaded any more.
            raise ConfigurationError([*changed, *error.problems]) from error
        bars = read_portfolio_bars(portfolio, said.get("first"), said.get("last"))
        if data_digest(bars) != manifest["data_sha256"]:
            differences.append("the bars: changed since the run")
        result = run_portfolio(portfolio, bars)
        with TemporaryDirectory() as folder:
            write_reproduced(result, Path(folder))
            differences += [
                f"{run / name}: differs in its {_first_difference(run / name, Path(folder) / name)}"
                for name in REPRODUCED_FILES
                if not (run / name).is_file() or (run / name).read_bytes() != (Path(folder) / name).read_bytes()
            ]
    return differences


def _read(path: Path) -> dict[str, Any]:  # Any: JSON
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            Problem(message=f"the manifest cannot be read: {error}", location=Location(file=str(path)))
        ) from error
    if not manifest.get("is_complete"):
        raise ConfigurationError(
            Problem(
                message="the run was interrupted, so it cannot be done again the same",
                location=Location(file=str(path)),
                expected="a run that came to its last bar",
            )
        )
    return manifest


def _changed(files: Mapping[str, str]) -> list[Problem]:
    return [
        Problem(message="changed since the run", location=Location(file=file))
        for file, known in files.items()
        if not Path(file).is_file() or digest(Path(file).read_bytes()) != known
    ]


@contextmanager
def _inside(folder: Path, run: Path) -> Iterator[None]:
    """Work in the folder in which the run was started, since its paths are seen from there."""
    if not folder.is_dir():
        raise ConfigurationError(
            Problem(
                message=f"the run was started in {folder}, which is not there",
                location=Location(file=str(run / "manifest.json")),
                hint="run the portfolio file again from where it is now",
            )
        )
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _first_difference(old: Path, new: Path) -> str:
    if not old.is_file():
        return "being missing"
    before, now = old.read_bytes(), new.read_bytes()
    if old.suffix in (".jsonl", ".json"):
        lines = zip(before.splitlines(), now.splitlines(), strict=False)
        number = next((count for count, (one, other) in enumerate(lines, 1) if one != other), None)
        return f"line {number}" if number else "length"
    position = next((count for count, (one, other) in enumerate(zip(before, now, strict=False)) if one != other), None)
    return f"byte {position}" if position is not None else "length"
