"""Read series from files: funding rates, adjustment factors and rates of currencies, exact, line by line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from podium.core.carry import Factor, Funding
from podium.core.conversion import Rate
from podium.core.errors import ConfigurationError, InputError, Location, Problem
from podium.core.times import from_nanoseconds, parse_time

__all__ = ["read_factors", "read_funding", "read_rates"]

_FACTORS = ("date", "price_factor", "split_factor", "reference_price")


def read_funding(path: Path) -> tuple[Funding, ...]:
    """Read a series of funding rates.

    Args:
        path: a CSV file with the columns ``time`` (ISO 8601, UTC without a zone) and ``rate``, the oldest first.

    Returns:
        The fundings.

    Raises:
        ConfigurationError: naming the first line that is wrong.
    """
    found: list[Funding] = []
    for row, where in _rows(path, ("time", "rate")):
        with_place = _Placed(where)
        funding = with_place.funding(with_place.moment(row["time"]), with_place.number(row["rate"], "rate"))
        if found and funding.time <= found[-1].time:
            raise with_place.problem(f"the time {row['time']} is not after the line before", "the oldest first")
        found.append(funding)
    return tuple(found)


def read_rates(path: Path) -> tuple[Rate, ...]:
    """Read the rates of a currency.

    Args:
        path: a CSV file with the columns ``time`` (ISO 8601, UTC without a zone: when the rate is known) and ``rate``
            (money of the account for one of the currency), the oldest first.

    Returns:
        The rates, at least one.

    Raises:
        ConfigurationError: naming the first line that is wrong.
    """
    found: list[Rate] = []
    for row, where in _rows(path, ("time", "rate")):
        with_place = _Placed(where)
        rate = with_place.rate(with_place.moment(row["time"]), with_place.number(row["rate"], "rate"))
        if found and rate.time <= found[-1].time:
            raise with_place.problem(f"the time {row['time']} is not after the line before", "the oldest first")
        found.append(rate)
    if not found:
        start = Location(file=str(path), line=1)
        raise ConfigurationError(Problem(message="there is no rate", location=start, expected="at least one line"))
    return tuple(found)


def read_factors(path: Path) -> tuple[Factor, ...]:
    """Read a factor file as QuantConnect Lean writes them.

    Args:
        path: a CSV file with the columns ``date`` (``20040819``), ``price_factor``, ``split_factor`` and
            ``reference_price``, the oldest first.

    Returns:
        The rows.

    Raises:
        ConfigurationError: naming the first line that is wrong.
    """
    found: list[Factor] = []
    for row, where in _rows(path, _FACTORS):
        with_place = _Placed(where)
        numbers = {name: with_place.number(row[name], name) for name in _FACTORS[1:]}
        try:
            day = datetime.strptime(row["date"], "%Y%m%d").date()  # noqa: DTZ007  a date has no zone
        except ValueError:
            raise with_place.problem(f"date is {row['date']!r}", "a date such as 20040819") from None
        if found and day <= found[-1].day:
            raise with_place.problem(f"the date {row['date']} is not after the line before", "the oldest first")
        for name in ("price_factor", "split_factor"):
            if numbers[name] <= 0:
                raise with_place.problem(f"{name} is {numbers[name]}", "a number above 0")
        found.append(Factor(day=day, **numbers))
    return tuple(found)


class _Placed:
    """Tell problems of one line of a file."""

    def __init__(self, where: Location) -> None:
        self._where = where

    def problem(self, message: str, expected: str) -> ConfigurationError:
        return ConfigurationError(Problem(message=message, location=self._where, expected=expected))

    def number(self, text: str, name: str) -> Decimal:
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise self.problem(f"{name} is {text!r}", "a number")
        return number

    def moment(self, text: str) -> datetime:
        try:
            return from_nanoseconds(parse_time(text))
        except InputError as error:
            raise ConfigurationError([replace(problem, location=self._where) for problem in error.problems]) from None

    def rate(self, time: datetime, rate: Decimal) -> Rate:
        try:
            return Rate(time=time, rate=rate)
        except InputError as error:
            raise ConfigurationError([replace(problem, location=self._where) for problem in error.problems]) from None

    def funding(self, time: datetime, rate: Decimal) -> Funding:
        try:
            return Funding(time=time, rate=rate)
        except InputError as error:
            raise ConfigurationError([replace(problem, location=self._where) for problem in error.problems]) from None


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[dict[str, str], Location]]:
    """Give the lines of a CSV file with their places."""
    start = Location(file=str(path), line=1)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problem = Problem(message=f"this cannot be read: {error.strerror}", location=start, expected="a CSV file")
        raise ConfigurationError(problem) from error
    except UnicodeDecodeError as error:
        problem = Problem(message=f"byte {error.start} is not UTF-8", location=start, expected="a CSV file in UTF-8")
        raise ConfigurationError(problem) from error
    reader = csv.DictReader(text.splitlines())
    names = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in columns if name not in names]:
        message = f"there is no column {' and no column '.join(missing)}"
        raise ConfigurationError(Problem(message=message, location=start, expected=f"the columns {', '.join(columns)}"))
    reader.fieldnames = names
    for row in reader:
        yield {name: (row[name] or "").strip() for name in columns}, Location(file=str(path), line=reader.line_num)
