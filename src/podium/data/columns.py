"""Columns of bars as they came, and how they become series of bars.

Every reader ends here. Rows are kept exactly as they came, in their order: finding flaws is the work of ``quality``,
acting on them that of ``policy``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import DataError, Location, Problem, did_you_mean
from podium.core.times import NANOSECONDS_PER_SECOND, Timeframe
from podium.data.bars import BarSeries, BarSource

__all__ = ["PRICE_NAMES", "SYMBOL_NAME", "TIME_NAMES", "RawBars", "find_columns", "infer_timeframe", "time_label"]

#: Accepted names of the time; the first found counts.
TIME_NAMES = ("ts", "time", "timestamp", "date", "datetime", "open_time", "close_time")
PRICE_NAMES = ("open", "high", "low", "close")
VOLUME_NAME, SYMBOL_NAME = "volume", "symbol"
#: Fewer spacings between bars prove nothing: all of them may lie at holes.
_SPACINGS_THAT_TELL = 3
_ROLES = frozenset({*TIME_NAMES, *PRICE_NAMES, VOLUME_NAME, SYMBOL_NAME})
_EXPECTED = "columns open, high, low, close, volume (may be missing) and a time called " + ", ".join(TIME_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawBars:
    """Hold rows as they came from one source.

    Args:
        time: the label of each row, nanoseconds since 1970 UTC, shape ``(rows,)``.
        prices: ``open``, ``high``, ``low``, ``close`` by name, each of shape ``(rows,)``.
        volume: quantities, shape ``(rows,)``.
        symbols: the symbol of each row, ``None`` when the source names none.
        source: where the rows came from and which end of a bar ``time`` names.
    """

    time: NDArray[np.int64]
    prices: Mapping[str, NDArray[np.float64]]
    volume: NDArray[np.float64]
    symbols: NDArray[np.str_] | None
    source: BarSource

    def to_series(self, timeframe: Timeframe | None, symbol: str) -> dict[str, BarSeries]:
        """Make one series per symbol.

        Args:
            timeframe: the length of a bar, ``None`` to infer it from the commonest spacing.
            symbol: the name of the only symbol, when the source names none.

        Returns:
            Series by symbol, in the order in which the symbols first appear.

        Raises:
            DataError: when there are no rows, or the time frame cannot be told or contradicts the spacing.
        """
        if not len(self.time):
            raise self._error("there are no bars", expected="at least one bar")
        parts = self._rows_by_symbol(symbol)
        self._refuse_newest_first(parts)
        length, inferred = self._timeframe(timeframe, parts.values())
        shift = length.nanoseconds if self.source.label == "open" else 0
        source = replace(self.source, timeframe_inferred=inferred)
        return {
            name: BarSeries(
                symbol=name,
                timeframe=length,
                close_time=self.time[rows] + shift,
                volume=self.volume[rows],
                source=source,
                **{price: column[rows] for price, column in self.prices.items()},
            )
            for name, rows in parts.items()
        }

    def _rows_by_symbol(self, symbol: str) -> dict[str, slice | NDArray[np.intp]]:
        if self.symbols is None:
            return {symbol: slice(None)}
        names, first = np.unique(self.symbols, return_index=True)
        ordered = [str(names[position]) for position in np.argsort(first)]
        return {name: np.flatnonzero(self.symbols == name) for name in ordered}

    def _refuse_newest_first(self, parts: Mapping[str, slice | NDArray[np.intp]]) -> None:
        for symbol, rows in parts.items():
            times = self.time[rows]
            if times[0] > times[-1] and (times[1:] <= times[:-1]).all():
                raise self._error(
                    f"the bars{f' of {symbol}' if len(parts) > 1 else ''} are sorted newest first",
                    expected="the oldest bar first",
                    hint="sort the rows by time and write the file again" if self.source.file else "sort them by time",
                )

    def _timeframe(
        self, stated: Timeframe | None, parts: Collection[slice | NDArray[np.intp]]
    ) -> tuple[Timeframe, bool]:
        spacing = infer_timeframe([self.time[rows] for rows in parts])
        if stated is None:
            if spacing is None:
                raise self._error("the time frame cannot be told from a single bar", hint="state it: timeframe: 1h")
            return spacing, True
        # Bars may be missing, so a wider spacing proves nothing; a narrower one means that bars would overlap.
        if spacing is not None and spacing.nanoseconds < 0.99 * stated.nanoseconds:
            raise self._error(
                f"the bars are {spacing} apart, which is less than the time frame {stated}",
                expected=f"bars of {stated}",
                hint=f"state the time frame of the source ({spacing}); a strategy's own timeframe may be longer",
            )
        if spacing is not None and (spacing != stated or len(parts) > 1):
            for rows in parts:
                self._refuse_wider(stated, self.time[rows])
        return stated, False

    def _refuse_wider(self, stated: Timeframe, times: NDArray[np.int64]) -> None:
        """Refuse bars of which no two neighbours are as far apart as they are said to be long."""
        spacings = np.diff(times)
        spacings = spacings[spacings > 0]
        if len(spacings) < _SPACINGS_THAT_TELL:
            return
        # Real clocks jitter a little.
        if np.any(np.abs(spacings - stated.nanoseconds) <= 0.01 * stated.nanoseconds):
            return
        spacing = infer_timeframe([times])
        raise self._error(
            f"no two bars are {stated} apart; most are {spacing} apart",
            expected=f"bars of {stated}",
            hint=f"state the time frame of these bars: timeframe: {spacing}"
            + (f", and name the file by it (_{spacing})" if self.source.file else ""),
        )

    def _error(self, message: str, *, expected: str | None = None, hint: str | None = None) -> DataError:
        return DataError(Problem(message=message, location=self.source.location(), expected=expected, hint=hint))


def infer_timeframe(times: Iterable[NDArray[np.int64]]) -> Timeframe | None:
    """Find the commonest positive spacing.

    Args:
        times: one array of nanoseconds per symbol, any order.

    Returns:
        The spacing, rounded to whole seconds where it is at least one; ``None`` when there is none. Of equally common
        ones the shortest.
    """
    spacings = np.concatenate([np.diff(part) for part in times])
    positive = spacings > 0
    if not positive.all():
        spacings = spacings[positive]
    if not len(spacings):
        return None
    if 2 * np.count_nonzero(spacings == spacings[0]) > len(spacings):
        # More than half of all: nothing need be counted.
        spacings = spacings[:1]
    seconds = np.rint(spacings / NANOSECONDS_PER_SECOND).astype(np.int64) * NANOSECONDS_PER_SECOND
    values, counts = np.unique(np.where(seconds > 0, seconds, spacings), return_counts=True)
    return Timeframe(int(values[np.argmax(counts)]))


def find_columns(names: Iterable[str], location: Location | None, *, needs_time: bool = True) -> dict[str, str]:
    """Find the columns of bars among those of a table, in any case.

    Args:
        names: the table's column names.
        location: the file, for messages.
        needs_time: whether one of the columns must be the time (a pandas index may hold it instead).

    Returns:
        Original names by role: ``time`` (when there is one), ``open``, ``high``, ``low``, ``close``, and ``volume`` and
        ``symbol`` when there are any.

    Raises:
        DataError: naming all columns that are missing, or two columns of one name.
    """
    known: dict[str, str] = {}
    for name in names:
        role = name.strip().lower()
        if role in known and role in _ROLES:
            raise DataError(_twice(known[role], name, location))
        known.setdefault(role, name)
    roles = {role: known[role] for role in (*PRICE_NAMES, VOLUME_NAME, SYMBOL_NAME) if role in known}
    time = next((known[name] for name in TIME_NAMES if name in known), None)
    if time is not None:
        roles["time"] = time
    missing = [f"'{role}'" for role in PRICE_NAMES if role not in known]
    if time is None and needs_time:
        missing.insert(0, "for the time")
    if missing:
        columns = list(known.values())
        problem = Problem(
            message=f"there is no column {', '.join(missing)}; there are {', '.join(columns) or 'none'}",
            location=location,
            expected=_EXPECTED,
            hint=next(filter(None, (did_you_mean(role.strip("'"), columns) for role in missing)), None),
        )
        raise DataError(problem)
    return roles


def _twice(first: str, second: str, location: Location | None) -> Problem:
    return Problem(
        message=f"there are two columns '{first.strip()}' and '{second.strip()}'",
        location=location,
        expected="each column once, in whatever case",
        hint="take out one of them, or call it something else",
    )


def time_label(time_name: str, label: str) -> str:
    """Tell which end of a bar a time column names.

    Args:
        time_name: the column.
        label: what was stated for the source.

    Returns:
        ``close`` for a column called ``close_time``, ``open`` for ``open_time``, else what was stated.
    """
    return {"close_time": "close", "open_time": "open"}.get(time_name.strip().lower(), label)
