"""Write JSON lines into a buffer, as tables of their pieces say.

A line is a row of whole numbers and a list of pieces; each piece appends a text, or one of the row's numbers in its
form. What the pieces mean is not known here: :mod:`podium.backtest.lines` makes the tables.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from podium.core.kernels import compiled

__all__ = ["LineTables", "PieceKind", "write_lines"]


class PieceKind(IntEnum):
    """Name what a piece appends."""

    TEXT = 1
    """the text whose number is the argument"""
    NAMED = 2
    """the text whose number is the argument plus the row's number"""
    DECIMAL = 3
    """the row's number on the grid that the argument says, without trailing zeros"""
    TIME = 4
    """the row's nanoseconds since 1970 as ISO 8601; the argument says whether with microseconds"""


class LineTables(NamedTuple):
    """Hold what lines are made of, as one argument."""

    first_pieces: NDArray[np.int64]
    """of each form of a line, and behind the last"""
    kinds: NDArray[np.int64]
    """of each piece: ``PieceKind``"""
    columns: NDArray[np.int64]
    """of each piece: where its number stands"""
    arguments: NDArray[np.int64]
    """of each piece"""
    text_starts: NDArray[np.int64]
    """of each text, and behind the last"""
    text_bytes: NDArray[np.uint8]
    grid_steps: NDArray[np.int64]
    """shape (grids, cells): a number counts steps of this many units of 10⁻ᵈⁱᵍⁱᵗˢ"""
    grid_digits: NDArray[np.int64]
    """shape (grids, cells)"""


_TEXT, _NAMED, _TIME = int(PieceKind.TEXT), int(PieceKind.NAMED), int(PieceKind.TIME)
_MINUS, _POINT, _ZERO, _COLON, _NEWLINE = 45, 46, 48, 58, 10
_T, _Z = 84, 90
_SECOND = 1_000_000_000
_DAY_SECONDS = 86_400
#: From 1 March of the year 0 to 1 January 1970, and the lengths of the calendar's cycles, in days.
_EPOCH_DAYS, _CYCLE_DAYS, _CENTURY_DAYS, _FOUR_YEARS_DAYS, _YEAR_DAYS = 719_468, 146_097, 36_524, 1_461, 365


@compiled
def _write_padded(buffer: NDArray[np.uint8], at: int, value: int, width: int) -> int:
    """Write a number that is not negative with leading zeros; give where it ends."""
    for place in range(at + width - 1, at - 1, -1):
        buffer[place] = _ZERO + value % 10
        value //= 10
    return at + width


@compiled
def _write_decimal(buffer: NDArray[np.uint8], at: int, value: int, step: int, digits: int) -> int:
    """Write a number of steps as a decimal; give where it ends.

    The product of number and step is made digit by digit, from the last to the first, so that none is too large.
    """
    if value < 0:
        buffer[at] = _MINUS
        at += 1
        value = -value
    start, carry, count, is_significant = at, 0, 0, False
    while value > 0 or carry > 0 or count <= digits:
        carry += value % 10 * step
        value //= 10
        digit = carry % 10
        carry //= 10
        if count == digits:
            if is_significant:
                buffer[at] = _POINT
                at += 1
            is_significant = True
        is_significant = is_significant or digit != 0
        if is_significant:
            buffer[at] = _ZERO + digit
            at += 1
        count += 1
    for place in range((at - start) // 2):
        first, last = start + place, at - 1 - place
        buffer[first], buffer[last] = buffer[last], buffer[first]
    return at


@compiled
def _write_time(buffer: NDArray[np.uint8], at: int, nanoseconds: int, is_fine: int) -> int:
    """Write a moment such as ``2024-12-31T00:00:00Z``, or with microseconds; give where it ends.

    The days are turned into a date as H. Hinnant does in "chrono-Compatible Low-Level Date Algorithms": years begin in
    March, so that the day that is only sometimes there is the last.
    """
    seconds = nanoseconds // _SECOND
    days, rest = seconds // _DAY_SECONDS + _EPOCH_DAYS, seconds % _DAY_SECONDS
    cycle, day = days // _CYCLE_DAYS, days % _CYCLE_DAYS
    year = (day - day // (_FOUR_YEARS_DAYS - 1) + day // _CENTURY_DAYS - day // (_CYCLE_DAYS - 1)) // _YEAR_DAYS
    day -= _YEAR_DAYS * year + year // 4 - year // 100
    month = (5 * day + 2) // 153  # from March; five months have 153 days
    at = _write_padded(buffer, at, year + 400 * cycle + month // 10, 4)
    buffer[at] = _MINUS
    at = _write_padded(buffer, at + 1, (month + 2) % 12 + 1, 2)
    buffer[at] = _MINUS
    at = _write_padded(buffer, at + 1, day - (153 * month + 2) // 5 + 1, 2)
    buffer[at] = _T
    at = _write_padded(buffer, at + 1, rest // 3600, 2)
    buffer[at] = _COLON
    at = _write_padded(buffer, at + 1, rest // 60 % 60, 2)
    buffer[at] = _COLON
    at = _write_padded(buffer, at + 1, rest % 60, 2)
    if is_fine:
        buffer[at] = _POINT
        at = _write_padded(buffer, at + 1, nanoseconds % _SECOND // 1_000, 6)
    buffer[at] = _Z
    return at + 1


@compiled
def write_lines(
    tables: LineTables,
    values: NDArray[np.int64],
    forms: NDArray[np.int64],
    row: int,
    buffer: NDArray[np.uint8],
    longest: int,
) -> tuple[int, int]:
    """Write rows while the buffer has room for one more.

    Args:
        tables: what lines are made of.
        values: the numbers, shape (rows, columns); the first column says which cell.
        forms: of each row the number of its form; negative leaves the row out.
        row: the first row.
        buffer: where.
        longest: no line has more bytes; the buffer has at least as many.

    Returns:
        The first row that was not written, and how many bytes were.
    """
    at = 0
    while row < len(forms) and at + longest <= len(buffer):
        form = forms[row]
        if form >= 0:
            for piece in range(tables.first_pieces[form], tables.first_pieces[form + 1]):
                kind, argument = tables.kinds[piece], tables.arguments[piece]
                value = values[row, tables.columns[piece]]
                if kind in (_TEXT, _NAMED):
                    text = argument + value if kind == _NAMED else argument
                    for place in range(tables.text_starts[text], tables.text_starts[text + 1]):
                        buffer[at] = tables.text_bytes[place]
                        at += 1
                elif kind == _TIME:
                    at = _write_time(buffer, at, value, argument)
                else:
                    step = tables.grid_steps[argument, values[row, 0]]
                    at = _write_decimal(buffer, at, value, step, tables.grid_digits[argument, values[row, 0]])
            buffer[at] = _NEWLINE
            at += 1
        row += 1
    return row, at
