"""Numbers packed for the page: the bytes of an array in base64, which cost no formatting here and no parsing there."""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

__all__ = ["packed", "packed_exactly"]


def packed(values: NDArray[np.float64]) -> dict[str, str]:
    """Pack numbers to seven digits, which is more than a screen shows.

    Args:
        values: shape ``(points,)``.

    Returns:
        ``{"type": "f4", "data": …}``, read by ``unpack`` in the page.
    """
    return {"type": "f4", "data": base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")}


def packed_exactly(values: NDArray[np.float64] | NDArray[np.int64]) -> dict[str, str]:
    """Pack numbers without losing any digit a float has.

    Args:
        values: shape ``(points,)``; whole numbers below 2⁵³.

    Returns:
        ``{"type": "f8", "data": …}``.
    """
    return {"type": "f8", "data": base64.b64encode(values.astype("<f8").tobytes()).decode("ascii")}
