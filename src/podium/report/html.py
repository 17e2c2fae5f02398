"""``report.html``: one page that holds everything it shows and asks nobody for anything.

Its parts come from ``sections`` (texts and tables) and ``plots`` (charts); this module chooses what goes in, bounds
it, and writes the file. A policy inside the page forbids the browser every request.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from podium.core.money import format_money
from podium.data.bars import BarSeries
from podium.report import plots, sections
from podium.report.curves import drawn_candles, drawn_curve
from podium.report.elements import Html, data_block, element, joined
from podium.report.reported import ReportedResult, ReportedTrade
from podium.stats.comparison import RowKind, percent

__all__ = ["report_page", "write_report"]

_TRADES_MAX = 500
_MARKED_TRADES_MAX = 2_500
_CURVE_POINTS = 2_000
_CANDLES_MAX, _CANDLES_MIN, _CANDLES_IN_ALL = 2_000, 250, 60_000
#: So many charts of symbols are open at first; the others open on a click.
_OPEN_CHARTS = 4
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def write_report(
    result: ReportedResult,
    path: Path,
    market: Mapping[str, BarSeries],
    configuration: Mapping[str, object] | None = None,
) -> Path:
    """Write the report of a backtest; the file appears whole or not at all.

    Args:
        result: what came out.
        path: the file, in a folder that exists; an older report there is replaced.
        market: the bars of each symbol, for the price charts.
        configuration: what to show as configuration; by default ``result.config``.

    Returns:
        The path.

    Raises:
        OSError: when the file cannot be written; nothing is left behind.
    """
    page = report_page(result, market, configuration)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def report_page(
    result: ReportedResult, market: Mapping[str, BarSeries], configuration: Mapping[str, object] | None = None
) -> Html:
    """Make the page; arguments as for ``write_report``."""
    settings = _settings(result.config) if configuration is None else configuration
    name = str(_settings(result.config).get("name") or "portfolio")
    currency = result.comparison_table.currency
    of_symbol = _by_symbol(result)
    metrics = [(strategy_id, one.metrics) for strategy_id, one in result.strategy_results.items()]
    body = element(
        "main",
        _headline(result, market, name, currency),
        sections.warnings_section(result.warnings),
        sections.comparison_section(result.comparison_table),
        _equity_section(result, currency),
        sections.metrics_section([*metrics, ("portfolio", result.aggregate_metrics)], currency),
        _price_section(result, market, of_symbol),
        _trades_section(result, currency),
        sections.settings_section(settings),
        _closing(result),
    )
    scripts = (element("script", Html(text)) for text in (plots.plotly_script(), _page_file("page.js")))
    return joined(Html("<!doctype html>\n"), element("html", _head(name), element("body", body, *scripts), lang="en"))


def _head(name: str) -> Html:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{name} – Podium"),
        element("style", Html(_page_file("page.css"))),
    )


def _page_file(name: str) -> str:
    return files("podium.report").joinpath(name).read_text(encoding="utf-8")


def _headline(result: ReportedResult, market: Mapping[str, BarSeries], name: str, currency: str) -> Html:
    metrics = result.aggregate_metrics
    whole = next(row for row in result.comparison_table.rows if row.kind is RowKind.PORTFOLIO)
    strategies = _counted(len(result.strategy_results), "strategy", "strategies")
    symbols = _counted(len(market), "symbol", "symbols")
    bars = _counted(sum(map(len, market.values())), "bar", "bars")
    period = f"Backtest {metrics.first_day} to {metrics.last_day} UTC, {strategies}, {symbols}, {bars}"
    sharpe = metrics.sharpe_ratio
    facts: dict[str, tuple[str, float | None]] = {
        f"Final equity, {currency}": (format_money(whole.final_equity, currency), None),
        "Return": (percent(metrics.total_return) or "–", metrics.total_return),
        "Sharpe ratio": ("–" if sharpe is None else f"{sharpe:,.2f}", None),
        "Maximum drawdown": (percent(metrics.max_drawdown) or "–", None),
        "Trades": (f"{metrics.total_trades:,}", None),
        "Entries blocked by capital": (f"{whole.capital_limit_blocks or 0:,}", None),
        "Conflicts": (f"{result.conflicts_detected:,}", None),
    }
    return sections.headline(name, period, facts)


def _equity_section(result: ReportedResult, currency: str) -> Html:
    whole = next(row for row in result.comparison_table.rows if row.kind is RowKind.PORTFOLIO)
    strategies = {
        key: (drawn_curve(one.equity_curve, start=one.allocated_capital, most=_CURVE_POINTS), one.allocated_capital)
        for key, one in result.strategy_results.items()
    }
    start = whole.allocated_capital
    portfolio = (drawn_curve(result.aggregate_equity_curve, start=start, most=_CURVE_POINTS), start)
    choices = [
        _unit_choice(value, text, chosen=value == "growth")
        for value, text in (("growth", "per cent"), ("money", currency))
    ]
    return element(
        "section",
        element("div", *choices, class_="choice", role="radiogroup", aria_label="unit of the equity curves"),
        element("h2", "Equity and drawdown"),
        _chart("equity", plots.equity_figure(strategies, portfolio, currency), "Equity and drawdown over time"),
    )


def _unit_choice(value: str, text: str, *, chosen: bool) -> Html:
    return element("label", element("input", type="radio", name="unit", value=value, checked=chosen), f" {text}")


def _price_section(
    result: ReportedResult,
    market: Mapping[str, BarSeries],
    of_symbol: Mapping[str, Mapping[str, Sequence[ReportedTrade]]],
) -> Html:
    if not market:
        return Html("")
    places = {key: place for place, key in enumerate(result.strategy_results)}
    most = min(_CANDLES_MAX, max(_CANDLES_MIN, _CANDLES_IN_ALL // len(market)))
    charts = []
    for place, (symbol, series) in enumerate(market.items()):
        candles = drawn_candles(series, most=most)
        trades = of_symbol.get(symbol, {})
        count = sum(map(len, trades.values()))
        shown = _latest(trades, _MARKED_TRADES_MAX)
        note = f"{_counted(len(series), 'bar', 'bars')} of {series.timeframe}"
        note += f", {candles.bars_each} to a candle" if candles.bars_each > 1 else ""
        note += f"; {_counted(count, 'trade', 'trades')}"
        note += f", the latest {_MARKED_TRADES_MAX:,} marked" if count > _MARKED_TRADES_MAX else ""
        figure = plots.candle_figure(candles, shown, places)
        chart = _chart(f"symbol-{place}", figure, f"Price of {symbol} with entries and exits")
        summary = element("summary", symbol)
        content = joined(element("p", f"{note}. A candle stands at its close, UTC.", class_="note"), chart)
        charts.append(element("details", summary, content, open=place < _OPEN_CHARTS))
    signs = "▲ entry long   ▼ entry short   ✕ exit; a hollow candle rose, a full one fell."
    legend = element("p", signs, class_="note")
    return element("section", element("h2", "Prices and trades"), *charts, legend)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _chart(identity: str, figure: Mapping[str, object], label: str) -> Html:
    data = f"{identity}-figure"
    place = element("div", id=identity, class_="plot", data_figure=data, role="img", aria_label=label)
    absent = element("noscript", element("p", "The charts need JavaScript; the tables do not.", class_="note"))
    return joined(place, absent, data_block(data, figure))


def _by_symbol(result: ReportedResult) -> dict[str, dict[str, list[ReportedTrade]]]:
    of_symbol: dict[str, dict[str, list[ReportedTrade]]] = {}
    for strategy_id, one in result.strategy_results.items():
        for trade in one.trades:
            of_symbol.setdefault(trade.symbol, {}).setdefault(strategy_id, []).append(trade)
    return of_symbol


def _latest(trades: Mapping[str, Sequence[ReportedTrade]], most: int) -> Mapping[str, Sequence[ReportedTrade]]:
    if sum(map(len, trades.values())) <= most:
        return trades
    flat = [(trade.exit_time, trade.number, key) for key, several in trades.items() for trade in several]
    kept = {(number, key) for _, number, key in sorted(flat)[-most:]}
    return {key: [trade for trade in several if (trade.number, key) in kept] for key, several in trades.items()}


def _trades_section(result: ReportedResult, currency: str) -> Html:
    latest: list[tuple[str, ReportedTrade]] = []
    for strategy_id, one in result.strategy_results.items():
        latest += [
            (strategy_id, trade) for trade in sorted(one.trades, key=lambda trade: trade.exit_time)[-_TRADES_MAX:]
        ]
    latest.sort(key=lambda pair: pair[1].exit_time, reverse=True)
    total = sum(len(one.trades) for one in result.strategy_results.values())
    return sections.trades_section(latest[:_TRADES_MAX], total, currency)


def _settings(config: object) -> Mapping[str, object]:
    if isinstance(config, Mapping):
        return config
    if is_dataclass(config) and not isinstance(config, type):
        return asdict(config)
    dumped = config.model_dump() if hasattr(config, "model_dump") else {}
    return dumped if isinstance(dumped, Mapping) else {}


def _closing(result: ReportedResult) -> Html:
    took = Decimal(str(result.execution_time_seconds)).quantize(Decimal("0.01"))
    text = f"Completed {result.completed_at:%Y-%m-%d %H:%M:%S} UTC in {took} s. Results of a backtest are no promise."
    return element("p", text, class_="note")
