"""Times as they stand in frames and files, turned into nanoseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.core.errors import DataError, Location, Problem
from podium.core.times import to_nanoseconds
from podium.data.bars import BarSource

__all__ = ["column_to_nanoseconds", "epoch_to_nanoseconds", "value_to_nanoseconds"]

EXPECTED_TIME = "ISO 8601 with a zone, such as 2024-01-31T12:00Z, or whole seconds, ms, us or ns since 1970"
#: Whole numbers below the limit are counted in the unit: 10¹¹ s is the year 5138, 10¹¹ ms is 1973.
_EPOCH_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
_ZONE = r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$"


def epoch_to_nanoseconds(values: NDArray[np.int64], location: Location | None = None) -> NDArray[np.int64]:
    """Read whole numbers as seconds, milliseconds, microseconds or nanoseconds since 1970, by their magnitude.

    Args:
        values: shape ``(rows,)``; the largest decides for all.
        location: the file, for the message.

    Returns:
        Nanoseconds.

    Raises:
        DataError: when the numbers look like dates without dashes (20240131).
    """
    largest = int(np.max(np.abs(values), initial=0))
    if len(values) and int(values.min()) >= 19_000_101 and largest <= 21_001_231:
        message = f"the time {values[0]} looks like a date without dashes"
        raise DataError(Problem(message=message, location=location, expected=EXPECTED_TIME))
    factor = next((factor for limit, factor in _EPOCH_UNITS if largest < limit), 1)
    return values * np.int64(factor)


def value_to_nanoseconds(value: object) -> int:
    """Read the time of one bar object.

    Args:
        value: an aware datetime, ISO 8601 text with a zone, or a whole number since 1970.

    Returns:
        Nanoseconds.

    Raises:
        DataError: when it is none of these, or has no zone.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise DataError(Problem(message=f"{value!r} is not a time", expected=EXPECTED_TIME)) from None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            message = f"the time {value.isoformat()} has no zone"
            hint = f"add it: datetime({value.year}, {value.month}, {value.day}, tzinfo=UTC)"
            raise DataError(Problem(message=message, expected="an aware datetime in UTC", hint=hint))
        return to_nanoseconds(value)
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(epoch_to_nanoseconds(np.array([value], dtype=np.int64))[0])
    raise DataError(Problem(message=f"{value!r} is not a time", expected=EXPECTED_TIME))


def column_to_nanoseconds(column: pl.Series, source: BarSource) -> tuple[NDArray[np.int64], bool]:
    """Read a time column of a frame or file.

    Args:
        column: datetimes, dates, whole numbers or text.
        source: where it stands, for messages.

    Returns:
        Nanoseconds, and whether any time of day came without a zone and was taken as UTC. A date names a UTC day and
        lacks nothing.

    Raises:
        DataError: naming the first row that is no time.
    """
    if column.dtype == pl.String:
        return _text(column, source)
    if isinstance(column.dtype, pl.Datetime):
        naive = column.dtype.time_zone is None
        return _complete(column.dt.timestamp("ns"), column, source), naive
    if column.dtype == pl.Date:
        return _complete(column.cast(pl.Datetime("ns")).dt.timestamp("ns"), column, source), False
    if column.dtype.is_numeric():
        return _numbers(column, source), False
    raise _no_time(column, 0, source)


def _text(column: pl.Series, source: BarSource) -> tuple[NDArray[np.int64], bool]:
    text = column.str.strip_chars()
    if text.str.contains(r"^\d+$").all():
        return _numbers(text, source), False
    # Only ISO 8601: a guess between 01/02 and 02/01 would be silent.
    iso = text.str.contains(r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)").fill_null(value=False)
    parsed = text.set(~iso, None).str.to_datetime(time_unit="ns", time_zone="UTC", strict=False).dt.timestamp("ns")
    values = parsed.to_list() if parsed.null_count() else None
    if values is not None:
        # Rows written unlike the first one, such as with and without fractions of a second.
        values = [_one_text(text[row]) if value is None and iso[row] else value for row, value in enumerate(values)]
        parsed = pl.Series(values, dtype=pl.Int64)
    naive = bool((text.str.contains("[T ]") & ~text.str.contains(_ZONE)).any())
    return _complete(parsed, column, source), naive


def _one_text(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return to_nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _numbers(column: pl.Series, source: BarSource) -> NDArray[np.int64]:
    whole = column.cast(pl.Int64, strict=False)
    if column.dtype.is_float():
        whole = whole.set((whole.cast(column.dtype) != column).fill_null(value=True), None)
    return epoch_to_nanoseconds(_complete(whole, column, source), source.location())


def _complete(nanoseconds: pl.Series, column: pl.Series, source: BarSource) -> NDArray[np.int64]:
    if nanoseconds.null_count():
        raise _no_time(column, int(nanoseconds.is_null().arg_max() or 0), source)
    return nanoseconds.to_numpy().astype(np.int64)


def _no_time(column: pl.Series, row: int, source: BarSource) -> DataError:
    value = column[row] if len(column) else None
    message = f"row {row}: the time is {'missing' if value is None else f'{value!r}, which is not a time'}"
    return DataError(Problem(message=message, location=source.location(row), expected=EXPECTED_TIME))
