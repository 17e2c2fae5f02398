"""Long columns in pieces: what is worked out for one piece stays in the processor's cache until it is no more needed.

A pass over a million bars that makes a column of its own costs more for the memory than for the arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["stretches"]

_ROWS = 1 << 14


def stretches(rows: int) -> Iterator[slice]:
    """Cut a column into pieces.

    Args:
        rows: how long it is.

    Yields:
        The rows of each piece, in order; none for a column without rows.
    """
    for start in range(0, rows, _ROWS):
        yield slice(start, min(start + _ROWS, rows))
