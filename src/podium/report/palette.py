"""Colours of strategies: told apart by colour-blind people too, on white, on black and on paper.

The palette is that of M. Okabe and K. Ito, "Color Universal Design" (2008), without its yellow, which is too light for
lines on white, and with a grey. Colours repeat after seven; lines are broken then. The stylesheet holds the values.
"""

from __future__ import annotations

__all__ = ["COLOURS", "strategy_colour"]

COLOURS = 7


def strategy_colour(place: int) -> str:
    """Give the colour of a strategy.

    Args:
        place: its place in the portfolio, from 0.

    Returns:
        A colour of the stylesheet.
    """
    return f"var(--s{place % COLOURS})"
