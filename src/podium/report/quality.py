"""What the run was computed from: the bars of each symbol and their flaws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from podium.data.bars import BarSeries
from podium.data.flaws import Flaw
from podium.report.elements import Html, element
from podium.report.tables import heading_row, name_cell, table

__all__ = ["quality_section"]


def quality_section(market: Mapping[str, BarSeries], flaws: Sequence[Flaw]) -> Html:
    """Show the bars of each symbol and what was found wrong with them.

    Args:
        market: the bars.
        flaws: what was let through or dropped.

    Returns:
        The markup; nothing without bars.
    """
    if not market:
        return Html("")
    rows = []
    for symbol, series in market.items():
        found: dict[str, int] = {}
        for flaw in flaws:
            if flaw.symbol == symbol:
                found[flaw.kind.value] = found.get(flaw.kind.value, 0) + flaw.count
        told = ", ".join(f"{kind.replace('_', ' ')} {count:,}" for kind, count in found.items()) or "none found"
        first, last = (_day(series, row) for row in (0, -1))
        source = series.source.file or "no file (sample or Python)"
        rows.append(
            element(
                "tr",
                name_cell(symbol),
                element("td", f"{len(series):,}"),
                element("td", str(series.timeframe)),
                element("td", first),
                element("td", last),
                element("td", told, class_="left"),
                element("td", source, class_="left name", title=source),
            )
        )
    heads = heading_row(
        ["symbol", "bars", "timeframe", "first bar closes", "last bar closes", "flaws", "source"], left=(0, 5, 6)
    )
    note = "Flaws that the portfolio file lets through; the warnings above tell each of them." if flaws else ""
    return element(
        "section",
        element("h2", "Data"),
        element("p", note, class_="note") if note else "",
        table(heads, rows, kind="pin flaws"),
        id="data",
    )


def _day(series: BarSeries, row: int) -> str:
    if len(series) == 0:
        return "–"
    return str(np.datetime64(int(series.close_time[row]), "ns").astype("M8[m]")).replace("T", " ")
