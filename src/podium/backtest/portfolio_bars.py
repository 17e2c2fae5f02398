"""Read the bars that a portfolio file names, and say at its lines which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from podium.core.errors import ConfigurationError, DataError, InputError, Location, Problem
from podium.core.times import Timeframe, iso
from podium.data.bars import BarSeries
from podium.data.readers import read_bars, read_each
from podium.data.sample import SAMPLE_SYMBOLS, sample_market
from podium.portfolio.file import PortfolioFile

__all__ = ["read_portfolio_bars"]


def read_portfolio_bars(
    portfolio: PortfolioFile, first: int | None = None, last: int | None = None
) -> dict[str, BarSeries]:
    """Read the bars of every symbol of a portfolio file.

    Args:
        portfolio: the file.
        first: use bars that close after this time, nanoseconds since 1970 UTC; by default what the file says.
        last: use bars that close at or before this time; by default what the file says.

    Returns:
        Series by symbol, in the order of the file, as they came: flaws are for the quality check.

    Raises:
        ConfigurationError: for symbols without bars, at their line.
        DataError: when a file cannot be read, or no bar lies in the period.
    """
    found = _sample(portfolio) if portfolio.data_path is None else _files(portfolio, portfolio.data_path)
    if missing := portfolio.missing_bars(found):
        raise ConfigurationError(missing)
    start = portfolio.first if first is None else first
    end = portfolio.last if last is None else last
    if start is not None and end is not None and start >= end:
        where = portfolio.locate("data", "to") if last is None else Location(file="--to")
        message, expected = f"the period ends at {iso(end)}", f"an end after its start {iso(start)}"
        raise ConfigurationError(Problem(message=message, location=where, expected=expected))
    return {symbol: _cut(found[symbol], start, end, portfolio) for symbol in portfolio.symbols}


def _sample(portfolio: PortfolioFile) -> dict[str, BarSeries]:
    if missing := portfolio.missing_bars(dict.fromkeys(SAMPLE_SYMBOLS)):
        raise ConfigurationError(
            [replace(problem, message=f"{problem.message} in the sample market") for problem in missing]
        )
    stated = portfolio.data.timeframe
    if stated is not None and Timeframe.parse(stated) != Timeframe.parse("1h"):
        raise ConfigurationError(
            Problem(
                message=f"the sample market has no bars of {stated}",
                location=portfolio.locate("data", "timeframe"),
                expected="1h; a strategy may decide on longer bars with its own timeframe",
            )
        )
    return sample_market(symbols=tuple(portfolio.symbols))


def _files(portfolio: PortfolioFile, path: Path) -> dict[str, BarSeries]:
    data = portfolio.data
    where = portfolio.locate("data", "path")
    try:
        if path.is_dir():
            return _folder(portfolio, path)
        if path.suffix != f".{data.source}":
            raise DataError(
                Problem(
                    message=f"{path} is no {data.source} file",
                    location=where,
                    expected=f"a .{data.source} file or a folder of them",
                    hint=f"write source: {path.suffix[1:]}" if path.suffix in (".csv", ".parquet") else None,
                )
            )
        return read_bars(path, timeframe=data.timeframe, label=data.label)
    except InputError as error:
        raise DataError([problem.located(where) for problem in error.problems]) from error


def _folder(portfolio: PortfolioFile, folder: Path) -> dict[str, BarSeries]:
    """Read the files that bear the symbols' names; the others only when a symbol is in none of those."""
    data = portfolio.data
    named = _named_files(portfolio, folder)
    found = read_bars(named, timeframe=data.timeframe, label=data.label) if named else {}
    if len(found) == len(portfolio.symbols):
        return found
    others, problems = read_each(folder, timeframe=data.timeframe, label=data.label)
    if problems and not others:
        raise DataError(problems)
    for series in others:
        known = found.get(series.symbol)
        if known is not None and series.symbol in portfolio.symbols and series.symbol not in named:
            files = [str(one.source.file) for one in (known, series)]
            raise DataError(_several(portfolio, series.symbol, files))
        found.setdefault(series.symbol, series)
    return found


def _named_files(portfolio: PortfolioFile, folder: Path) -> dict[str, Path]:
    """Find the one file of each symbol by its name, so that no other file needs to be read."""
    named: dict[str, Path] = {}
    problems: list[Problem] = []
    suffix = f".{portfolio.data.source}"
    files = sorted(file for file in folder.iterdir() if file.suffix == suffix)
    for symbol in portfolio.symbols:
        stem = symbol.replace("/", "-")
        own = [file for file in files if file.stem == stem or file.stem.rpartition("_")[0] == stem]
        exact = [file for file in own if file.stem == f"{stem}_{portfolio.data.timeframe}"]
        chosen = exact or own
        if len(chosen) > 1:
            problems.append(_several(portfolio, symbol, [str(file) for file in chosen]))
        elif chosen:
            named[symbol] = chosen[0]
    if problems:
        raise DataError(problems)
    return named


def _several(portfolio: PortfolioFile, symbol: str, files: Sequence[str]) -> Problem:
    return Problem(
        message=f"'{symbol}' is in {len(files)} files: {', '.join(files)}",
        location=portfolio.locate("symbols", symbol, key=True),
        expected="one file per symbol",
        hint="state the time frame to pick the file that bears it in its name, such as data: {timeframe: 1h}",
    )


def _cut(series: BarSeries, start: int | None, end: int | None, portfolio: PortfolioFile) -> BarSeries:
    if start is None and end is None:
        return series
    # A bar that closes at the start belongs to the time before it.
    rows = series.close_time > (start if start is not None else series.close_time.min() - 1)
    rows &= series.close_time <= (end if end is not None else series.close_time.max())
    if not rows.any():
        held = f"{iso(int(series.close_time.min()))} to {iso(int(series.close_time.max()))}"
        raise DataError(
            Problem(
                message=f"no bar of '{series.symbol}' lies in the period",
                location=portfolio.locate("symbols", series.symbol, key=True),
                expected=f"a period within {held}",
                hint="change --from and --to, or data.from and data.to",
            )
        )
    return series if rows.all() else series.select(rows)
