"""Places inside structured input: which keys and positions lead to a value."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["Place", "describe", "shown_path"]

Place = tuple[str | int, ...]
"""Keys and positions that lead from the root to a value."""


def describe(place: Sequence[str | int], root: str = "the file") -> str:
    """Name a place in words.

    Args:
        place: keys and positions from the root.
        root: what the root itself is called.

    Returns:
        For example ``strategies[0].weight``.
    """
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return words.lstrip(".") or root


def shown_path(path: Path) -> str:
    """Show a file as seen from the working folder when it lies below it.

    Args:
        path: the file.

    Returns:
        The path that a person would type.
    """
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
