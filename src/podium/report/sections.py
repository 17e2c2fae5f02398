"""The parts of the report page that are text: headline, warnings, tables, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from enum import Enum

from podium.core.money import format_money
from podium.report.elements import Html, element, joined
from podium.report.palette import strategy_colour
from podium.report.tables import news, ratio_text
from podium.stats.comparison import Column, ComparisonRow, ComparisonTable, RowKind, percent
from podium.stats.metrics import StrategyMetrics

__all__ = [
    "comparison_section",
    "flat_settings",
    "headline",
    "metrics_section",
    "settings_section",
    "warnings_section",
]

_WARNINGS_MAX = 200
_WARNINGS_OPEN = 8

#: Each metric that is shown, with the words beside it and how it is printed.
_METRICS: tuple[tuple[str, str, str], ...] = (
    ("total_return", "Total return", "percent"),
    ("annualised_return", "Annualised return (by days counted)", "percent"),
    ("cagr", "CAGR (by calendar)", "percent"),
    ("volatility", "Volatility, a year", "percent"),
    ("sharpe_ratio", "Sharpe ratio", "ratio"),
    ("sortino_ratio", "Sortino ratio", "ratio"),
    ("calmar_ratio", "Calmar ratio", "ratio"),
    ("omega_ratio", "Omega ratio", "ratio"),
    ("max_drawdown", "Maximum drawdown", "percent"),
    ("max_drawdown_days", "– from peak to recovery, days", "count"),
    ("longest_drawdown_days", "Longest drawdown, days", "count"),
    ("ulcer_index", "Ulcer index", "percent"),
    ("value_at_risk", "Value at risk, 5 %, a day", "percent"),
    ("conditional_value_at_risk", "Expected shortfall, 5 %, a day", "percent"),
    ("best_day", "Best day", "percent"),
    ("worst_day", "Worst day", "percent"),
    ("skewness", "Skewness of daily returns", "ratio"),
    ("kurtosis", "Excess kurtosis of daily returns", "ratio"),
    ("tail_ratio", "Tail ratio", "ratio"),
    ("total_trades", "Trades", "count"),
    ("winning_trades", "– winners", "count"),
    ("losing_trades", "– losers", "count"),
    ("win_rate", "Win rate", "percent"),
    ("profit_factor", "Profit factor", "ratio"),
    ("average_win", "Average win", "money"),
    ("average_loss", "Average loss", "money"),
    ("expectancy", "Expectancy of a trade", "money"),
    ("exposure", "Exposure (time in a position)", "percent"),
    ("turnover", "Turnover, times a year", "ratio"),
    ("alpha", "Alpha, a year", "percent"),
    ("beta", "Beta", "ratio"),
    ("excess_return", "Excess return over the benchmark", "percent"),
)


def headline(name: str, period: str, facts: Mapping[str, tuple[str, float | None]]) -> Html:
    """Say what ran and how it came out.

    Args:
        name: the portfolio's name.
        period: what was run over, one line.
        facts: by label the figure as text and, where its sign is good or bad news, as a number.

    Returns:
        The markup.
    """
    cards = [
        element("div", element("dt", label), element("dd", text, class_=news(number)))
        for label, (text, number) in facts.items()
    ]
    return joined(element("header", element("h1", name), element("p", period)), element("dl", *cards, class_="figures"))


def warnings_section(warnings: Sequence[str]) -> Html:
    """List what the reader must know before believing any number.

    Args:
        warnings: one text each.

    Returns:
        The markup; nothing without warnings.
    """
    if not warnings:
        return Html("")
    items = [element("li", text) for text in warnings[:_WARNINGS_MAX]]
    title = f"{len(warnings):,} warning{'s' if len(warnings) != 1 else ''}"
    more = len(warnings) - len(items)
    rest = element("p", f"and {more:,} more, in log.jsonl", class_="note") if more > 0 else ""
    content = joined(element("ul", *items), rest)
    if len(warnings) > _WARNINGS_OPEN:
        first = element("ul", *items[:3])
        content = joined(first, element("details", element("summary", "show all"), content))
    return element("section", element("h2", title), content, class_="warnings", id="warnings")


def comparison_section(table: ComparisonTable) -> Html:
    """Show the comparison table.

    Args:
        table: what.

    Returns:
        The markup.
    """
    heads = [
        element("th", column.heading, class_="left" if column.left else "", scope="col") for column in table.columns
    ]
    places = {row.strategy_id: place for place, row in enumerate(table.rows) if row.kind is RowKind.STRATEGY}
    rows = [
        element(
            "tr", *[_comparison_cell(column, row, table.currency, places) for column in table.columns], class_=row.kind
        )
        for row in table.rows
    ]
    content = element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="pin")
    return element("section", element("h2", "Comparison"), element("div", content, class_="wide"), id="comparison")


def _comparison_cell(column: Column, row: ComparisonRow, currency: str, places: Mapping[str, int]) -> Html:
    text = column.text(row, currency)
    if column.name == "strategy_id":
        known = row.kind is RowKind.STRATEGY
        colour = strategy_colour(places[row.strategy_id]) if known else ""
        swatch = element("span", class_="swatch", style=f"--c:{colour}") if known else ""
        return element("th", swatch, text, class_="left name", scope="row", title=row.strategy_id)
    if column.name == "equity":
        colour = strategy_colour(places[row.strategy_id]) if row.kind is RowKind.STRATEGY else "inherit"
        return element("td", text, class_="left curve", style=f"--c:{colour}", aria_hidden="true")
    return element("td", text, class_=news(row.total_return) if column.name == "total_return" else "")


def metrics_section(metrics: Sequence[tuple[str, StrategyMetrics]], currency: str) -> Html:
    """Show all metrics side by side.

    Args:
        metrics: strategy ids with their metrics, then those of the portfolio.
        currency: the account currency.

    Returns:
        The markup; a figure without a value says why in its title.
    """
    heads = [
        element("th", "", scope="col"),
        *[element("th", name, scope="col", class_="name", title=name) for name, _ in metrics],
    ]
    rows = []
    for field, label, kind in _METRICS:
        if field in {"alpha", "beta", "excess_return"} and all(getattr(one, field) is None for _, one in metrics):
            continue
        cells = [_metric_cell(one, field, kind, currency) for _, one in metrics]
        rows.append(element("tr", element("th", label, class_="left name", scope="row"), *cells))
    periods = metrics[-1][1].periods_per_year
    basis = f"Ratios are computed from one equity value a day ({periods} days a year, risk-free rate 0)"
    note = element("p", f"{basis}; the maximum drawdown looks at every point.", class_="note")
    content = element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="pin words")
    return element("section", element("h2", "Metrics"), note, element("div", content, class_="wide"), id="metrics")


def _metric_cell(metrics: StrategyMetrics, field: str, kind: str, currency: str) -> Html:
    value = getattr(metrics, field)
    if value is None:
        return element("td", "–", class_="nothing", title=metrics.why_none(field) or "")
    text = {
        "percent": lambda: percent(value),
        "ratio": lambda: ratio_text(value),
        "count": lambda: f"{value:,}",
        "money": lambda: format_money(Decimal(str(value)), currency),
    }[kind]()
    return element("td", text)


def settings_section(settings: Mapping[str, object], everything: Mapping[str, object] | None = None) -> Html:
    """List how the run was configured.

    Args:
        settings: names with values; maps and lists inside are written with their path.
        everything: what it was run with, defaults included, where that is more.

    Returns:
        The markup.
    """
    rest = Html("")
    if everything:
        summary = element("summary", "everything, defaults included")
        rest = element("details", summary, _settings_list(everything), class_="rest")
    title = element("h2", "Configuration")
    return element("section", title, _settings_list(settings), rest, id="configuration")


def _settings_list(settings: Mapping[str, object]) -> Html:
    entries = [element("div", element("dt", name), element("dd", text)) for name, text in flat_settings(settings)]
    return element("dl", *entries, class_="settings")


def flat_settings(value: object, path: str = "") -> list[tuple[str, str]]:
    """Write settings as lines.

    Args:
        value: a map, a list, a value, or several inside each other.
        path: what stands before each name.

    Returns:
        Names with their paths, and values as people read them.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        if not value:
            return [(path, "none")]
        return [
            line for key, inner in value.items() for line in flat_settings(inner, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(value, list | tuple):
        if any(isinstance(inner, Mapping) for inner in value):
            return [line for key, inner in _named(value) for line in flat_settings(inner, f"{path}.{key}")]
        return [(path, ", ".join(_setting(inner) for inner in value) or "none")]
    return [(path, _setting(value))]


def _named(several: Sequence[object]) -> list[tuple[str, object]]:
    """Name the members of a list by their ids, else by their places, so that two lists can be compared."""
    return [
        (str(one.get("id", place)) if isinstance(one, Mapping) else str(place), one)
        for place, one in enumerate(several, 1)
    ]


def _setting(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    return _number(value) if isinstance(value, Decimal) else str(value)


def _number(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
