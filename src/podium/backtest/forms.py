"""Say what a JSON line holds, in columns of whole numbers.

A *form* is a line's members by name, in order: constants as they are, and fields that say in which column their number
stands and how it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import invariant

__all__ = ["ABSENT", "Form", "Given", "Grid", "Named", "Scaled", "Time", "Whole"]

#: What a name says that leaves out its member.
ABSENT = object()
_EXACT = Context(prec=80)
#: The kernel multiplies digit by digit: ten steps must fit 64 bits.
_STEP_LIMIT = 10**17


@dataclass(frozen=True, slots=True)
class Whole:
    """Be a whole number.

    Args:
        column: where it stands.
    """

    column: str


@dataclass(frozen=True, slots=True)
class Scaled:
    """Be an exact decimal in quotes, from a number of steps of a grid.

    Args:
        column: where the number stands.
        grid: the name of the grid.
    """

    column: str
    grid: str


@dataclass(frozen=True, slots=True)
class Time:
    """Be a time as ISO 8601 in UTC.

    Args:
        column: where it stands, nanoseconds since 1970.
        is_fine: with microseconds.
    """

    column: str
    is_fine: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Be one of several values, by number.

    Args:
        column: where the number stands.
        values: what is written for each; ``ABSENT`` leaves the member out, which must not be the first.
    """

    column: str
    values: Mapping[int, object]


@dataclass(frozen=True, slots=True)
class Given:
    """Be one of the texts that come with the rows.

    Args:
        column: where its number stands, from 0.
    """

    column: str


#: Members by name: a field, a form inside, or a constant.
Form = Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Say what one step is, for each cell: a number of units of 10⁻ᵈⁱᵍⁱᵗˢ.

    Args:
        steps: whole numbers, shape ``(cells,)``.
        digits: ≥ 0, shape ``(cells,)``.
    """

    steps: NDArray[np.int64]
    digits: NDArray[np.int64]

    @classmethod
    def of(cls, sizes: Sequence[Decimal]) -> Grid:
        """Make a grid.

        Args:
            sizes: for each cell the size of a step; 0.05 is 5 × 10⁻².

        Returns:
            The grid.
        """
        pairs = [_step_of(size) for size in sizes]
        invariant(all(step < _STEP_LIMIT for step, _ in pairs), "the steps of a grid can be multiplied", sizes=sizes)
        steps, digits = np.array(pairs, np.int64).reshape(-1, 2).T.copy()
        return cls(steps, digits)


def _step_of(size: Decimal) -> tuple[int, int]:
    """Split a step into a whole number and digits, without zeros at the end: 0.050 is 5 × 10⁻²."""
    digits = max(-int(size.as_tuple().exponent), 0)
    whole = int(size.scaleb(digits, _EXACT))
    while digits > 0 and whole % 10 == 0:
        whole, digits = whole // 10, digits - 1
    return whole, digits
