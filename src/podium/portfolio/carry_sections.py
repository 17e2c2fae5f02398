"""What the symbols of a portfolio file say about holding them, with the files that they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from podium.core.carry import Carry, Dividend, Factor, Funding, Split
from podium.core.documents import Item
from podium.core.errors import InputError, Problem
from podium.core.times import from_nanoseconds, parse_time
from podium.portfolio.carry_files import read_factors, read_funding
from podium.portfolio.sections import PortfolioDocument, SymbolSection

__all__ = ["carry_files", "read_carry"]


def read_carry(document: PortfolioDocument, root: Item, folder: Path) -> tuple[dict[str, Carry], list[Problem]]:
    """Read what holding each symbol brings or costs.

    Args:
        document: the portfolio file.
        root: the same with the place of every value.
        folder: from which paths are seen.

    Returns:
        By symbol, without those that say nothing; and everything that is wrong.
    """
    carry: dict[str, Carry] = {}
    problems: list[Problem] = []
    for symbol, section in document.symbols.items():
        try:
            made = _carry(section, folder)
        except InputError as error:
            where = root.locate(("symbols", symbol))
            problems += [problem.located(where) for problem in error.problems]
            continue
        if made != Carry():
            carry[symbol] = made
    return carry, problems


def carry_files(document: PortfolioDocument, folder: Path) -> Iterator[Path]:
    """Give the files that the symbols name.

    Args:
        document: the portfolio file.
        folder: from which paths are seen.
    """
    for section in document.symbols.values():
        for name in (section.funding, section.factors):
            if name is not None:
                yield folder / name


def _carry(section: SymbolSection, folder: Path) -> Carry:
    funding: tuple[Funding, ...] = () if section.funding is None else read_funding(folder / section.funding)
    factors: tuple[Factor, ...] = () if section.factors is None else read_factors(folder / section.factors)
    return Carry(
        funding=funding,
        borrow_rate=section.borrow_rate,
        settlement=section.settlement == "daily",
        dividends=tuple(
            Dividend(day=from_nanoseconds(parse_time(each.date)).date(), amount=each.amount)
            for each in section.dividends
        ),
        splits=tuple(
            Split(day=from_nanoseconds(parse_time(each.date)).date(), new=each.new, old=each.old)
            for each in section.splits
        ),
        factors=factors,
        adjusted=section.adjust == "prices",
    )
