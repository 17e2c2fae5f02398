"""Place what holding brings or costs on the timeline: at which step, before the bar acts or at its close.

An instant that falls within a bar (after its open, at or before its close) is posted at that bar's close, on what is
held then. Where no bar of the symbol holds it, it is posted before the next bar acts, at the mark before it. What is
due at the ex-date of a dividend or a split is posted before the first bar that closes after the day has begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from podium.backtest.market import Market
from podium.core.carry import Carry, events_of_factors
from podium.core.errors import ConfigurationError, Problem, within
from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit
from podium.core.times import iso, to_nanoseconds
from podium.engine.tables import FLOW

__all__ = ["make_flows"]

_DAY = 86_400_000_000_000
_SECOND = 1_000_000_000
#: Interactive Brokers and most prime brokers charge for borrowed shares by days of a year of 360.
_BORROW_DAYS = 360
_EXACT = Context(prec=80)
_LIMIT = 1 << 61
#: (row of the symbol, phase, instant, kind, numerator, denominator)
_Due = tuple[int, int, int, Reason, int, int]
#: At one instant: what is owed for the time before, then dividends (a share of before), then splits.
_ORDER = (Reason.SETTLEMENT, Reason.FUNDING, Reason.BORROW, Reason.DIVIDEND, Reason.SPLIT)


def make_flows(market: Market, carry: Mapping[str, Carry], unit: MoneyUnit) -> NDArray[np.void]:
    """Make the engine's input of what holding brings or costs.

    Args:
        market: the bars.
        carry: by symbol.
        unit: the money unit.

    Returns:
        ``FLOW`` rows by (step, phase, symbol, instant).

    Raises:
        ConfigurationError: for a split inside a bar, or an amount that the ledger cannot hold.
    """
    rows: list[tuple[int, ...]] = []
    first_bar = 0
    for number, symbol in enumerate(market.symbols):
        length = market.timeline.lengths[number]
        if symbol in carry:
            steps = market.timeline.bar_steps[first_bar : first_bar + length]
            with within("carry", symbol):
                due = list(_Symbol(market, symbol, unit).due(carry[symbol]))
            rows += [
                (int(steps[row]), phase, number, instant, _ORDER.index(kind), int(kind), numerator, denominator)
                for row, phase, instant, kind, numerator, denominator in due
                if row < length
            ]
        first_bar += length
    ordered = [(step, phase, symbol, kind, *ratio) for step, phase, symbol, _, _, kind, *ratio in sorted(rows)]
    return np.array(ordered, FLOW)


class _Symbol:
    """Find the bars at which one symbol's flows are due."""

    def __init__(self, market: Market, symbol: str, unit: MoneyUnit) -> None:
        self._symbol, self._unit = symbol, unit
        self._instrument = market.instruments[symbol]
        self._close = market.store.series(symbol).close_time
        self._open = self._close - market.timeframe.nanoseconds

    def due(self, carry: Carry) -> Iterator[_Due]:
        """Give everything that is due."""
        for each in carry.funding:
            # Venues stamp fundings some milliseconds late.
            instant = to_nanoseconds(each.time) // _SECOND * _SECOND
            yield self._at(instant, Reason.FUNDING, Fraction(each.rate))
        if carry.settlement:
            yield from self._settlements()
        if carry.borrow_rate:
            for midnight in range(int(self._open[0]) // _DAY * _DAY + _DAY, int(self._close[-1]) + 1, _DAY):
                yield self._at(midnight, Reason.BORROW, Fraction(carry.borrow_rate) / _BORROW_DAYS)
        if not carry.adjusted:
            dividends, splits = events_of_factors(carry.factors) if carry.factors else (carry.dividends, carry.splits)
            for dividend in dividends:
                ratio = _units_of(dividend.amount, self._instrument, self._unit)
                yield self._before(dividend.day, Reason.DIVIDEND, ratio)
            for split in splits:
                yield self._refuse_inside(self._before(split.day, Reason.SPLIT, Fraction(split.new, split.old)))

    def _at(self, instant: int, kind: Reason, ratio: Fraction) -> _Due:
        row = int(np.searchsorted(self._close, instant))
        phase = int(row < len(self._close) and self._open[row] < instant)
        return row, phase, instant, kind, ratio.numerator, ratio.denominator

    def _settlements(self) -> Iterator[_Due]:
        """Settle at the last close of each UTC day; where a day does not close with a bar, before the next one."""
        days = -(-self._close // _DAY)
        is_midnight = self._close % _DAY == 0
        for row in np.flatnonzero(is_midnight):
            yield int(row), 1, int(self._close[row]), Reason.SETTLEMENT, 0, 1
        for row in np.flatnonzero((np.diff(days) > 0) & ~is_midnight[:-1]) + 1:
            yield int(row), 0, int(days[row - 1] * _DAY), Reason.SETTLEMENT, 0, 1

    def _before(self, day: date, kind: Reason, ratio: Fraction) -> _Due:
        midnight = to_nanoseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))
        row = int(np.searchsorted(self._close, midnight, side="right"))
        return row, 0, midnight, kind, ratio.numerator, ratio.denominator

    def _refuse_inside(self, due: _Due) -> _Due:
        row, _, midnight, *_ = due
        if row < len(self._open) and self._open[row] < midnight:
            raise ConfigurationError(
                Problem(
                    message=f"the split of '{self._symbol}' at {iso(midnight)} falls inside a bar",
                    expected="bars that begin a new day with a new bar: before a split and after it prices differ",
                    hint="use bars of a day or shorter",
                    place=("splits",),
                )
            )
        return due


def _units_of(amount: Decimal, instrument: Instrument, unit: MoneyUnit) -> Fraction:
    """Give a dividend in units a lot."""
    units = Fraction(_EXACT.multiply(amount, instrument.lot).scaleb(unit.digits, _EXACT))
    if max(units.numerator, units.denominator) >= _LIMIT:
        raise ConfigurationError(
            Problem(
                message=f"a dividend of {amount:f} does not fit the ledger",
                expected="fewer digits",
                place=("dividends",),
            )
        )
    return units
