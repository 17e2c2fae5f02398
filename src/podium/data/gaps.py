"""Holes in the times of bars, and which of them are only a market that is closed.

Many markets close at night, over the week end or at noon, and none says so in its bars. A hole is a *usual closing*
when it lasts at least a quarter of an hour and at most a week, and the same stretch of most neighbouring weeks (up to
three before and after, so that summer time can shift it) holds nearly no bars either. Where the data are too short to
look a week away, neighbouring days are looked at instead, and a hole around a whole Saturday is a week end. Everything
else is missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core.times import NANOSECONDS_PER_DAY, Timeframe

__all__ = ["Holes", "find_holes"]

_WEEK = 7 * NANOSECONDS_PER_DAY
_SHORTEST_CLOSING = 15 * 60 * 1_000_000_000
_NEIGHBOURS = np.array([-3, -2, -1, 1, 2, 3], dtype=np.int64)
#: A closing may hold so many bars of its neighbours: sessions begin and end a little irregularly.
_NEARLY_NONE = 0.1
#: 1970-01-03 was a Saturday.
_FIRST_SATURDAY = 2 * NANOSECONDS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holes:
    """Hold the holes of one series, oldest first.

    Args:
        before: position of the last bar before each hole, among the distinct times in order.
        length: from close to close, nanoseconds.
        missing: bars that are probably missing; 0 for a usual closing.
    """

    before: NDArray[np.intp]
    length: NDArray[np.int64]
    missing: NDArray[np.int64]


def find_holes(times: NDArray[np.int64], timeframe: Timeframe) -> Holes:
    """Find holes and judge them.

    Args:
        times: distinct close times, growing, shape ``(bars,)``.
        timeframe: the length of a bar.

    Returns:
        The holes.
    """
    spacing = np.diff(times)
    before = np.flatnonzero(spacing > 1.5 * timeframe.nanoseconds)
    length = spacing[before]
    slots = np.rint(length / timeframe.nanoseconds).astype(np.int64) - 1
    missing = slots.copy()
    candidate = (length >= _SHORTEST_CLOSING) & (length <= _WEEK)
    if timeframe.nanoseconds < _WEEK and candidate.any():
        missing[candidate] = _missing(times, before[candidate], slots[candidate])
        missing = _only_regular(times, length, slots, missing)
    if (missing == 0).any():
        # Beyond a week the number of sessions is estimated by how much of its time the market is open.
        long = length > _WEEK
        open_share = min(1.0, len(times) / max(1, len(times) + int(slots[~long].sum())))
        missing[long] = np.maximum(np.rint(slots[long] * open_share), 1)
    return Holes(before=before, length=length, missing=missing)


def _only_regular(
    times: NDArray[np.int64], length: NDArray[np.int64], slots: NDArray[np.int64], missing: NDArray[np.int64]
) -> NDArray[np.int64]:
    # A market that closes does so more than once a month; otherwise the holes only happened to lie a week apart.
    covered = int(times[-1] - times[0]) - int(length[length > _WEEK].sum())
    regular = int((missing == 0).sum()) * 4 * _WEEK >= covered
    return missing if regular else np.where(missing == 0, slots, missing)


def _missing(times: NDArray[np.int64], before: NDArray[np.intp], slots: NDArray[np.int64]) -> NDArray[np.int64]:
    start, end = times[before], times[before + 1]
    found = _neighbour_bars(times, start, end, _WEEK)
    unseen = found < 0
    if unseen.any():
        by_day = _neighbour_bars(times, start[unseen], end[unseen], NANOSECONDS_PER_DAY)
        by_day = np.where(_holds_saturday(start[unseen], end[unseen]), 0, by_day)
        found[unseen] = np.where(by_day < 0, slots[unseen], by_day)
    usual = found <= _NEARLY_NONE * slots
    missing: NDArray[np.int64] = np.where(usual, 0, np.clip(found, 1, slots))
    return missing


def _neighbour_bars(
    times: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], shift: int
) -> NDArray[np.int64]:
    # The lower median of the bars in neighbouring periods; -1 when the data hold no neighbour.
    first = start[:, None] + _NEIGHBOURS * shift
    last = end[:, None] + _NEIGHBOURS * shift
    left, right = np.searchsorted(times, first, side="right"), np.searchsorted(times, last, side="left")
    bars = (right - left).astype(np.int64)
    inside = (first >= times[0]) & (last <= times[-1])
    # A stretch that reaches into a hole of more than a week tells nothing about what is usual.
    ends = times[np.minimum(right, len(times) - 1)] - times[np.maximum(left - 1, 0)]
    valid = inside & ~((bars == 0) & (ends > _WEEK))
    ordered = np.sort(np.where(valid, bars, np.iinfo(np.int64).max), axis=1)
    known = valid.sum(axis=1)
    median = np.take_along_axis(ordered, np.maximum(known - 1, 0)[:, None] // 2, axis=1)[:, 0]
    result: NDArray[np.int64] = np.where(known > 0, median, -1)
    return result


def _holds_saturday(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.bool_]:
    saturday = start + (_FIRST_SATURDAY - start) % _WEEK
    holds: NDArray[np.bool_] = saturday + NANOSECONDS_PER_DAY <= end
    return holds
