"""Times as they stand in frames and files, turned into nanoseconds since 1970 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.core.errors import ConfigurationError, DataError, Location, Problem
from podium.core.times import NANOSECONDS_PER_DAY, YEARS, to_nanoseconds
from podium.data.bars import BarSource

__all__ = ["column_to_nanoseconds", "epoch_to_nanoseconds", "value_to_nanoseconds"]

EXPECTED_TIME = "ISO 8601 with a zone, such as 2024-01-31T12:00Z, or whole seconds, ms, us or ns since 1970"
_UNSAID = BarSource()
#: Whole numbers below the limit are counted in the unit: 10¹¹ s is the year 5138, 10¹¹ ms is 1973.
_EPOCH_UNITS = ((10**11, 10**9), (10**14, 10**6), (10**17, 10**3))
#: What fits, as counted in units of a number of nanoseconds.
_FIRST, _LAST = (to_nanoseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in YEARS)
_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6}
_ZONE = r"[T ].*(Z|[+-]\d\d(:?\d\d)?)$"


def epoch_to_nanoseconds(values: NDArray[np.int64], source: BarSource = _UNSAID) -> NDArray[np.int64]:
    """Read whole numbers as seconds, milliseconds, microseconds or nanoseconds since 1970, by their magnitude.

    Args:
        values: shape ``(rows,)``; the largest decides for all.
        source: where they stand, for messages.

    Returns:
        Nanoseconds.

    Raises:
        DataError: when the numbers look like dates without dashes (20240131), or one is of a year that does not fit.
    """
    largest = max(int(np.max(values, initial=0)), -int(np.min(values, initial=0)))
    if len(values) and int(values.min()) >= 19_000_101 and largest <= 21_001_231:
        message = f"the time {values[0]} looks like a date without dashes"
        raise DataError(Problem(message=message, location=source.location(), expected=EXPECTED_TIME))
    factor = next((factor for limit, factor in _EPOCH_UNITS if largest < limit), 1)
    _refuse_far(pl.Series(values), factor, source)
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
        try:
            return to_nanoseconds(value)
        except ConfigurationError as error:
            raise DataError(error.problems) from None
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        if not _FIRST <= value < _LAST:
            raise _far(f"the time {value}", None)
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
        _refuse_far(column.to_physical(), _NANOSECONDS[column.dtype.time_unit], source)
        return _complete(column.dt.timestamp("ns"), column, source), naive
    if column.dtype == pl.Date:
        _refuse_far(column.to_physical(), NANOSECONDS_PER_DAY, source)
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
    year = text.str.slice(0, 4)
    far = iso & ((year < str(YEARS[0])) | (year > str(YEARS[1])))
    if far.any():
        row = int(far.arg_max() or 0)
        raise _far(f"row {row}: the time {text[row]}", source.location(row))
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
    return epoch_to_nanoseconds(_complete(whole, column, source), source)


def _refuse_far(counted: pl.Series, nanoseconds: int, source: BarSource) -> None:
    """Refuse times that would wrap around, counted in units of so many nanoseconds."""
    first, last = _FIRST // nanoseconds, _LAST // nanoseconds
    least, most = counted.min(), counted.max()
    if not isinstance(least, int) or not isinstance(most, int) or (first <= least and most <= last):
        return
    row = int(((counted < first) | (counted > last)).arg_max() or 0)
    microseconds = int(counted[row]) * nanoseconds // 1_000
    try:
        shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()
    except OverflowError:
        shown = str(counted[row])
    raise _far(f"row {row}: the time {shown}", source.location(row))


def _far(what: str, location: Location | None) -> DataError:
    message = f"{what} cannot be held in nanoseconds"
    return DataError(Problem(message=message, location=location, expected=f"a year from {YEARS[0]} to {YEARS[1]}"))


def _complete(nanoseconds: pl.Series, column: pl.Series, source: BarSource) -> NDArray[np.int64]:
    if nanoseconds.null_count():
        raise _no_time(column, int(nanoseconds.is_null().arg_max() or 0), source)
    return nanoseconds.to_numpy().astype(np.int64)


def _no_time(column: pl.Series, row: int, source: BarSource) -> DataError:
    value = column[row] if len(column) else None
    message = f"row {row}: the time is {'missing' if value is None else f'{value!r}, which is not a time'}"
    return DataError(Problem(message=message, location=source.location(row), expected=EXPECTED_TIME))
