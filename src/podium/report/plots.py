"""The charts of a report, as plotly draws them in the browser: the one place that knows plotly.

A figure is plain data (``{"data", "layout"}``); its colours for light and dark come from the page. Plotly reads a
small HTML in its texts, so every name is escaped before it enters a figure. Times are milliseconds since 1970, in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from html import escape

import numpy as np
from numpy.typing import NDArray

from podium.core.times import to_nanoseconds
from podium.report.curves import Candles, DrawnCurve
from podium.report.reported import ReportedTrade
from podium.stats.aligned import harmless, shortened

__all__ = ["candle_figure", "equity_figure", "plotly_script", "strategy_colour"]

#: Middle tones that are told apart on white and on black.
_COLOURS = (
    "#3b82f6",
    "#f59e0b",
    "#10b981",
    "#ec4899",
    "#8b5cf6",
    "#06b6d4",
    "#ef4444",
    "#84cc16",
    "#a16207",
    "#6366f1",
)

#: The page puts the colour of its text here.
_INK = "ink"
_NAME_WIDTH_MAX = 32

Figure = dict[str, object]
Trace = dict[str, object]


def plotly_script() -> str:
    """Give the JavaScript of plotly, to be put into a page as it is."""
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - only a report needs plotly

    return str(get_plotlyjs())


def strategy_colour(place: int) -> str:
    """Give the colour of a strategy.

    Args:
        place: its place in the portfolio, from 0.

    Returns:
        A colour as ``#rrggbb``; colours repeat after ten.
    """
    return _COLOURS[place % len(_COLOURS)]


def equity_figure(
    strategies: Mapping[str, tuple[DrawnCurve, Decimal]], portfolio: tuple[DrawnCurve, Decimal], currency: str
) -> Figure:
    """Draw the equity of all strategies and of the portfolio, and their drawdowns below.

    Args:
        strategies: for each id the curve and the capital it started with.
        portfolio: the same of the whole.
        currency: the account currency.

    Returns:
        The figure; ``meta`` of the equity traces holds the money, ``y`` the return since the start.
    """
    traces: list[Trace] = []
    for place, (strategy_id, (curve, start)) in enumerate(strategies.items()):
        traces += _curve_traces(_plain(strategy_id), curve, start, strategy_colour(place), group=f"{place}")
    traces += _curve_traces("portfolio", portfolio[0], portfolio[1], _INK, group="portfolio")
    return {
        "data": traces,
        "layout": {
            "height": 560,
            "hovermode": "x unified",
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "margin": {"l": 64, "r": 16, "t": 48, "b": 32},
            "xaxis": {"type": "date", "anchor": "y2", "hoverformat": "%Y-%m-%d %H:%M"},
            "yaxis": {"domain": [0.36, 1], "tickformat": ".0%", "title": {"text": "return"}, "zeroline": True},
            "yaxis2": {"domain": [0, 0.28], "tickformat": ".0%", "title": {"text": "drawdown"}, "rangemode": "tozero"},
            "meta": {"currency": currency},
        },
    }


def _curve_traces(name: str, curve: DrawnCurve, start: Decimal, colour: str, *, group: str) -> list[Trace]:
    base = float(start)
    growth = curve.equity / base - 1.0 if base > 0 else np.zeros(len(curve.equity))
    line = {"color": colour, "width": 2.5 if colour == _INK else 1.5}
    shared: Trace = {"type": "scatter", "mode": "lines", "name": name, "legendgroup": group, "line": line}
    equity = shared | {
        "x": _milliseconds(curve.times),
        "y": _numbers(growth),
        "meta": {"money": _numbers(curve.equity), "growth": _numbers(growth)},
        "hovertemplate": "%{y:.2%}",
    }
    drawdown = shared | {
        "x": _milliseconds(curve.drawdown_times),
        "y": _numbers(-curve.drawdown),
        "yaxis": "y2",
        "showlegend": False,
        "line": line | {"width": 1},
        "hovertemplate": "%{y:.2%} drawdown",
    }
    if colour == _INK:
        drawdown |= {"fill": "tozeroy", "fillcolor": "rgba(128,136,148,0.25)"}
    return [equity, drawdown]


def candle_figure(candles: Candles, trades: Mapping[str, Sequence[ReportedTrade]], places: Mapping[str, int]) -> Figure:
    """Draw the candles of one symbol with the entries and exits of all strategies.

    Args:
        candles: the bars.
        trades: for each strategy its trades on this symbol.
        places: each strategy's place in the portfolio, for its colour.

    Returns:
        The figure. A triangle up is a purchase to open, one down a sale to open, a cross an exit.
    """
    traces: list[Trace] = [
        {
            "type": "candlestick",
            "name": "price",
            "x": _milliseconds(candles.times),
            "open": _numbers(candles.open),
            "high": _numbers(candles.high),
            "low": _numbers(candles.low),
            "close": _numbers(candles.close),
            # A rising candle is hollow and a falling one is full, so colour is not needed to tell them apart.
            "increasing": {"line": {"color": "#26a69a", "width": 1}, "fillcolor": "rgba(0,0,0,0)"},
            "decreasing": {"line": {"color": "#ef5350", "width": 1}, "fillcolor": "#ef5350"},
            "showlegend": False,
        }
    ]
    count = sum(map(len, trades.values()))
    # Many marks are small, so that the candles stay visible behind them.
    size = 10 if count <= 200 else 7 if count <= 800 else 5
    for strategy_id, of_strategy in trades.items():
        traces += _marker_traces(_plain(strategy_id), of_strategy, strategy_colour(places[strategy_id]), size)
    return {
        "data": traces,
        "layout": {
            "height": 460,
            "hovermode": "closest",
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "margin": {"l": 64, "r": 16, "t": 40, "b": 32},
            "xaxis": {"type": "date", "rangeslider": {"visible": False}, "hoverformat": "%Y-%m-%d %H:%M"},
            "yaxis": {"tickformat": ",~r", "hoverformat": ",~r"},
        },
    }


def _marker_traces(name: str, trades: Sequence[ReportedTrade], colour: str, size: int) -> list[Trace]:
    shared: Trace = {"type": "scatter", "mode": "markers", "legendgroup": name, "hovertemplate": "%{text}"}
    entries = shared | {
        "name": name,
        "x": _moments(trade.entry_time for trade in trades),
        "y": [float(trade.entry_price) for trade in trades],
        "text": [_entry_text(name, trade) for trade in trades],
        "marker": {
            "color": colour,
            "size": size,
            "symbol": ["triangle-up" if trade.side == "long" else "triangle-down" for trade in trades],
            "line": {"width": 1, "color": "surface"},
        },
    }
    exits = shared | {
        "name": name,
        "showlegend": False,
        "x": _moments(trade.exit_time for trade in trades),
        "y": [float(trade.exit_price) for trade in trades],
        "text": [_exit_text(name, trade) for trade in trades],
        "marker": {"color": colour, "size": size - 1, "symbol": "x-thin", "line": {"width": 2, "color": colour}},
    }
    return [entries, exits]


def _entry_text(name: str, trade: ReportedTrade) -> str:
    return f"<b>{name}</b> trade {trade.number}<br>{_plain(trade.side)} {trade.quantity:,f} at {trade.entry_price:,f}"


def _exit_text(name: str, trade: ReportedTrade) -> str:
    reason = _plain(trade.exit_reason)
    return f"<b>{name}</b> trade {trade.number}<br>out at {trade.exit_price:,f}, {reason}<br>result {trade.pnl:+,.2f}"


def _plain(text: str) -> str:
    return escape(shortened(harmless(text), _NAME_WIDTH_MAX))


def _milliseconds(times: NDArray[np.int64]) -> list[int]:
    return [int(time) for time in (times // 1_000_000).tolist()]


def _moments(times: Iterable[datetime]) -> list[int]:
    return [to_nanoseconds(time) // 1_000_000 for time in times]


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    # Ten digits are more than a screen shows and keep the page small.
    return [float(f"{value:.10g}") if np.isfinite(value) else None for value in values.tolist()]
