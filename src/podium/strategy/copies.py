"""Copies of the user's instances: each cell works on one, so that no two of them share what they can change."""

from __future__ import annotations

import copy
from typing import TypeVar

import numpy as np

__all__ = ["own_copy"]

Instance = TypeVar("Instance")
"""a strategy of any form"""

_MUTABLE = (list, dict, set, bytearray, np.ndarray)


def own_copy(instance: Instance) -> Instance:
    """Copy an instance with all that it can change: lists and the like that stand in its class are shared otherwise.

    Args:
        instance: the user's.

    Returns:
        A deep copy, with its own copies of what stands in the class.
    """
    own = copy.deepcopy(instance)
    if not hasattr(own, "__dict__"):
        return own
    shared = {name: value for base in reversed(type(own).__mro__) for name, value in vars(base).items()}
    for name, value in shared.items():
        if isinstance(value, _MUTABLE) and not name.startswith("__") and name not in vars(own):
            setattr(own, name, copy.deepcopy(value))
    return own
