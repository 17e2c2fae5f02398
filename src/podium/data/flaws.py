"""What can be wrong with bars, and how it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from podium.core.times import iso
from podium.data.bars import BarSeries

__all__ = ["LISTED_FLAWS", "Flaw", "FlawKind", "list_flaws"]

#: So many flaws of a kind are listed one by one, the worst ones; the rest are one entry with a count.
LISTED_FLAWS = 20


class FlawKind(StrEnum):
    """Name the kinds of flaws."""

    DUPLICATE = "duplicate"
    """A bar with the close time of an earlier row."""
    BACKWARD_TIME = "backward_time"
    """A bar that closes before an earlier row does."""
    NOT_A_NUMBER = "not_a_number"
    """A price or volume that is missing or not finite."""
    NON_POSITIVE = "non_positive"
    """A price that is zero or below."""
    HIGH_BELOW_LOW = "high_below_low"
    """A high below the low, or an open or close outside of both."""
    NEGATIVE_VOLUME = "negative_volume"
    """A volume below zero."""
    BAD_PRINT = "bad_print"
    """A price far outside of where the market was before and after: mostly one wrong trade."""
    JUMP = "jump"
    """An open far from the close before it: a split, a new company under an old name, a hole, or real news."""
    GAP = "gap"
    """Bars missing where the market usually has some."""
    ODD_SESSION = "odd_session"
    """A bar on a day or at a second at which this market usually has none."""
    ZERO_VOLUME_RUN = "zero_volume_run"
    """Bars without volume."""
    OFF_TICK = "off_tick"
    """A price that is no multiple of the tick."""
    NAIVE_TIME = "naive_time"
    """Times without a zone, taken as UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Tell one flaw, or a group of one kind.

    Args:
        kind: what is wrong.
        symbol: of which market.
        row: the (first) flawed row of the series; for a gap the first row after it.
        time: when that row's bar closes, ISO 8601 UTC (a daily bar closes at the end of its day).
        detail: what was found.
        count: how many bars (of gaps: holes) the entry stands for.
    """

    kind: FlawKind
    symbol: str
    row: int
    time: str
    detail: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.symbol}: {self.kind} in the bar closing {self.time} (row {self.row}): {self.detail}"


def list_flaws(
    series: BarSeries,
    kind: FlawKind,
    rows: NDArray[np.intp],
    detail: Callable[[int], str],
    *,
    severity: NDArray[np.float64] | None = None,
    counts: NDArray[np.intp] | None = None,
) -> list[Flaw]:
    """Make entries for the rows of one kind of flaw: the worst one by one, the rest together.

    Args:
        series: the bars.
        kind: the kind.
        rows: flawed rows, growing, shape ``(flaws,)``.
        detail: says what is wrong, given a position in ``rows``.
        severity: how bad each is, shape ``(flaws,)``; by default the first rows come first.
        counts: how many bars each stands for, shape ``(flaws,)``; by default one.

    Returns:
        Entries, the worst first, and at most one more for the rest.
    """
    weights = np.ones(len(rows), dtype=np.intp) if counts is None else counts
    worst = np.arange(len(rows)) if severity is None else np.argsort(-severity, kind="stable")
    listed, rest = worst[:LISTED_FLAWS], np.sort(worst[LISTED_FLAWS:])

    def entry(position: int, text: str, count: int) -> Flaw:
        row = int(rows[position])
        time = iso(int(series.close_time[row]))
        return Flaw(kind=kind, symbol=series.symbol, row=row, time=time, detail=text, count=count)

    flaws = [entry(int(position), detail(int(position)), int(weights[position])) for position in listed]
    if len(rest):
        until = iso(int(series.close_time[rows[rest[-1]]]))
        flaws.append(entry(int(rest[0]), f"and {len(rest)} more until {until}", int(weights[rest].sum())))
    return flaws
