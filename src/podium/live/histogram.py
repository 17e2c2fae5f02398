"""How long things take: counts in buckets, in memory that does not grow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

__all__ = ["Histogram"]

#: Upper bounds, seconds: three a decade from 100 µs to 10 s.
_BOUNDS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Histogram:
    """Count durations."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS) + 1)
        #: All durations together, seconds.
        self.sum = 0.0

    @property
    def count(self) -> int:
        """Tell how many there were."""
        return sum(self._counts)

    def observe(self, seconds: float) -> None:
        """Count one.

        Args:
            seconds: how long it took, ≥ 0.
        """
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        self.sum += seconds

    def add(self, other: Histogram) -> None:
        """Count all of another one.

        Args:
            other: it stays as it is.
        """
        self._counts = [mine + theirs for mine, theirs in zip(self._counts, other._counts, strict=True)]
        self.sum += other.sum

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Give for each bound how many took at most so long; the last one is ``+Inf``."""
        reached = 0
        for bound, count in zip((*map(str, _BOUNDS), "+Inf"), self._counts, strict=True):
            reached += count
            yield bound, reached
