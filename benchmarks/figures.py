"""Figures with their spread, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

__all__ = ["Spread", "megabytes", "ratio", "seconds", "whole"]

_SECOND, _MILLISECOND = 1.0, 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Hold the median of repeats with the least and the most.

    Args:
        median: the middle one.
        minimum: the least.
        maximum: the most.
        count: how many repeats.
    """

    median: float
    minimum: float
    maximum: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Make a spread of repeats, at least one."""
        found = sorted(values)
        return cls(median=median(found), minimum=found[0], maximum=found[-1], count=len(found))

    def __str__(self) -> str:
        if self.count == 1:
            return f"{seconds(self.median)} (once)"
        return f"{seconds(self.median)} ({seconds(self.minimum)}–{seconds(self.maximum)})"


def seconds(value: float) -> str:
    """Write seconds with three digits."""
    if value >= 100 * _SECOND:
        return f"{value:.0f} s"
    if value >= _SECOND:
        return f"{value:.2f} s"
    return f"{value / _MILLISECOND:.{0 if value >= 100 * _MILLISECOND else 1}f} ms"


def ratio(value: float) -> str:
    """Write how many times."""
    return f"{value:,.0f} ×" if value >= 100 else f"{value:.1f} ×" if value >= 10 else f"{value:.2f} ×"


def megabytes(value: float) -> str:
    """Write bytes as megabytes."""
    return f"{value / 1e6:,.0f} MB"


def whole(value: float) -> str:
    """Write a large number."""
    return f"{value / 1e6:,.2f} million" if value >= 1e6 else f"{value:,.0f}"
