"""Read bars from whatever holds them: files, folders, frames, lists, or a dict of any of these.

The rows stay as they came, in their order; their flaws are found by ``quality`` and never repaired in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from podium.core.errors import DataError, Location, Problem, did_you_mean
from podium.core.times import Timeframe
from podium.data.bar_objects import read_objects
from podium.data.bars import BarSeries, BarSource
from podium.data.columns import RawBars
from podium.data.frames import FILE_SUFFIXES, read_file, read_pandas, read_polars

__all__ = ["DEFAULT_SYMBOL", "read_bars", "read_each"]

#: The symbol of bars that come alone and without a name.
DEFAULT_SYMBOL = "DEFAULT"
_FILE_NAME = re.compile(r"^(?P<symbol>.+?)(?:_(?P<timeframe>\d+[smhdwM]))?$")
_EXPECTED = "a path, a polars or pandas frame, a list of bars, a BarSeries, or a dict from symbol to one of these"


def read_bars(
    source: object,
    *,
    timeframe: str | Timeframe | None = None,
    label: str = "open",
    symbol: str | None = None,
) -> dict[str, BarSeries]:
    """Read bars.

    Args:
        source: a ``.parquet`` or ``.csv`` file, a folder of them (``BTC-USDT_1h.parquet`` holds ``BTC/USDT``), a
            polars or pandas frame, a list of bar objects or mappings, a ``BarSeries``, or a dict from symbol to any of
            these. A ``symbol`` column or attribute splits a source.
        timeframe: the length of a bar, such as ``1h``. By default what the file name says, else the commonest spacing.
        label: which end of a bar its time names, ``open`` or ``close``. A column ``close_time`` always names the close.
        symbol: the name of the only symbol. By default what the file name says, else ``DEFAULT``.

    Returns:
        Series by symbol: files in the order of their names, others in the order in which they come.

    Raises:
        DataError: when the source cannot be read, saying where and what was expected.
    """
    if label not in ("open", "close"):
        raise DataError(Problem(message=f"label is {label!r}", expected="open or close"))
    length = Timeframe.parse(timeframe) if isinstance(timeframe, str) else timeframe
    series = _read(source, length, label, symbol)
    if not series:
        raise DataError(Problem(message="there are no bars", expected=_EXPECTED))
    return series


def read_each(
    path: Path, *, timeframe: str | Timeframe | None = None, label: str = "open"
) -> tuple[list[BarSeries], list[Problem]]:
    """Read what can be read of a file or a folder.

    Args:
        path: a ``.parquet`` or ``.csv`` file, or a folder of them.
        timeframe: the length of a bar, as for ``read_bars``.
        label: which end of a bar its time names, ``open`` or ``close``.

    Returns:
        The series in the order of the files, and what is wrong with those files of a folder that cannot be read. One
        symbol may come from several files.

    Raises:
        DataError: when a single file, or the folder itself, cannot be read.
    """
    if not path.is_dir():
        return [*read_bars(path, timeframe=timeframe, label=label).values()], []
    length = Timeframe.parse(timeframe) if isinstance(timeframe, str) else timeframe
    series: list[BarSeries] = []
    problems: list[Problem] = []
    for found, wrong in _each_file(path, length, label):
        series += found.values()
        problems += wrong
    return series, problems


def _read(source: object, timeframe: Timeframe | None, label: str, symbol: str | None) -> dict[str, BarSeries]:
    if isinstance(source, str | Path):
        return _read_path(Path(source), timeframe, label, symbol)
    if isinstance(source, BarSeries):
        if timeframe not in (None, source.timeframe):
            message = f"{source.symbol}: the bars are of {source.timeframe}, the time frame stated is {timeframe}"
            raise DataError(Problem(message=message, expected=f"timeframe: {source.timeframe}, or none"))
        return _named(source, symbol)
    if isinstance(source, Mapping):
        return _read_mapping(source, timeframe, label)
    return _raw(source, BarSource(label=label)).to_series(timeframe, symbol or DEFAULT_SYMBOL)


def _raw(source: object, origin: BarSource) -> RawBars:
    if isinstance(source, pl.DataFrame):
        return read_polars(source, origin)
    if type(source).__module__.split(".")[0] == "pandas" and hasattr(source, "iloc") and hasattr(source, "columns"):
        return read_pandas(source, origin)
    if isinstance(source, Sequence) and not isinstance(source, str | bytes):
        return read_objects(source, origin)
    raise DataError(Problem(message=f"cannot read bars from {type(source).__name__}", expected=_EXPECTED))


def _named(series: BarSeries, symbol: str | None) -> dict[str, BarSeries]:
    if not len(series):
        raise DataError(Problem(message=f"{series.symbol}: there are no bars", expected="at least one bar"))
    name = symbol or series.symbol
    return {name: series if name == series.symbol else replace(series, symbol=name)}


def _read_mapping(source: Mapping[object, object], timeframe: Timeframe | None, label: str) -> dict[str, BarSeries]:
    series: dict[str, BarSeries] = {}
    problems: list[Problem] = []
    for name, part in source.items():
        try:
            series |= _read_member(str(name), part, timeframe, label)
        except DataError as error:
            problems += (replace(problem, message=f"{name}: {problem.message}") for problem in error.problems)
    if problems:
        raise DataError(problems)
    return series


def _read_member(name: str, part: object, timeframe: Timeframe | None, label: str) -> dict[str, BarSeries]:
    found = _read(part, timeframe, label, name)
    if len(found) != 1:
        message = f"holds {len(found)} symbols: {', '.join(found)}"
        raise DataError(Problem(message=message, expected="bars of one symbol under each name of the dict"))
    return _named(next(iter(found.values())), name)


def _read_path(path: Path, timeframe: Timeframe | None, label: str, symbol: str | None) -> dict[str, BarSeries]:
    if path.is_dir():
        return _read_folder(path, timeframe, label)
    if not path.exists():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        problem = Problem(
            message="there is no such file or folder",
            location=Location(file=str(path)),
            expected="a .parquet or .csv file, or a folder of them",
            hint=did_you_mean(path.name, siblings),
        )
        raise DataError(problem)
    if path.suffix not in FILE_SUFFIXES:
        message = f"files of kind '{path.suffix}' cannot be read"
        raise DataError(
            Problem(message=message, location=Location(file=str(path)), expected=" or ".join(FILE_SUFFIXES))
        )
    name, hint = _from_file_name(path)
    if timeframe is not None and hint not in (None, timeframe):
        raise DataError(
            Problem(
                message=f"the name of the file says bars of {hint}, the time frame stated is {timeframe}",
                location=Location(file=str(path)),
                expected=f"bars of {timeframe}",
                hint=f"write timeframe: {hint}, or rename the file if its name is wrong",
            )
        )
    return read_file(path, label).to_series(timeframe or hint, symbol or name)


def _from_file_name(path: Path) -> tuple[str, Timeframe | None]:
    match = _FILE_NAME.match(path.stem)
    symbol, timeframe = (match["symbol"], match["timeframe"]) if match else (path.stem, None)
    # A month (1M) has no fixed length; its bars are measured instead.
    stated = Timeframe.parse(timeframe) if timeframe and not timeframe.endswith("M") and timeframe[0] != "0" else None
    return symbol.replace("-", "/"), stated


def _read_folder(folder: Path, timeframe: Timeframe | None, label: str) -> dict[str, BarSeries]:
    series: dict[str, BarSeries] = {}
    problems: list[Problem] = []
    for found, wrong in _each_file(folder, timeframe, label):
        problems += wrong
        problems += (_twice(found[name], series[name].source) for name in found.keys() & series.keys())
        series |= found
    if problems:
        raise DataError(problems)
    return series


def _each_file(
    folder: Path, timeframe: Timeframe | None, label: str
) -> Iterator[tuple[dict[str, BarSeries], Sequence[Problem]]]:
    """Give the series of each file of a folder, or what is wrong with it."""
    files = sorted(file for file in folder.iterdir() if file.suffix in FILE_SUFFIXES)
    if not files:
        length = timeframe or "1h"
        problem = Problem(
            message="the folder holds no bars",
            location=Location(file=str(folder)),
            expected=f"files such as BTC-USDT_{length}.parquet or BTC-USDT_{length}.csv",
        )
        raise DataError(problem)
    for file in _of_timeframe(files, timeframe):
        try:
            yield _read_path(file, timeframe, label, None), ()
        except DataError as error:
            yield {}, error.problems


def _of_timeframe(files: list[Path], timeframe: Timeframe | None) -> list[Path]:
    # Of several files of one symbol, a stated time frame picks the one that bears it in its name.
    names = [_from_file_name(file) for file in files]
    picked = {symbol for symbol, stated in names if timeframe is not None and stated == timeframe}
    return [
        file for file, (symbol, stated) in zip(files, names, strict=True) if stated == timeframe or symbol not in picked
    ]


def _twice(series: BarSeries, other: BarSource) -> Problem:
    return Problem(
        message=f"{series.symbol} is in two files, also in {other.file}",
        location=series.source.location(),
        expected="one file per symbol",
        hint=f"state the time frame to pick one (timeframe: {series.timeframe}), or name the files apart",
    )
