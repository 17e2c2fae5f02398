"""Bars of minutes for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace

from podium.core.times import NANOSECONDS_PER_SECOND, Timeframe, from_nanoseconds
from podium.data.bars import Bar, BarSeries

MINUTE = Timeframe.parse("1m")
START = 1_704_067_200 * NANOSECONDS_PER_SECOND


def close_of(number: int) -> int:
    """Give the close of the minute of this number, nanoseconds."""
    return START + number * MINUTE.nanoseconds


def bar(number: int, symbol: str = "BTC/USDT", **values: float) -> Bar:
    """Make the bar that closes with the minute of this number."""
    price = 100.0 + number % 7
    made = Bar(
        symbol=symbol,
        close_time=from_nanoseconds(close_of(number)),
        open=price, high=price + 2, low=price - 1, close=price + 1, volume=10.0,
    )  # fmt: skip
    return replace(made, **values)


def series(numbers, symbol: str = "BTC/USDT") -> BarSeries:
    """Make the series of some minutes."""
    return BarSeries.of(symbol, MINUTE, [bar(number, symbol) for number in numbers])
