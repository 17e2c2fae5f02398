"""Let kernels run as plain Python, without the compiler: to step through them, and to see what tests reach.

Compiled kernels read ``record.field``; NumPy's rows know only ``row["field"]``. These views bridge that, in one place.
They give Python integers, which cannot wrap: a value that would leave 64 bits raises when it is stored.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from podium.engine.tables import EngineTables, Record

__all__ = ["kernel_table", "kernel_tables"]


def kernel_tables(tables: EngineTables) -> EngineTables:
    """Give the tables as the kernels take them.

    Args:
        tables: the arrays.

    Returns:
        The same tables; seen through views where the compiler is off (``NUMBA_DISABLE_JIT=1``).
    """
    views: list[Any] = [kernel_table(table) for table in tables]  # Any: a view stands in for an array
    return EngineTables(*views)


def kernel_table(table: NDArray[Any]) -> Any:  # Any: a view stands in for an array
    """Give one table as the kernels take it.

    Args:
        table: the array.

    Returns:
        It, or a view of it where the compiler is off.
    """
    return _view(table) if numba.config.DISABLE_JIT else table  # type: ignore[attr-defined]  # set at run time by numba


class _Row:
    """Stand in for one row of a structured array.

    Args:
        row: the row; it shares the array's memory.
    """

    __slots__ = ("_row",)

    def __init__(self, row: Record) -> None:
        object.__setattr__(self, "_row", row)

    def __getattr__(self, name: str) -> Any:  # Any: a number, a row or an array, as the field is
        return _view(self._row[name])

    def __setattr__(self, name: str, value: int) -> None:
        self._row[name] = value


class _Rows:
    """Stand in for an array.

    Args:
        rows: the array.
    """

    __slots__ = ("_rows",)

    def __init__(self, rows: NDArray[Any]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int | tuple[int, int]) -> Any:  # Any: a number or a row, as the array has
        return _view(self._rows[index])

    def __setitem__(self, index: int | tuple[int, int], value: Any) -> None:  # Any: a number or a row
        self._rows[index] = value._row if isinstance(value, _Row) else value  # noqa: SLF001  its own kind


def _view(value: Any) -> Any:  # Any: whatever an array can hold
    if isinstance(value, np.void):
        return _Row(value)
    if isinstance(value, np.ndarray):
        return _Rows(value)
    return int(value)
