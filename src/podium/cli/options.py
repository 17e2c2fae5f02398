"""Options that several commands share, and how their text is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from podium.core.errors import ConfigurationError, InputError, Location, Problem
from podium.core.times import parse_time

__all__ = ["From", "NoProgress", "PortfolioPath", "Settings", "To", "read_moment", "read_settings", "read_whole_number"]

PortfolioPath = Annotated[Path, typer.Argument(metavar="FILE", help="a portfolio file, such as portfolio.yaml")]
"""the portfolio file of a command"""
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="use bars that close after this time")]
"""the start of the period"""
To = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="use bars that close at or before this time; a date alone means its end"),
]
"""the end of the period"""
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="set a value of the file, such as strategies.trend.params.fast=10; may be repeated",
    ),
]
"""values that replace those of the file"""
NoProgress = Annotated[bool, typer.Option("--no-progress", help="print no progress")]
"""whether a run shows how far it is"""


def read_settings(settings: list[str] | None) -> dict[str, str]:
    """Read the values of ``--set``.

    Args:
        settings: texts such as ``strategies.trend.params.fast=10``.

    Returns:
        Paths with values; the last one of a path holds.

    Raises:
        ConfigurationError: for a text without ``=``, or without a path.
    """
    problems = [
        Problem(
            message=f"--set {text} sets nothing",
            expected="--set PATH=VALUE, such as --set strategies.trend.params.fast=10",
        )
        for text in settings or []
        if not text.partition("=")[0].strip() or "=" not in text
    ]
    if problems:
        raise ConfigurationError(problems)
    parts = (text.partition("=") for text in settings or [])
    return {path.strip(): value for path, _, value in parts}


def read_moment(text: str | None, option: str, read: Callable[[str], int] = parse_time) -> int | None:
    """Read a time given as an option.

    Args:
        text: ISO 8601; UTC without a zone.
        option: the option's name, for the message.
        read: what reads it; ``parse_end`` for the end of a period.

    Returns:
        Nanoseconds since 1970 UTC, ``None`` when the option was not given.

    Raises:
        ConfigurationError: when the text is no time.
    """
    if text is None:
        return None
    try:
        return read(text)
    except InputError as error:
        problem = error.problems[0]
        where = Location(file=option)
        raise ConfigurationError(Problem(message=problem.message, location=where, expected=problem.expected)) from None


def read_whole_number(text: str, option: str) -> int:
    """Read a whole number given as an option.

    Args:
        text: digits.
        option: the option's name, for the message.

    Returns:
        The number, at least 0.

    Raises:
        ConfigurationError: when the text is no such number.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ConfigurationError(
            Problem(
                message=f"'{text}' is not a whole number",
                location=Location(file=option),
                expected="a whole number of at least 0",
            )
        )
    return int(text)
