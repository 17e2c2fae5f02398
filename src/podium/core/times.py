"""Time in Podium: UTC, whole nanoseconds since 1970 inside, aware datetimes at the border.

A bar is known by its *close time*. This module owns time frames and conversions; it never looks at a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from podium.core.errors import ConfigurationError, Problem

__all__ = [
    "NANOSECONDS_PER_DAY",
    "NANOSECONDS_PER_SECOND",
    "YEARS",
    "Timeframe",
    "from_nanoseconds",
    "iso",
    "parse_end",
    "parse_time",
    "to_nanoseconds",
]

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_DAY = 86_400 * NANOSECONDS_PER_SECOND
#: The first and the last whole year that 64 bits hold.
YEARS = (1678, 2261)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DATE = re.compile(r"^\d{4}-?\d{2}-?\d{2}$")
_TEXT = re.compile(r"^([1-9]\d*)([smhdw])$")


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """Be the length of a bar.

    Args:
        nanoseconds: the length, positive.
    """

    nanoseconds: int

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read a time frame such as ``1m``, ``4h``, ``1d``, ``1w``.

        Args:
            text: a positive whole number and one of ``s m h d w``.

        Returns:
            The time frame.

        Raises:
            ConfigurationError: when the text is no time frame.
        """
        match = _TEXT.match(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise ConfigurationError(
                Problem(
                    message=f"{text!r} is not a time frame",
                    expected="a whole number and one of s, m, h, d, w, such as 1m, 4h, 1d",
                )
            )
        return cls(int(match[1]) * _UNIT_SECONDS[match[2]] * NANOSECONDS_PER_SECOND)

    def __str__(self) -> str:
        seconds, rest = divmod(self.nanoseconds, NANOSECONDS_PER_SECOND)
        if rest:
            return f"{self.nanoseconds}ns"
        for unit in ("w", "d", "h", "m"):
            if seconds % _UNIT_SECONDS[unit] == 0:
                return f"{seconds // _UNIT_SECONDS[unit]}{unit}"
        return f"{seconds}s"


def to_nanoseconds(moment: datetime) -> int:
    """Turn an aware datetime into nanoseconds since 1970 UTC.

    Args:
        moment: an aware datetime, any zone.

    Returns:
        Whole nanoseconds.

    Raises:
        ConfigurationError: when the datetime is naive, or of a year that does not fit.
    """
    if moment.tzinfo is None:
        raise ConfigurationError(
            Problem(message=f"the time {moment.isoformat()} has no zone", expected="an aware datetime in UTC")
        )
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ConfigurationError(
            Problem(
                message=f"the time {moment.isoformat()} cannot be held in nanoseconds",
                expected=f"a year from {YEARS[0]} to {YEARS[1]}",
            )
        )
    since = moment - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def from_nanoseconds(nanoseconds: int) -> datetime:
    """Turn nanoseconds since 1970 UTC into an aware datetime (to the microsecond).

    Args:
        nanoseconds: whole nanoseconds.

    Returns:
        The moment in UTC.
    """
    return EPOCH + timedelta(microseconds=int(nanoseconds) // 1_000)


def iso(nanoseconds: int) -> str:
    """Write nanoseconds since 1970 as ISO 8601 in UTC with a ``Z``.

    Args:
        nanoseconds: whole nanoseconds.

    Returns:
        For example ``2024-12-31T00:00:00Z``; fractions only where there are any.
    """
    return from_nanoseconds(nanoseconds).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> int:
    """Read a date or a time; without a zone it is UTC.

    Args:
        text: ISO 8601, such as ``2024-01-31`` or ``2024-01-31T12:00Z``.

    Returns:
        Nanoseconds since 1970 UTC.

    Raises:
        ConfigurationError: when the text is no time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            Problem(message=f"{text!r} is not a time", expected="ISO 8601, such as 2024-01-31 or 2024-01-31T12:00Z")
        ) from None
    return to_nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parse_end(text: str) -> int:
    """Read the end of a period: a date alone means the end of that day.

    Args:
        text: ISO 8601, such as ``2024-01-31`` (all of that day) or ``2024-01-31T12:00Z`` (that moment).

    Returns:
        Nanoseconds since 1970 UTC.

    Raises:
        ConfigurationError: when the text is no time.
    """
    moment = parse_time(text)
    return moment + NANOSECONDS_PER_DAY if _DATE.match(text) else moment
