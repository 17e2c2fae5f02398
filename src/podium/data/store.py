"""The append-only bar store of a run.

A run's indicators are opened at its *origin*, the first bar of each symbol in this store, so bars are only ever added
at the end and never changed. In memory a column is a buffer that grows by doubling; in a folder it is a file of
little-endian numbers, memory mapped. A row of a folder counts once its close time is written, which is written last: a
crash in the middle of an append loses that append and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np

from podium.core.errors import DataError, Location, Problem, did_you_mean
from podium.core.ids import digest
from podium.core.times import Timeframe, iso
from podium.data.bars import Bar, BarSeries, BarSource
from podium.data.store_columns import COLUMN_NAMES, Columns, FileColumns, MemoryColumns

__all__ = ["BarStore"]

_MANIFEST = "store.json"
_FORMAT = 1


class BarStore:
    """Keep the bars of a run, per symbol, growing at the end only.

    Args:
        timeframe: the length of every bar.
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self._folder: Path | None = None
        self._columns: dict[str, Columns] = {}

    @classmethod
    def of(cls, series: Mapping[str, BarSeries]) -> BarStore:
        """Make a store in memory from checked bars.

        Args:
            series: bars by symbol, at least one symbol, all of one time frame.

        Returns:
            The store; first bars are taken over without a copy.

        Raises:
            DataError: when the time frames differ or the bars are not in order.
        """
        store = cls(next(iter(series.values())).timeframe)
        for part in series.values():
            store.append(part)
        return store

    @classmethod
    def open(cls, folder: Path, timeframe: Timeframe | None = None) -> BarStore:
        """Open the store of a folder, or start one there.

        Args:
            folder: the folder; it is made when it is not there.
            timeframe: the length of every bar; may be left out when the store exists.

        Returns:
            The store; what is appended to it is written there.

        Raises:
            DataError: when the folder holds a store of another time frame or format, or none and no time frame is
                stated.
        """
        length, symbols = _read_manifest(folder, timeframe)
        store = cls(length)
        store._folder = folder
        store._columns = {symbol: FileColumns(_symbol_folder(folder, symbol)) for symbol in symbols}
        folder.mkdir(parents=True, exist_ok=True)
        store._write_manifest()
        return store

    @property
    def symbols(self) -> tuple[str, ...]:
        """Name the symbols, in the order in which they came."""
        return tuple(self._columns)

    def append(self, bars: BarSeries | Iterable[Bar]) -> None:
        """Add bars at the end of their symbols.

        Args:
            bars: one series, or single bars of any symbols, oldest first.

        Raises:
            DataError: when a bar is not later than the one before it, or of another time frame. Nothing is added then
                of that series, or of that symbol's single bars.
        """
        if isinstance(bars, BarSeries):
            self._append_series(bars)
            return
        by_symbol: dict[str, list[Bar]] = {}
        for bar in bars:
            by_symbol.setdefault(bar.symbol, []).append(bar)
        for symbol, part in by_symbol.items():
            self._append_series(BarSeries.of(symbol, self.timeframe, part))

    def origin(self, symbol: str) -> int:
        """Tell when the first bar of a symbol closed.

        Args:
            symbol: one of ``symbols``.

        Returns:
            Nanoseconds since 1970 UTC.

        Raises:
            DataError: when the store has no such symbol.
        """
        return int(self._of(symbol).column("close_time")[0])

    def series(self, symbol: str) -> BarSeries:
        """Give all bars of a symbol so far, without a copy. Later appends do not change it.

        Args:
            symbol: one of ``symbols``.

        Returns:
            The bars.

        Raises:
            DataError: when the store has no such symbol.
        """
        columns = self._of(symbol)
        times = columns.column("close_time").view(np.int64)
        prices = {name: columns.column(name).view(np.float64) for name in COLUMN_NAMES[:-1]}
        return BarSeries(symbol=symbol, timeframe=self.timeframe, close_time=times, source=BarSource(), **prices)

    def digest(self) -> str:
        """Name the content by a hash, for the manifest of a run.

        Returns:
            64 hexadecimal digits over time frame, symbols and all columns; the order in which the symbols came is no
            part of it.
        """
        parts = [str(self.timeframe.nanoseconds).encode()]
        for symbol in sorted(self._columns):
            parts.append(symbol.encode())
            for name in COLUMN_NAMES:
                column = np.ascontiguousarray(self._columns[symbol].column(name))
                parts.append(hashlib.sha256(column.data).digest())
        return digest(*parts)

    def _of(self, symbol: str) -> Columns:
        if symbol not in self._columns:
            problem = Problem(
                message=f"the bar store has no symbol {symbol}; it has {', '.join(self._columns) or 'none'}",
                hint=did_you_mean(symbol, self._columns),
            )
            raise DataError(problem)
        return self._columns[symbol]

    def _append_series(self, series: BarSeries) -> None:
        if series.timeframe != self.timeframe:
            message = f"{series.symbol}: the bars are of {series.timeframe}, the others of {self.timeframe}"
            raise DataError(Problem(message=message, expected="one time frame for all bars of a run"))
        known = self._columns.get(series.symbol)
        _refuse_backward(series, int(known.column("close_time")[-1]) if known else None)
        if not len(series):
            return
        if known is None:
            known = self._new_columns(series.symbol)
        known.extend(series)
        if series.symbol not in self._columns:
            self._columns[series.symbol] = known
            self._write_manifest()

    def _new_columns(self, symbol: str) -> Columns:
        return MemoryColumns() if self._folder is None else FileColumns.fresh(_symbol_folder(self._folder, symbol))

    def _write_manifest(self) -> None:
        if self._folder is None:
            return
        content = {
            "format": _FORMAT,
            "timeframe_nanoseconds": self.timeframe.nanoseconds,
            "symbols": list(self._columns),
        }
        draft = self._folder / f"{_MANIFEST}.draft"
        draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        draft.replace(self._folder / _MANIFEST)


def _symbol_folder(folder: Path, symbol: str) -> Path:
    return folder / quote(symbol, safe=" ").replace(".", "%2E")


def _read_manifest(folder: Path, timeframe: Timeframe | None) -> tuple[Timeframe, list[str]]:
    file = folder / _MANIFEST
    location = Location(file=str(file))
    if not file.exists():
        if timeframe is None:
            problem = Problem(message="there is no bar store yet", location=location, hint="state its time frame")
            raise DataError(problem)
        return timeframe, []
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = content["format"], Timeframe(int(content["timeframe_nanoseconds"])), [*content["symbols"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(Problem(message=f"this is no bar store: {error}", location=location)) from error
    if found[0] != _FORMAT:
        message = f"the bar store has format {found[0]}"
        raise DataError(Problem(message=message, location=location, expected=f"format {_FORMAT}"))
    if timeframe not in (None, found[1]):
        message = f"the bar store holds bars of {found[1]}"
        raise DataError(Problem(message=message, location=location, expected=f"bars of {timeframe}"))
    return found[1], found[2]


def _refuse_backward(series: BarSeries, last: int | None) -> None:
    times = series.close_time
    late = np.flatnonzero(np.diff(times, prepend=times[:1] - 1 if last is None else last) <= 0)
    if not len(late):
        return
    row = int(late[0])
    before = int(times[row - 1]) if row else last or 0
    problem = Problem(
        message=f"{series.symbol}: row {row} closes at {iso(int(times[row]))}, not later than {iso(before)} before it",
        location=series.source.location(row),
        expected="bars in order of time, each once; a store only grows at its end",
        hint="sort the bars and remove repeated ones, or state the policy: duplicate: drop, backward_time: drop",
    )
    raise DataError(problem)
