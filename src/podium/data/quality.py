"""Look bars over: find what is wrong with them, and say it in a few lines. Nothing is changed here; see ``policy``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import DataError, Problem
from podium.core.times import iso
from podium.data.bars import BarSeries
from podium.data.flaws import Flaw, FlawKind
from podium.data.price_flaws import find_price_flaws
from podium.data.time_flaws import find_time_flaws

__all__ = ["QualityReport", "check_bars"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QualityReport:
    """Hold what was found in one series.

    Args:
        series: the bars that were looked at.
        flaws: entries by kind, the worst first; where there are many, one entry with a count stands for the rest.
        rows: all flawed rows by kind, growing; of gaps the first row after each.
        notes: what is worth knowing and no flaw, such as when the market is usually closed.
    """

    series: BarSeries
    flaws: tuple[Flaw, ...]
    rows: Mapping[FlawKind, NDArray[np.intp]]
    notes: tuple[str, ...]

    @property
    def counts(self) -> Mapping[FlawKind, int]:
        """Count flawed bars (of gaps: holes) by kind; kinds without any are left out."""
        return {kind: len(rows) for kind, rows in self.rows.items()}

    @property
    def summary(self) -> str:
        """Say it in a few lines: one about the bars, one per kind of flaw, one per note."""
        series, source = self.series, self.series.source
        inferred = " (inferred)" if source.timeframe_inferred else ""
        first, last = iso(int(series.close_time[0])), iso(int(series.close_time[-1]))
        head = f"{series.symbol}  {series.timeframe}{inferred}  {len(series):,} bars  closes {first} … {last}"
        lines = [f"{head}  {source.file}" if source.file else head]
        lines += [self._line(kind) for kind in self.rows] or ["  no flaws"]
        lines += (f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    def _line(self, kind: FlawKind) -> str:
        entries = [flaw for flaw in self.flaws if flaw.kind == kind]
        such_as = "such as closing" if len(entries) > 1 else "closing"
        return f"  {kind:<15} {self.counts[kind]:>9,}  {such_as} {entries[0].time}: {entries[0].detail}"


def check_bars(series: BarSeries, tick: Decimal | None = None) -> QualityReport:
    """Look a series over.

    Args:
        series: bars as they came, at least one.
        tick: the step of prices; without it ``off_tick`` is not looked for.

    Returns:
        All flaws that the bars alone can show. Ordinary events are not told apart from errors here: a jump may be a
        split or news, a gap a holiday.

    Raises:
        DataError: when there are no bars.
    """
    if not len(series):
        raise DataError(Problem(message=f"{series.symbol}: there are no bars", expected="at least one bar"))
    times, notes = find_time_flaws(series)
    found = times | find_price_flaws(series, tick)
    kept = {kind: found[kind] for kind in FlawKind if kind in found and len(found[kind][0])}
    return QualityReport(
        series=series,
        flaws=tuple(flaw for _, entries in kept.values() for flaw in entries),
        rows={kind: rows for kind, (rows, _) in kept.items()},
        notes=tuple(notes),
    )
