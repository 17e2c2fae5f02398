"""The charts of a report as plain data; the page draws them, in the colours of its theme.

A panel names its series, the format of its values and the share of the chart's height it takes. A series without a
place is the whole portfolio; place -1 is cash that nobody has, -2 what netting saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from podium.data.bars import BarSeries
from podium.report.activity import Exposure
from podium.report.blocked import CAUSES, packed_blocks, present_causes, reason_text
from podium.report.curves import drawn_candles
from podium.report.drawn import DrawnPortfolio
from podium.report.packing import packed, packed_exactly
from podium.stats.aligned import harmless
from podium.stats.daily import DailyEquity
from podium.stats.periods import Distribution, rolling_sharpe

__all__ = [
    "Figure",
    "bin_figure",
    "equity_figure",
    "exposure_figure",
    "lines_panel",
    "price_figure",
    "sharpe_figure",
]

Figure = dict[str, object]

_WHOLE = "portfolio"
#: Of the signs of one cause, in pixels.
_LANE_HEIGHT = 9


def _series(name: str, place: int | None, values: NDArray[np.float64], *, stacked: bool = False) -> dict[str, object]:
    return {"name": harmless(name), "place": place, "values": packed(values), "stacked": stacked}


def _each(names: Sequence[str], curves: Sequence[NDArray[np.float64]], *, stacked: bool) -> list[dict[str, object]]:
    several = enumerate(zip(names, curves, strict=True))
    return [_series(name, place, values, stacked=stacked) for place, (name, values) in several]


def _netted(values: NDArray[np.float64] | None) -> list[dict[str, object]]:
    """Give the series of what netting saved, if it is on."""
    return [] if values is None else [_series("netting", -2, values, stacked=True)]


def lines_panel(
    title: str, share: float, written: str, names: Sequence[str], curves: Sequence[NDArray[np.float64]]
) -> Figure:
    """Draw curves as lines over each other.

    Args:
        title: what they show.
        share: the panel's share of the chart's height.
        written: how values are printed, such as ``percent``.
        names: one for each curve.
        curves: values at the chart's times; not a number where there is none.

    Returns:
        The panel.
    """
    series = _each(names, curves, stacked=False)
    return {"title": title, "share": share, "format": written, "zero": True, "series": series}


def equity_figure(drawn: DrawnPortfolio, currency: str) -> Figure:
    """Draw equity in three ways and, below, the drawdown, both stacked by strategy.

    Args:
        drawn: the curves.
        currency: the account currency.

    Returns:
        The figure with views ``equity``, ``profit`` and ``growth``.
    """
    names = drawn.strategy_ids
    start = drawn.start * drawn.unit
    idle = [_series("unallocated", -1, drawn.idle, stacked=True)] if drawn.idle.any() else []
    parts = _each(names, drawn.drawdown_parts, stacked=True) + _netted(drawn.saved_part)
    whole = np.asarray(sum(drawn.drawdown_parts, np.zeros(len(drawn.rows))))
    if drawn.saved_part is not None:
        whole = whole + drawn.saved_part
    fall = {
        "title": "Drawdown", "share": 0.34, "format": "percent", "zero": True,
        "series": [*parts, _series(_WHOLE, None, whole)],
    }  # fmt: skip

    def view(title: str, written: str, series: list[dict[str, object]], values: NDArray[np.float64]) -> Figure:
        top = {"title": title, "share": 0.66, "format": written, "zero": True}
        return {"panels": [{**top, "series": [*series, _series(_WHOLE, None, values)]}, fall]}

    profit = drawn.equity - start
    growth = profit / start if start else profit
    profits = [*_each(names, drawn.earnings, stacked=True), *_netted(drawn.saved)]
    stacks = [*_each(names, drawn.equities, stacked=True), *_netted(drawn.saved), *idle]
    return {
        "height": 560,
        "times": packed_exactly(drawn.seconds),
        "views": {
            "equity": view(f"Equity, {currency}", "money", stacks, drawn.equity),
            "profit": view(f"Profit, {currency}", "money", profits, profit),
            "growth": view("Return since the start", "percent", _each(names, drawn.growths, stacked=False), growth),
        },
    }


def exposure_figure(drawn: DrawnPortfolio, exposures: Mapping[str, Exposure]) -> Figure:
    """Draw what was held, how much of each allocation was bound, and when entries were refused for which reason.

    Args:
        drawn: the curves.
        exposures: by strategy id, at the drawn moments.

    Returns:
        The figure.
    """
    names = drawn.strategy_ids
    money = np.maximum(drawn.equity, drawn.unit)
    held, sold = [], False
    for place, name in enumerate(names):
        one = exposures[name]
        held.append(_series(name, place, one.long / money, stacked=True))
        if one.short.any():
            sold = True
            held.append(_series(name, place, one.short / money, stacked=True))
    if sold:
        net = np.asarray(sum((one.long + one.short for one in exposures.values()), np.zeros(len(money))) / money)
        held.append(_series("net", None, net))
    blocked = [one.blocked for one in exposures.values()]
    causes = present_causes(blocked)
    told = sorted({int(reason) for one in blocked for reason in np.unique(one.reasons)})
    times = drawn.result.aggregate_equity_curve.times_nanoseconds[drawn.rows]
    use = [
        {
            **_series(name, place, exposures[name].capital_use),
            "blocked": packed_blocks(exposures[name].blocked, times, told),
        }
        for place, name in enumerate(names)
    ]
    title = "Capital in use" + ("; signs: blocked entries" if causes else "")
    # Each cause has a lane above the area.
    rows = min((38 + _LANE_HEIGHT * max(len(causes), 1)) * len(names), 440)
    height = 220 + rows
    return {
        "height": height + 90,
        "times": packed_exactly(drawn.seconds),
        "panels": [
            {
                "title": "Value of positions, of the portfolio's equity",
                "share": 220 / height,
                "format": "percent",
                "zero": True,
                "series": held,
            },
            {
                "title": title,
                "share": rows / height,
                "kind": "rows",
                "series": use,
                "causes": [
                    {"name": cause, "sign": list(CAUSES).index(cause), "count": count}
                    for cause, count in causes.items()
                ],
                "reasons": [{"name": reason_text(reason), "cause": _cause_of(reason, causes)} for reason in told],
            },
        ],
    }


def _cause_of(reason: int, causes: Mapping[str, int]) -> int:
    """Give the place of the cause to which a reason belongs, among those that there are."""
    return next(place for place, cause in enumerate(causes) if reason in CAUSES[cause])


def sharpe_figure(drawn: DrawnPortfolio, window: int) -> Figure | None:
    """Draw the Sharpe ratio of the last days, for each strategy and the portfolio.

    Args:
        drawn: the curves.
        window: how many days.

    Returns:
        The figure; ``None`` when the run is shorter than the window.
    """
    if len(drawn.daily) < window + 1:
        return None

    def rolled(daily: DailyEquity) -> NDArray[np.float64]:
        returns = daily.returns()
        if returns is None:
            return np.full(len(daily) - window + 1, np.nan)
        return rolling_sharpe(returns, window, daily.calendar.periods_per_year)

    curves = _each(drawn.strategy_ids, [rolled(daily) for daily in drawn.dailies], stacked=False)
    return {
        "height": 300,
        "times": packed_exactly((drawn.daily.days[window - 1 :] + 1) * 86_400),
        "panels": [
            {"title": f"Sharpe ratio of the last {window} days", "share": 1, "format": "ratio", "zero": True,
             "series": [*curves, _series(_WHOLE, None, rolled(drawn.daily))]},
        ],
    }  # fmt: skip


def bin_figure(found: Distribution, unchanged: int) -> Figure:
    """Draw how daily returns are distributed.

    Args:
        found: the bins.
        unchanged: how many days without any return are not in them.

    Returns:
        The figure.
    """
    return {
        "kind": "bins",
        "title": "Days by return of the portfolio" + (f"; {unchanged:,} without any left out" if unchanged else ""),
        "height": 300,
        "edges": [round(edge, 8) for edge in found.edges.tolist()],
        "counts": found.counts.tolist(),
    }


def price_figure(series: BarSeries, tick: Decimal | None, most: int) -> Figure:
    """Give the candles of a symbol, whose trades the page adds.

    Args:
        series: the bars.
        tick: the step of prices, if it is known.
        most: how many candles.

    Returns:
        The prices.
    """
    candles = drawn_candles(series, most=most)
    return {
        "symbol": harmless(series.symbol),
        "times": packed_exactly(candles.times / 1e9),
        **{name: packed_exactly(getattr(candles, name)) for name in ("open", "high", "low", "close")},
        "decimals": _decimals(tick, series),
        "bars": len(series),
        "bars_each": candles.bars_each,
        "timeframe": str(series.timeframe),
        "seconds": series.timeframe.nanoseconds / 1e9,
    }


def _decimals(tick: Decimal | None, series: BarSeries) -> int:
    if tick is not None:
        return min(max(-int(tick.normalize().as_tuple().exponent), 0), 10)
    if len(series) == 0:
        return 2
    return int(np.clip(5 - np.floor(np.log10(max(float(series.close[-1]), 1e-9))), 0, 10))
