"""Bars in frames (polars, pandas) and in files (Parquet, CSV)."""

from __future__ import annotations

import csv
from collections.abc import Sized
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.core.errors import DataError, Problem
from podium.data.bars import BarSource
from podium.data.columns import PRICE_NAMES, RawBars, find_columns, time_label
from podium.data.instants import column_to_nanoseconds

__all__ = ["FILE_SUFFIXES", "read_file", "read_pandas", "read_polars"]

FILE_SUFFIXES = (".parquet", ".csv")


def read_file(path: Path, label: str) -> RawBars:
    """Read one file.

    Args:
        path: a ``.parquet`` or ``.csv`` file that exists.
        label: which end of a bar its times name, ``open`` or ``close``.

    Returns:
        Its rows.

    Raises:
        DataError: when the file cannot be read, naming it.
    """
    text = path.suffix == ".csv"
    source = BarSource(file=str(path), first_line=2 if text else None, label=label)
    try:
        frame = _read_csv(path, source) if text else _read_parquet(path, source)
    except (pl.exceptions.PolarsError, OSError) as error:
        kind = "CSV" if text else "Parquet"
        problem = Problem(
            message=f"this is no readable {kind} file: {str(error).splitlines()[0]}", location=source.location()
        )
        raise DataError(problem) from error
    return read_polars(frame, source)


def _read_parquet(path: Path, source: BarSource) -> pl.DataFrame:
    roles = find_columns(pl.read_parquet_schema(path), source.location())
    return pl.read_parquet(path, columns=list(roles.values()))


def _read_csv(path: Path, source: BarSource) -> pl.DataFrame:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    separator = max(",;\t", key=header.count)
    if header.strip():
        # polars would give a second column of one name a name of its own.
        find_columns(next(csv.reader([header], delimiter=separator)), source.location())
    # Everything as text: what a cell means is decided here, where a message can name its line.
    return pl.read_csv(path, separator=separator, infer_schema=False)


def read_polars(frame: pl.DataFrame, source: BarSource) -> RawBars:
    """Read a polars frame.

    Args:
        frame: one row per bar.
        source: where it came from and how its times are labelled.

    Returns:
        Its rows.

    Raises:
        DataError: naming the missing columns or the first wrong cell.
    """
    _refuse_empty(frame, source)
    roles = find_columns(frame.columns, source.location())
    label = time_label(roles["time"], source.label)
    time, naive = column_to_nanoseconds(frame[roles["time"]], source)
    return RawBars(
        time=time,
        prices={role: _numbers(frame[roles[role]], source) for role in PRICE_NAMES},
        volume=_numbers(frame[roles["volume"]], source) if "volume" in roles else np.zeros(len(frame)),
        symbols=frame[roles["symbol"]].cast(pl.String).to_numpy().astype(np.str_) if "symbol" in roles else None,
        source=replace(source, label=label, naive_times=naive),
    )


def read_pandas(frame: Any, source: BarSource) -> RawBars:  # Any: pandas is optional and never imported here
    """Read a pandas frame; the time is a column or the index.

    Args:
        frame: one row per bar; columns in any case.
        source: how its times are labelled.

    Returns:
        Its rows.

    Raises:
        DataError: naming the missing columns or the first wrong cell.
    """
    _refuse_empty(frame, source)
    names = [str(name) for name in frame.columns]
    index_is_time = hasattr(frame.index, "tz")
    roles = find_columns(names, source.location(), needs_time=not index_is_time)
    columns = {role: _pandas_column(frame.iloc[:, names.index(name)]) for role, name in roles.items()}
    if index_is_time:
        columns["time"] = _pandas_column(frame.index.to_series())
    elif (original := roles["time"]).strip().lower() in ("open_time", "close_time"):
        source = replace(source, label=time_label(original, source.label))
    return read_polars(pl.DataFrame(columns), source)


def _refuse_empty(frame: Sized, source: BarSource) -> None:
    if not len(frame):
        raise DataError(
            Problem(message="there are no bars", location=source.location(), expected="at least one row, one per bar")
        )


def _pandas_column(column: Any) -> pl.Series:  # Any: see read_pandas
    if column.dtype.kind == "M":  # datetimes, with a zone (counted from 1970 UTC all the same) or without
        zone = "UTC" if getattr(column.dtype, "tz", None) is not None else None
        # Nanoseconds hold fewer years than the other units do: what does not fit is refused where rows are named.
        unit: Literal["ns", "us"] = "ns" if column.dt.unit == "ns" else "us"
        counted = column.dt.as_unit(unit).astype("int64").to_numpy()
        return pl.Series(counted).cast(pl.Datetime(unit, zone))
    if column.dtype.kind in "iufb":
        return pl.Series(column.to_numpy())
    return pl.Series([None if value != value else value for value in column.tolist()], strict=False)  # noqa: PLR0124


def _numbers(column: pl.Series, source: BarSource) -> NDArray[np.float64]:
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        numbers = text.set(text == "", None).cast(pl.Float64, strict=False)
        wrong = numbers.is_null() & text.is_not_null() & (text != "")
    else:
        numbers = column.cast(pl.Float64, strict=False)
        wrong = numbers.is_null() & column.is_not_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        message = f"row {row}: {column.name} is {column[row]!r}, which is not a number"
        raise DataError(Problem(message=message, location=source.location(row), expected="a number such as 61204.5"))
    # A copy: kernels compile anew for arrays that may not be written.
    return np.array(numbers.fill_null(float("nan")).to_numpy(), dtype=np.float64)
