"""What a portfolio file says about currencies, with the files that it names."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from podium.core.conversion import Conversion
from podium.core.documents import Item
from podium.core.errors import InputError, Problem
from podium.portfolio.carry_files import read_rates
from podium.portfolio.sections import PortfolioDocument

__all__ = ["conversion_files", "read_conversion", "stated_currencies"]

_FILE = ".csv"


def read_conversion(
    document: PortfolioDocument, root: Item, folder: Path
) -> tuple[dict[str, Conversion], list[Problem]]:
    """Read where the rates of currencies come from.

    Args:
        document: the portfolio file.
        root: the same with the place of every value.
        folder: from which paths are seen.

    Returns:
        By currency; and everything that is wrong.
    """
    made: dict[str, Conversion] = {}
    problems: list[Problem] = []
    for currency in document.conversion:
        where = root.locate(("conversion", currency))
        try:
            made[currency] = _conversion(document.conversion[currency], folder)
        except InputError as error:
            problems += [problem.located(where) for problem in error.problems]
    return made, problems


def stated_currencies(document: PortfolioDocument) -> dict[str, str]:
    """Give the quote currencies that symbols state.

    Args:
        document: the portfolio file.

    Returns:
        By symbol.
    """
    return {symbol: section.currency for symbol, section in document.symbols.items() if section.currency is not None}


def conversion_files(document: PortfolioDocument, folder: Path) -> Iterator[Path]:
    """Give the files of rates that a portfolio file names.

    Args:
        document: the portfolio file.
        folder: from which paths are seen.
    """
    for value in document.conversion.values():
        if isinstance(value, str) and value.endswith(_FILE):
            yield folder / value


def _conversion(value: str | Decimal, folder: Path) -> Conversion:
    if not isinstance(value, str):
        return Conversion(constant=value)
    if value.endswith(_FILE):
        return Conversion(rates=read_rates(folder / value))
    return Conversion(symbol=value)
