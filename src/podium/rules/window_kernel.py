"""Functions that remember earlier bars. Each takes a chunk of bars and the memory that the chunk before left.

Cutting the bars into other chunks changes nothing, so opening on history and carrying forward give the same bits.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from podium.core.kernels import compiled

__all__ = ["delay"]

Values = NDArray[Any]  # Any: numbers or conditions


@compiled
def delay(values: Values, ring: Values, row: int, out: Values) -> int:
    """Give each value ``len(ring)`` bars later; tell where the ring goes on."""
    for index in range(len(values)):
        out[index] = ring[row]
        ring[row] = values[index]
        row += 1
        if row == len(ring):
            row = 0
    return row
