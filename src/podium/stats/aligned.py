"""Text in columns: widths as a terminal shows them, and nothing that a terminal would obey."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

__all__ = ["aligned", "display_width", "harmless", "padded", "shortened"]


def harmless(text: str) -> str:
    """Replace what a terminal would obey rather than show (escapes, line breaks, direction marks) by ``�``."""
    return "".join("�" if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else sign for sign in text)


def display_width(text: str) -> int:
    """Count the columns that a text takes: 2 for a wide sign, 0 for a mark that joins the sign before it."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def padded(text: str, width: int, *, right: bool) -> str:
    """Fill a text with blanks to a width.

    Args:
        text: what to fill.
        width: columns.
        right: whether the text stands at the right end.

    Returns:
        The text in at least ``width`` columns.
    """
    blanks = " " * max(width - display_width(text), 0)
    return blanks + text if right else text + blanks


def shortened(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut a text that is too wide and say so by an ellipsis.

    Args:
        text: what to cut.
        width: columns, at least 1.
        ellipsis: what stands for the rest.

    Returns:
        The text, in at most ``width`` columns.
    """
    if display_width(text) <= width:
        return text
    kept = ""
    for sign in text:
        if display_width(kept + sign) > width - len(ellipsis):
            break
        kept += sign
    return kept + ellipsis


def aligned(rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,), gap: int, indent: int = 0) -> list[str]:
    """Set rows of cells in columns.

    Args:
        rows: equally many cells in each.
        left: the columns that stand at the left; the others are numbers and stand at the right.
        gap: blanks between columns.
        indent: blanks before the first.

    Returns:
        One line for each row, without blanks at its end.
    """
    widths = [max(display_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [padded(cell, widths[place], right=place not in left) for place, cell in enumerate(row)]
        lines.append((" " * indent + (" " * gap).join(cells)).rstrip())
    return lines
