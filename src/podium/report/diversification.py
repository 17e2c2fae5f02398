"""How the strategies work together: correlation, risk, the deepest drawdown, the portfolio without each of them."""

from __future__ import annotations

from decimal import Decimal

from podium.core.money import format_money
from podium.report.drawn import DrawnPortfolio
from podium.report.elements import Html, element, joined
from podium.report.tables import heading_row, heat_cell, money_cell, name_cell, ratio_text, signed_percent, table
from podium.stats.comparison import percent
from podium.stats.contribution import MarginalEffect
from podium.stats.correlation import LOW_CORRELATION, judged_pairs

__all__ = ["diversification_section"]

_PAIRS_MAX = 12


def diversification_section(drawn: DrawnPortfolio, currency: str) -> Html:
    """Show how the strategies work together.

    Args:
        drawn: the result.
        currency: the account currency.

    Returns:
        The markup; nothing for a portfolio of one strategy.
    """
    if len(drawn.strategy_ids) < 2:
        return Html("")
    return element(
        "section",
        element("h2", "Diversification"),
        element("div", _correlations(drawn), _shares(drawn, currency), class_="pair"),
        _effects(drawn),
        id="diversification",
    )


def _correlations(drawn: DrawnPortfolio) -> Html:
    names = drawn.strategy_ids
    # Long names stand in the rows; the columns repeat them by number when they would not fit.
    numbered = len(names) > 4 or max(map(len, names)) > 14
    heads = [f"{place + 1}" if numbered else name for place, name in enumerate(names)]
    rows = []
    for place, (name, values) in enumerate(zip(names, drawn.correlations, strict=True)):
        words = f"{place + 1}  {name}" if numbered else name
        cells = [
            heat_cell(ratio_text(value), value, 1.0, title=f"{name} and {other}")
            for other, value in zip(names, values, strict=True)
        ]
        rows.append(element("tr", element("th", words, scope="row", class_="left name", title=name), *cells))
    content = element(
        "table", element("thead", heading_row(["", *heads])), element("tbody", *rows), class_="heat fitted pin"
    )
    note = "Pearson's correlation of daily returns; days without a position count as 0."
    return element(
        "div",
        element("h3", "Correlation of daily returns"),
        element("p", note, class_="note"),
        element("div", content, class_="wide"),
        _told(drawn),
    )


def _told(drawn: DrawnPortfolio) -> Html:
    pairs = judged_pairs(drawn.strategy_ids, drawn.correlations, len(drawn.daily))
    low = [pair for pair in reversed(pairs) if pair.is_low]
    if not low:
        return Html("")
    items = [
        element("li", f"{pair.first} and {pair.second} diversify each other ({pair.correlation:.2f})")
        for pair in low[:_PAIRS_MAX]
    ]
    more = len(low) - len(items)
    rest = [element("li", f"and {more:,} more pairs below {LOW_CORRELATION}")] if more else []
    return element("ul", *items, *rest, class_="told")


def _shares(drawn: DrawnPortfolio, currency: str) -> Html:
    names, shares, parts = drawn.strategy_ids, drawn.risk_shares, drawn.fall_parts
    digits = drawn.result.aggregate_equity_curve.digits
    money = [Decimal(part).scaleb(-digits) for part in parts]
    rows = []
    saved = [] if drawn.result.netting is None else ["netting"]
    for place, name in enumerate([*names, *saved]):
        is_strategy = place < len(names)
        weight = drawn.starts[place] / drawn.start if is_strategy and drawn.start else None
        share = None if shares is None else shares[place]
        fallen = money_cell(money[place], currency, judged=True) if money else element("td", "–", class_="nothing")
        rows.append(
            element(
                "tr",
                name_cell(name, place if is_strategy else None),
                element("td", (percent(weight) or "–") if is_strategy else ""),
                element("td", percent(share) or "–"),
                fallen,
            )
        )
    total = sum(money, Decimal(0))
    foot = element(
        "tr",
        name_cell("portfolio"),
        element("td", ""),
        element("td", "–" if shares is None else percent(sum(shares))),
        money_cell(total, currency, judged=True) if money else element("td", "–"),
        class_="sum",
    )
    heads = heading_row(["strategy", "of capital", "of risk", "in drawdown"])
    return element(
        "div",
        element("h3", "Contribution to risk and to the deepest drawdown"),
        element("p", _period(drawn, total, currency), class_="note"),
        table(heads, rows, [foot], kind="pin"),
    )


def _period(drawn: DrawnPortfolio, total: Decimal, currency: str) -> str:
    risk = "Capital is that of the start, risk the share of the variance of the portfolio's daily returns."
    if drawn.fall is None:
        return f"{risk} The portfolio was never below its highest equity."
    times = drawn.result.aggregate_equity_curve.times_nanoseconds
    peak = drawn.fall.peak_row
    begin = "the start" if peak < 0 else f"{times[peak].astype('M8[ns]').astype('M8[m]')}".replace("T", " ")
    end = f"{times[drawn.fall.trough_row].astype('M8[ns]').astype('M8[m]')}".replace("T", " ")
    return f"{risk} The deepest drawdown, {format_money(-total, currency)} {currency}, ran from {begin} to {end} UTC."


def _effects(drawn: DrawnPortfolio) -> Html:
    whole = drawn.effects[0].whole
    rows = []
    for place, (name, effect) in enumerate(zip(drawn.strategy_ids, drawn.effects, strict=True)):
        rows.append(element("tr", name_cell(name, place), *_effect_cells(effect)))
    foot = element(
        "tr",
        name_cell("nothing moved" if drawn.has_moved else "as it is"),
        element("td", percent(whole.total_return) or "–"),
        element("td", ""),
        element("td", ratio_text(whole.sharpe_ratio)),
        element("td", ""),
        element("td", percent(whole.volatility) or "–"),
        element("td", ""),
        element("td", percent(whole.max_drawdown) or "–"),
        element("td", ""),
        class_="sum",
    )
    heads = heading_row(["without", "return", "effect", "Sharpe", "effect", "volatility", "effect", "max DD", "effect"])
    note = "What the portfolio would have been had the capital of a strategy lain idle, and what the strategy changed."
    if drawn.has_moved:
        note += " Each strategy is taken with its own returns on the capital it began with, as if none had been moved."
    return joined(
        element("h3", "Portfolio without each strategy"), element("p", note, class_="note"),
        table(heads, rows, [foot], kind="pin"),
    )  # fmt: skip


def _effect_cells(effect: MarginalEffect) -> list[Html]:
    sharpe = effect.difference("sharpe_ratio")
    told = "–" if sharpe is None else f"{sharpe:+,.2f}"
    return [
        element("td", percent(effect.without.total_return) or "–"),
        _judged(signed_percent(effect.difference("total_return")), effect.difference("total_return")),
        element("td", ratio_text(effect.without.sharpe_ratio)),
        _judged(told, sharpe),
        element("td", percent(effect.without.volatility) or "–"),
        _judged(signed_percent(effect.difference("volatility")), _negated(effect.difference("volatility"))),
        element("td", percent(effect.without.max_drawdown) or "–"),
        _judged(signed_percent(effect.difference("max_drawdown")), _negated(effect.difference("max_drawdown"))),
    ]


def _negated(value: float | None) -> float | None:
    return None if value is None else -value


def _judged(text: str, good: float | None) -> Html:
    return element("td", text, class_="" if not good or not text.strip("+-0. %") else "gain" if good > 0 else "loss")
