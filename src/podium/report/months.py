"""The table of monthly returns of the portfolio."""

from __future__ import annotations

from podium.report.elements import Html, element
from podium.report.tables import heading_row, heat_cell
from podium.stats.comparison import percent
from podium.stats.daily import DailyEquity
from podium.stats.periods import monthly_returns, yearly_returns

__all__ = ["months_section"]

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: A month of this return has the full colour, unless most months are stronger.
_STRONG = 0.05


def months_section(daily: DailyEquity) -> Html:
    """Show the return of every month and year.

    Args:
        daily: the portfolio's daily equity.

    Returns:
        The markup.
    """
    months = {(one.year, one.month): one.total_return for one in monthly_returns(daily)}
    known = sorted(abs(value) for value in months.values() if value is not None)
    most = max(known[int(len(known) * 0.9)] if known else _STRONG, _STRONG / 5)
    rows = []
    for year in yearly_returns(daily):
        cells = [
            heat_cell(percent(value), value, most) if value is not None else element("td", "")
            for value in (months.get((year.year, month)) for month in range(1, 13))
        ]
        whole = element("td", percent(year.total_return) or "–", class_="year")
        rows.append(element("tr", element("th", f"{year.year}", scope="row"), *cells, whole))
    heads = heading_row(["", *_NAMES, "year"])
    content = element("table", element("thead", heads), element("tbody", *rows), class_="heat pin")
    text = "The portfolio's return in each UTC month, from daily equity; the first and the last may be parts of months."
    return element(
        "section",
        element("h2", "Monthly returns"),
        element("p", text, class_="note"),
        element("div", content, class_="wide"),
        id="months",
    )
