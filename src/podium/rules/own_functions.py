"""Causal functions that TA-Lib lacks."""

from __future__ import annotations

from podium.rules.functions import Function

__all__ = ["own_functions"]


def own_functions() -> list[Function]:
    """Give our functions.

    Returns:
        In the order of the reference.
    """
    return []
