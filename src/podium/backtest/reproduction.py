"""Do a recorded run again and compare every byte that holds nothing of clock or machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ConfigDict, ValidationError

from podium.backtest.manifest import data_digest
from podium.backtest.portfolio_bars import read_portfolio_bars
from podium.backtest.portfolio_run import run_portfolio
from podium.backtest.result import OrchestratorResult
from podium.backtest.run_folder import REPRODUCED_FILES, write_reproduced
from podium.core.errors import ConfigurationError, InputError, Location, Problem
from podium.core.ids import digest
from podium.core.places import describe
from podium.data.bars import BarSeries
from podium.portfolio.file import PortfolioFile, load_portfolio

__all__ = ["reproduce_run"]


class _Invocation(BaseModel):
    first: int | None = None
    last: int | None = None
    settings: dict[str, str] = {}
    environment: dict[str, str] = {}


class _Manifest(BaseModel):
    """Hold what is needed of a manifest to do its run again."""

    model_config = ConfigDict(strict=True)

    is_complete: bool
    portfolio_file: str
    working_folder: str
    invocation: _Invocation
    data_sha256: str
    files: dict[str, str]


def reproduce_run(
    run: Path, run_again: Callable[[PortfolioFile, Mapping[str, BarSeries]], OrchestratorResult] = run_portfolio
) -> list[str]:
    """Run a recorded run again.

    Args:
        run: its folder.
        run_again: runs the portfolio, for whoever shows how far it is.

    Returns:
        One line per difference: files of the input that changed, then files of the result; none when all is the same.

    Raises:
        ConfigurationError: when the manifest cannot be read, the portfolio file is gone or the run was interrupted.
        KeyboardInterrupt: when the second run was interrupted.
    """
    manifest = _read(run / "manifest.json")
    run = run.resolve()
    with _inside(_working_folder(manifest, run)):
        changed = _changed(manifest)
        differences = [str(problem) for problem in changed]
        said = manifest.invocation
        try:
            portfolio = load_portfolio(_from_there(manifest.portfolio_file, manifest), said.settings, said.environment)
        except InputError as error:
            # What was changed is why it cannot be loaded any more.
            raise ConfigurationError([*changed, *error.problems]) from error
        bars = read_portfolio_bars(portfolio, said.first, said.last)
        if data_digest(bars) != manifest.data_sha256:
            differences.append("the bars: changed since the run")
        result = run_again(portfolio, bars)
        if not result.is_complete:
            raise KeyboardInterrupt
        with TemporaryDirectory() as folder:
            write_reproduced(result, Path(folder))
            differences += [
                f"{run / name}: differs in its {_first_difference(run / name, Path(folder) / name)}"
                for name in REPRODUCED_FILES
                if not (run / name).is_file() or (run / name).read_bytes() != (Path(folder) / name).read_bytes()
            ]
    return differences


def _read(path: Path) -> _Manifest:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        where = Location(file=str(path), line=error.lineno, column=error.colno)
        raise _unreadable(f"this is not JSON: {error.msg}", where) from error
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start} is not UTF-8", Location(file=str(path))) from error
    except (OSError, RecursionError) as error:
        raise _unreadable(f"the manifest cannot be read: {error}", Location(file=str(path))) from error
    try:
        manifest = _Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = describe(first["loc"], "the manifest")
        raise _unreadable(f"{place}: {first['msg'].lower()}", Location(file=str(path))) from error
    if not manifest.is_complete:
        raise ConfigurationError(
            Problem(
                message=f"the run {'failed' if path.parent.resolve().name.endswith('-failed') else 'was interrupted'}, "
                "so it cannot be done again the same",
                location=Location(file=str(path)),
                expected="a run that came to its last bar",
            )
        )
    return manifest


def _unreadable(message: str, location: Location) -> ConfigurationError:
    return ConfigurationError(
        Problem(
            message=message,
            location=location,
            expected="the manifest as podium backtest wrote it",
            hint="run the portfolio file again: the same input makes the same run folder",
        )
    )


def _from_there(file: str, manifest: _Manifest) -> Path:
    """See a recorded file from the working folder, so that a folder that was moved has it too."""
    path, folder = Path(file), Path(manifest.working_folder)
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _working_folder(manifest: _Manifest, run: Path) -> Path:
    """Find the folder that the run was started in; when it was moved, it is usually around the run."""
    recorded, file = Path(manifest.working_folder), _from_there(manifest.portfolio_file, manifest)
    for folder in (recorded, *run.parents):
        if (folder / file).is_file():
            return folder
    raise ConfigurationError(
        Problem(
            message=f"the run's portfolio file {recorded / file} is not there any more",
            location=Location(file=str(run / "manifest.json")),
            expected=f"it there, or {file} in a folder around {run}",
            hint="put the run beside its portfolio file, or run the portfolio file again from where it is now",
        )
    )


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in the folder in which the run was started, since its paths are seen from there."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _changed(manifest: _Manifest) -> list[Problem]:
    files = {_from_there(file, manifest): known for file, known in manifest.files.items()}
    return [
        Problem(message="changed since the run", location=Location(file=str(file)))
        for file, known in files.items()
        if not file.is_file() or digest(file.read_bytes()) != known
    ]


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
