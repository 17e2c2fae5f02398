"""Adjusted prices: bars multiplied with the factors of later dividends and splits, so that prices do not jump."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from podium.core.carry import Factor
from podium.core.times import to_nanoseconds
from podium.data.bars import BarSeries

__all__ = ["adjust_prices"]


def adjust_prices(series: BarSeries, factors: Sequence[Factor], tick: Decimal) -> BarSeries:
    """Multiply prices with price factor × split factor, and put them on the nearest tick; volumes stay.

    A bar takes the first row whose day is not before its own (that of its open, UTC); behind the last row it stays as
    it is. Source: QuantConnect Lean, data normalization mode "Adjusted".

    Args:
        series: raw bars.
        factors: rows, the oldest first.
        tick: the step of prices; it may be finer than the market's.

    Returns:
        Adjusted bars; no price below one tick.
    """
    ends = [datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC) + timedelta(days=1) for row in factors]
    opens = series.close_time - series.timeframe.nanoseconds
    rows = np.searchsorted(np.array([to_nanoseconds(end) for end in ends]), opens, side="right")
    ratios = np.array([*(float(row.price_factor * row.split_factor) for row in factors), 1.0])[rows]
    step = float(tick)
    adjusted = {
        name: np.maximum(np.rint(getattr(series, name) * ratios / step), 1.0) * step
        for name in ("open", "high", "low", "close")
    }
    return replace(series, **adjusted)
