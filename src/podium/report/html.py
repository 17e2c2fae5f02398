"""``report.html``: one page that holds everything it shows and asks nobody for anything.

Its parts come from modules of their own: texts and tables (``sections``, ``months``, ``diversification``, ``costs``,
``quality``, ``trade_list``) and charts as data (``figures``), drawn by the small scripts in ``page/``. This module
chooses what goes in, bounds it, and puts it in order. A policy inside the page forbids the browser every request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from podium.backtest.result import OrchestratorResult
from podium.core.money import display_decimals, format_money
from podium.data.bars import BarSeries
from podium.data.flaws import Flaw
from podium.report import figures, sections
from podium.report.activity import Activity, Exposure, activity_of
from podium.report.blocked import reason_text
from podium.report.costs import attribution_section, cost_section
from podium.report.diversification import diversification_section
from podium.report.document import chart, write_page, written_page
from podium.report.drawn import DrawnPortfolio
from podium.report.elements import Html, data_block, element
from podium.report.levels import EntryLevels, TradeKey
from podium.report.months import months_section
from podium.report.quality import quality_section
from podium.report.reported import ReportedResult
from podium.report.trade_list import trades_section
from podium.stats.comparison import RowKind, percent
from podium.stats.periods import distribution

__all__ = ["report_page", "write_report"]

_CANDLES_MAX, _CANDLES_MIN, _CANDLES_IN_ALL = 2_000, 250, 60_000
#: Windows of the rolling Sharpe ratio in days: the longest of which the run holds three.
_WINDOWS = (90, 30, 14)
_NAVIGATION = {
    "comparison": "Comparison",
    "attribution": "Attribution",
    "months": "Months",
    "diversification": "Diversification",
    "exposure": "Exposure",
    "trades": "Trades",
    "costs": "Costs",
    "metrics": "Metrics",
    "data": "Data",
    "configuration": "Configuration",
}


def write_report(
    result: OrchestratorResult,
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
    drawn = DrawnPortfolio(result)
    ticks = {symbol: instrument.tick for symbol, instrument in result.market.instruments.items()}
    page = report_page(
        drawn,
        market,
        configuration,
        activity=activity_of(result, drawn.rows),
        flaws=result.market.flaws,
        ticks=ticks,
    )
    return write_page(page, path)


def report_page(
    drawn: DrawnPortfolio,
    market: Mapping[str, BarSeries],
    configuration: Mapping[str, object] | None = None,
    *,
    activity: Activity | None = None,
    flaws: Sequence[Flaw] = (),
    ticks: Mapping[str, Decimal] | None = None,
) -> Html:
    """Make the page.

    Args:
        drawn: the result, prepared for drawing.
        market: the bars of each symbol, for the price charts.
        configuration: what to show as configuration; by default that of the result.
        activity: what the events tell, at the drawn moments.
        flaws: what is wrong with the bars.
        ticks: the step of prices of each symbol.

    Returns:
        The page.
    """
    result = drawn.result
    settings = _settings(result.config) if configuration is None else configuration
    name = str(_settings(result.config).get("name") or "portfolio")
    currency = result.comparison_table.currency
    metrics = [(strategy_id, one.metrics) for strategy_id, one in result.strategy_results.items()]
    parts = [
        sections.warnings_section(result.warnings),
        _equity_section(drawn, currency),
        sections.comparison_section(result.comparison_table),
        attribution_section(activity.attribution, drawn.strategy_ids, currency) if activity else Html(""),
        months_section(drawn.daily),
        diversification_section(drawn, currency),
        _exposure_section(drawn, activity.exposures) if activity else Html(""),
        _returns_section(drawn),
        _trades_section(result, market, ticks or {}, activity.levels if activity else {}),
        cost_section(activity.attribution, currency) if activity else Html(""),
        sections.metrics_section([*metrics, ("portfolio", result.aggregate_metrics)], currency),
        quality_section(market, flaws),
        sections.settings_section(settings, None if configuration is None else _settings(result.config)),
    ]
    return written_page(
        name,
        _headline(result, market, name, currency),
        _navigation(parts),
        *parts,
        _closing(result),
        decimals=display_decimals(currency),
    )


def _navigation(parts: Sequence[Html]) -> Html:
    there = [name for name in _NAVIGATION if any(part.startswith(f'<section id="{name}"') for part in parts)]
    return element("nav", *(element("a", _NAVIGATION[name], href=f"#{name}") for name in there), aria_label="sections")


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
        "Return a year": (percent(metrics.cagr) or "–", metrics.cagr),
        "Sharpe ratio": ("–" if sharpe is None else f"{sharpe:,.2f}", None),
        "Maximum drawdown": (percent(metrics.max_drawdown) or "–", None),
        "Trades": (f"{metrics.total_trades:,}", None),
        "Blocked for capital": (f"{whole.capital_limit_blocks or 0:,}", None),
        "Conflicts": (f"{result.conflicts_detected:,}", None),
    }
    return sections.headline(name, period, facts)


def _equity_section(drawn: DrawnPortfolio, currency: str) -> Html:
    choices = [
        element(
            "label", element("input", type="radio", name="equity-view", value=value, checked=value == "equity"), text
        )
        for value, text in (("equity", " equity"), ("profit", " profit"), ("growth", " per cent"))
    ]
    group = element("div", *choices, class_="choice", role="radiogroup", aria_label="what the upper chart shows")
    note = "Areas are strategies and sum to the portfolio. In a drawdown: who lost since the portfolio's last peak."
    return element(
        "section",
        element("div", element("h2", "Equity and drawdown"), group, class_="head"),
        element("p", note, class_="note"),
        chart("equity", figures.equity_figure(drawn, currency), "Equity and drawdown over time, by strategy"),
        id="equity-section",
    )


def _exposure_section(drawn: DrawnPortfolio, exposures: Mapping[str, Exposure]) -> Html:
    note = (
        "Long positions stand above 0, short ones below. Capital in use is the share of each allocation that was "
        "bound, at most since the point before. A sign above it is an entry that was blocked, in a lane for each cause."
    )
    figure = figures.exposure_figure(drawn, exposures)
    return element(
        "section",
        element("h2", "Exposure and capital"),
        element("p", note, class_="note"),
        chart("exposure-chart", figure, "Value of positions, capital in use and blocked entries over time"),
        _blocked(exposures),
        id="exposure",
    )


def _blocked(exposures: Mapping[str, Exposure]) -> Html:
    """Say how many entries were blocked for each reason, the commonest first."""
    reasons = np.concatenate([one.blocked.reasons for one in exposures.values()])
    if len(reasons) == 0:
        return Html("")
    found = sorted(zip(*np.unique(reasons, return_counts=True), strict=True), key=lambda pair: (-pair[1], pair[0]))
    words = ", ".join(f"{reason_text(int(reason))} {count:,}" for reason, count in found)
    return element("p", f"Blocked entries: {words}.", class_="note below")


def _returns_section(drawn: DrawnPortfolio) -> Html:
    days = len(drawn.daily)
    window = next((window for window in _WINDOWS if days >= 3 * window), _WINDOWS[-1])
    rolled = figures.sharpe_figure(drawn, window)
    returns = drawn.daily.returns()
    moved = np.zeros(0) if returns is None else returns[returns != 0]
    bins = distribution(moved)
    left = (
        element("p", f"The run has {days} days: too few for a window of {window}.", class_="note below")
        if rolled is None
        else chart("rolling", rolled, "Rolling Sharpe ratio over time")
    )
    right = (
        element("p", "The portfolio's daily returns do not vary.", class_="note below")
        if bins is None
        else chart("bins", figures.bin_figure(bins, days - len(moved)), "How daily returns are distributed")
    )
    return element(
        "section",
        element("h2", "Returns over time"),
        element("div", element("div", left), element("div", right), class_="pair even"),
        id="returns",
    )


def _trades_section(
    result: ReportedResult,
    market: Mapping[str, BarSeries],
    ticks: Mapping[str, Decimal],
    levels: Mapping[TradeKey, EntryLevels],
) -> Html:
    most = min(_CANDLES_MAX, max(_CANDLES_MIN, _CANDLES_IN_ALL // max(len(market), 1)))
    prices = [
        data_block(f"prices-{place}", figures.price_figure(series, ticks.get(symbol), most))
        for place, (symbol, series) in enumerate(market.items())
    ]
    trades = {strategy_id: one.trades for strategy_id, one in result.strategy_results.items()}
    return trades_section(trades, market, prices, levels, ticks)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


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
    return element("footer", text)
