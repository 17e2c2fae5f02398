"""Where the result came from and what trading cost: the tables of attribution and of costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from podium.backtest.attribution import Attribution, AttributionRow, summed
from podium.report.elements import Html, element
from podium.report.tables import heading_row, money_cell, name_cell, news, table

__all__ = ["attribution_section", "cost_section"]

_HEADINGS = {"price": "price moves"}
_TEN_THOUSAND = 10_000


def attribution_section(attribution: Attribution, strategy_ids: Sequence[str], currency: str) -> Html:
    """Show what each strategy's result is made of, by reason, and on demand by symbol and side.

    Args:
        attribution: the rows.
        strategy_ids: in the portfolio's order.
        currency: the account currency.

    Returns:
        The markup.
    """
    heads = [_HEADINGS.get(name, name) for name in attribution.headings]
    rows: list[Html] = []

    def cells(some: Sequence[AttributionRow]) -> list[Html]:
        amounts = zip(attribution.headings, attribution.sums(some), strict=True)
        return [money_cell(amount, currency, judged=name == "result") for name, amount in amounts]

    for place, strategy_id in enumerate(strategy_ids):
        mine = [row for row in attribution.rows if row.strategy_id == strategy_id]
        rows.append(element("tr", name_cell(strategy_id, place), *cells(mine)))
        for (symbol, side), part in _by_place(mine).items():
            where = f"{symbol} {side}".strip() or "on no symbol"
            head = element("th", where, scope="row", class_="left name", title=where)
            rows.append(element("tr", head, *cells(part), class_="detail"))
    ownerless = [row for row in attribution.rows if row.strategy_id not in set(strategy_ids)]
    if ownerless:
        rows.append(element("tr", name_cell("portfolio level"), *cells(ownerless)))
    foot = element("tr", name_cell("portfolio"), *cells(attribution.rows), class_="sum")
    left = attribution.residual
    told = "nothing is left unexplained" if left == 0 else f"{left:f} {currency} are left unexplained"
    note = f"The sum is the change of the account's equity, exactly: {told}. Amounts in {currency}."
    tick = element("label", element("input", type="checkbox", class_="details-wanted"), " by symbol and side",
                   class_="tick")  # fmt: skip
    return element(
        "section",
        element("h2", "Attribution"),
        element("p", note, class_="note"),
        table(heading_row(["strategy", *heads]), rows, [foot], kind="pin"),
        tick,
        id="attribution",
    )


def _by_place(rows: Sequence[AttributionRow]) -> Mapping[tuple[str, str], list[AttributionRow]]:
    places: dict[tuple[str, str], list[AttributionRow]] = {}
    for row in rows:
        places.setdefault((row.symbol, row.side), []).append(row)
    return places


def cost_section(attribution: Attribution, currency: str) -> Html:
    """Show what was traded on each symbol and what that cost.

    Args:
        attribution: the rows and what was traded.
        currency: the account currency.

    Returns:
        The markup; nothing when nothing was traded.
    """
    if not attribution.traded:
        return Html("")
    reasons = tuple(reason for reason in attribution.reasons if reason not in ("price", "rebalancing"))
    rows = []
    for symbol in dict.fromkeys(one.symbol for one in attribution.traded):
        mine = [row for row in attribution.rows if row.symbol == symbol]
        value = sum((one.value for one in attribution.traded if one.symbol == symbol), Decimal(0))
        fills = sum(one.fills for one in attribution.traded if one.symbol == symbol)
        rows.append(element("tr", name_cell(symbol), *_cost_cells(mine, reasons, value, fills, currency)))
    value = sum((one.value for one in attribution.traded), Decimal(0))
    fills = sum(one.fills for one in attribution.traded)
    cells = _cost_cells(attribution.rows, reasons, value, fills, currency)
    foot = element("tr", name_cell("all symbols"), *cells, class_="sum")
    heads = heading_row(
        ["symbol", "fills", "traded value", *reasons, "in all", "of traded value", "result before costs"]
    )
    note = f"Amounts in {currency}; costs of traded value in basis points (hundredths of a per cent)."
    return element(
        "section",
        element("h2", "Costs"),
        element("p", note, class_="note"),
        table(heads, rows, [foot], kind="pin"),
        id="costs",
    )


def _cost_cells(
    rows: Sequence[AttributionRow], reasons: Sequence[str], value: Decimal, fills: int, currency: str
) -> list[Html]:
    parts = summed([row for row in rows if row.reason in reasons], reasons)
    gross = sum((row.amount for row in rows if row.reason == "price"), Decimal(0))
    points = float(-parts[-1] / value * _TEN_THOUSAND) if value else 0.0
    return [
        element("td", f"{fills:,}"),
        money_cell(value, currency),
        *(money_cell(part, currency) for part in parts),
        element("td", f"{points:,.1f} bp"),
        element("td", f"{gross:,.2f}", class_=news(gross), title=f"{gross:,f}"),
    ]
