"""Arrays read and written as plain Python numbers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

__all__ = ["numbers_of"]


def numbers_of(values: NDArray[Any]) -> memoryview:  # Any: whatever numbers the array holds
    """Make an array readable as plain Python numbers, several times faster than through NumPy.

    Args:
        values: shape ``(n,)``.

    Returns:
        A view, not a copy; what is written to it is written to the array.
    """
    return memoryview(values)  # type: ignore[arg-type]  # an array is a buffer; its stubs say so from Python 3.12 on
