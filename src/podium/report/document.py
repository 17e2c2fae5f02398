"""The page around its parts: head, styles, scripts, and how it comes to disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from podium.report.elements import Html, data_block, element, joined

__all__ = ["chart", "page_script", "write_page", "written_page"]

_SCRIPTS = ("format.js", "charts.js", "candles.js", "trades.js", "page.js")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def written_page(title: str, *parts: Html, decimals: int) -> Html:
    """Put a page together.

    Args:
        title: what the browser's tab says.
        parts: what stands on it, one below the other.
        decimals: with how many decimals its scripts print money.

    Returns:
        The page.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} – Podium"),
        element("style", Html(_page_file("page.css"))),
    )
    body = element("body", element("main", *parts), element("script", page_script()), data_decimals=f"{decimals}")
    return joined(Html("<!doctype html>\n"), element("html", head, body, lang="en"))


def chart(identity: str, figure: Mapping[str, object], label: str) -> Html:
    """Make the place of a chart, and its data beside it.

    Args:
        identity: the id of the place.
        figure: what is drawn.
        label: what it shows, for those who do not see it.

    Returns:
        The markup.
    """
    data = f"{identity}-figure"
    place = element("div", id=identity, class_="plot", data_figure=data, role="img", aria_label=label)
    absent = element("noscript", element("p", "The charts need JavaScript; the tables do not.", class_="note"))
    return joined(place, absent, data_block(data, figure))


def page_script() -> Html:
    """Give the scripts of the page as one."""
    return Html("\n".join(_page_file(name) for name in _SCRIPTS))


def _page_file(name: str) -> str:
    return files("podium.report").joinpath("page", name).read_text(encoding="utf-8")


def write_page(page: Html, path: Path) -> Path:
    """Write a page; the file appears whole or not at all.

    Args:
        page: the page.
        path: the file, in a folder that exists; an older one there is replaced.

    Returns:
        The path.

    Raises:
        OSError: when the file cannot be written; nothing is left behind.
    """
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
