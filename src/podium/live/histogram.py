"""How long things take: counts in buckets, in memory that does not grow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

__all__ = ["Histogram"]

#: Upper bounds, seconds: three a decade from 100 µs to 10 s.
_BOUNDS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Histogram:
    """Count durations.

    Args:
        bounds: the upper ends of the buckets, seconds, growing; what is longer than the last is counted, too.
    """

    def __init__(self, bounds: Sequence[float] = _BOUNDS) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
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
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Give for each bound how many took at most so long; the last one is ``+Inf``."""
        reached = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), self._counts, strict=True):
            reached += count
            yield bound, reached
