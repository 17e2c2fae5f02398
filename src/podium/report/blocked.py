"""Entries that were refused or ended before they traded: when, and for which reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind, Reason
from podium.report.packing import packed

__all__ = ["CAUSES", "BlockedEntries", "is_blocked", "packed_blocks", "present_causes", "reason_text"]

#: What kept entries out: each has a lane and a sign of its own in the chart, whose order this is.
CAUSES: dict[str, frozenset[int]] = {
    "capital": frozenset({Reason.CAPITAL_LIMIT}),
    "limits": frozenset(reason for reason in Reason if Reason.DAILY_LOSS <= reason <= Reason.GROUP_EXPOSURE),
    "conflicts": frozenset({Reason.CONFLICT}),
    "volume": frozenset({Reason.VOLUME_LIMIT}),
    "orders that cannot be": frozenset(
        {
            Reason.BOTH_SIDES,
            Reason.NO_SLOT,
            Reason.UNKNOWN_LEVEL,
            Reason.WRONG_SIDE,
            Reason.NO_STOP,
            Reason.MIN_QUANTITY,
            Reason.MAX_QUANTITY,
            Reason.MIN_NOTIONAL,
        }
    ),
}
_REASONS = np.array(sorted(reason for reasons in CAUSES.values() for reason in reasons), dtype=np.int64)
_KINDS = (EventKind.SIGNAL_REJECTED, EventKind.ORDER_CANCELLED, EventKind.ORDER_LIMITED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockedEntries:
    """Hold the blocked entries of a strategy.

    Args:
        times: nanoseconds since 1970 UTC, growing, shape ``(entries,)``.
        reasons: the number of each :class:`Reason`, shape ``(entries,)``.
    """

    times: NDArray[np.int64]
    reasons: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)

    def count(self, reasons: Iterable[int]) -> int:
        """Count the entries that were blocked for some reasons.

        Args:
            reasons: which.

        Returns:
            How many.
        """
        return int(np.count_nonzero(np.isin(self.reasons, list(reasons))))


def is_blocked(block: NDArray[np.void]) -> NDArray[np.bool_]:
    """Tell which events say that an entry was blocked.

    Args:
        block: events, shape ``(events,)``.

    Returns:
        Shape ``(events,)``.
    """
    told = np.isin(block["kind"], _KINDS) & (block["exit"] == 0)
    return np.asarray(told & np.isin(block["reason"], _REASONS))


def present_causes(several: Sequence[BlockedEntries]) -> dict[str, int]:
    """Count what blocked entries by cause.

    Args:
        several: of each strategy.

    Returns:
        The causes that there are, in their order.
    """
    counts = {name: sum(one.count(reasons) for one in several) for name, reasons in CAUSES.items()}
    return {name: count for name, count in counts.items() if count}


def reason_text(reason: int) -> str:
    """Name a reason in words.

    Args:
        reason: its number.

    Returns:
        For example ``open positions``.
    """
    return Reason(reason).wire.replace("_", " ")


def packed_blocks(
    blocked: BlockedEntries, times: NDArray[np.int64], reasons: Sequence[int]
) -> dict[str, dict[str, str]]:
    """Count blocked entries between drawn moments, so that many of them do not make a long page.

    Args:
        blocked: of one strategy.
        times: the drawn moments, nanoseconds since 1970 UTC, growing.
        reasons: all that are told, growing.

    Returns:
        Three packed columns: ``rows`` (the drawn moment at or after), ``reasons`` (places in ``reasons``), ``counts``.
    """
    rows = np.minimum(np.searchsorted(times, blocked.times), max(len(times) - 1, 0))
    places = np.searchsorted(np.asarray(reasons, dtype=np.int64), blocked.reasons)
    keys, counts = np.unique(rows * max(len(reasons), 1) + places, return_counts=True)
    found = {"rows": keys // max(len(reasons), 1), "reasons": keys % max(len(reasons), 1), "counts": counts}
    return {name: packed(values.astype(np.float64)) for name, values in found.items()}
