"""Tables of the page: the few shapes that all of them have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

from podium.core.money import format_money
from podium.report.elements import Html, element
from podium.report.palette import strategy_colour
from podium.stats.comparison import percent

__all__ = ["heading_row", "heat_cell", "money_cell", "name_cell", "news", "ratio_text", "signed_percent", "table"]


def table(heads: Html, rows: Sequence[Html], foot: Sequence[Html] = (), kind: str = "") -> Html:
    """Put a table together, in a frame that scrolls sideways where it is too wide.

    Args:
        heads: the row of headings.
        rows: the body.
        foot: the last rows.
        kind: classes of the table.

    Returns:
        The markup.
    """
    footed = [element("tfoot", *foot)] if foot else []
    content = element("table", element("thead", heads), element("tbody", *rows), *footed, class_=kind)
    return element("div", content, class_="wide")


def heading_row(names: Sequence[str], left: Collection[int] = (0,)) -> Html:
    """Make the row of headings.

    Args:
        names: one for each column.
        left: the places of columns that stand at the left.

    Returns:
        The markup.
    """
    cells = [
        element("th", name, scope="col", class_="left" if place in left else "", title=name if len(name) > 16 else "")
        for place, name in enumerate(names)
    ]
    return element("tr", *cells)


def name_cell(name: str, place: int | None = None) -> Html:
    """Name the row of a strategy.

    Args:
        name: its id, or another name.
        place: its place in the portfolio, for its colour.

    Returns:
        The markup.
    """
    swatch = "" if place is None else element("span", class_="swatch", style=f"--c:{strategy_colour(place)}")
    return element("th", swatch, name, class_="left name", scope="row", title=name)


def news(number: float | Decimal | None) -> str:
    """Say whether a number is good or bad news.

    Args:
        number: a result.

    Returns:
        The class of its cell.
    """
    return "" if not number else "gain" if number > 0 else "loss"


def money_cell(amount: Decimal, currency: str, *, judged: bool = False) -> Html:
    """Show an amount; its title has every digit.

    Args:
        amount: money.
        currency: the account currency.
        judged: whether its sign is good or bad news.

    Returns:
        The markup.
    """
    return element("td", format_money(amount, currency), class_=news(amount) if judged else "", title=f"{amount:,f}")


def ratio_text(value: float | None, decimals: int = 2) -> str:
    """Print a ratio, or a dash.

    Args:
        value: any number.
        decimals: how many.

    Returns:
        For example ``1.04``.
    """
    if value is None:
        return "–"
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if not text.strip("-0.,") else text


def signed_percent(value: float | None) -> str:
    """Print a difference of fractions with its sign, or a dash.

    Args:
        value: a fraction.

    Returns:
        For example ``+1.2 %``.
    """
    if value is None:
        return "–"
    text = percent(value)
    return text if text.startswith("-") or not text.strip("0. %") else f"+{text}"


def heat_cell(text: str, value: float | None, most: float, *, kind: str = "", title: str = "") -> Html:
    """Colour a cell by its value: blue above 0, orange below, the stronger the farther from it.

    Args:
        text: what it says.
        value: what colours it.
        most: the value with the full colour.
        kind: classes.
        title: what is told when it is pointed at.

    Returns:
        The markup.
    """
    if value is None:
        return element("td", text or "–", class_=f"{kind} nothing".strip(), title=title)
    share = min(abs(value) / most, 1.0) * 0.62 if most > 0 else 0.0
    tone = "up" if value >= 0 else "down"
    return element("td", text, class_=kind, style=f"--tone:var(--{tone});--share:{share:.2f}", title=title)
