"""Place what holding brings or costs on the timeline: at which step, before the bar acts or at its close.

An instant that falls within a bar (after its open, at or before its close) is posted at that bar's close, on what is
held then. Where no bar of the symbol holds it, it is posted before the next bar acts, at the mark before it. What is
due at the ex-date of a dividend or a split is posted before the first bar that closes after the day has begun.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
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
from podium.core.times import Timeframe, iso, to_nanoseconds
from podium.engine.tables import FLOW

__all__ = ["Due", "SymbolFlows", "flow_rows", "make_flows"]

_DAY = 86_400_000_000_000
_SECOND = 1_000_000_000
#: Interactive Brokers and most prime brokers charge for borrowed shares by days of a year of 360.
_BORROW_DAYS = 360
_EXACT = Context(prec=80)
_LIMIT = 1 << 61
#: Row of the symbol, phase, instant, kind, numerator, denominator.
Due = tuple[int, int, int, int, int, int]
_Stated = tuple[int, Reason, Fraction]
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
                own = SymbolFlows(symbol, carry[symbol], market.instruments[symbol], market.timeframe, unit)
                due = own.due(market.store.series(symbol).close_time)
            rows += [(int(steps[row]), phase, number, *rest) for row, phase, *rest in due]
        first_bar += length
    return flow_rows(rows)


def flow_rows(rows: Iterable[tuple[int, ...]]) -> NDArray[np.void]:
    """Bring flows into the order in which they are posted.

    Args:
        rows: step, phase, number of the symbol, instant, kind, numerator, denominator.

    Returns:
        ``FLOW`` rows.
    """
    order = {int(kind): place for place, kind in enumerate(_ORDER)}
    ordered = sorted(rows, key=lambda row: (*row[:4], order[row[4]]))
    return np.array([(step, phase, symbol, *rest) for step, phase, symbol, _, *rest in ordered], FLOW)


class SymbolFlows:
    """Find the bars of one symbol at which something is due.

    Args:
        symbol: its name, for messages.
        carry: what holding it brings or costs.
        instrument: its grid.
        timeframe: the length of its bars.
        unit: the money unit.

    Raises:
        ConfigurationError: for an amount that the ledger cannot hold.
    """

    def __init__(
        self, symbol: str, carry: Carry, instrument: Instrument, timeframe: Timeframe, unit: MoneyUnit
    ) -> None:
        self._symbol, self._carry, self._length = symbol, carry, timeframe.nanoseconds
        stated = sorted(self._stated(instrument, unit), key=lambda flow: flow[0])
        self._stated_flows, self._instants = stated, [instant for instant, *_ in stated]

    def _stated(self, instrument: Instrument, unit: MoneyUnit) -> Iterator[_Stated]:
        """Give what is stated with its time: whether it is due before a day's first bar, or at a bar's close."""
        carry = self._carry
        for each in carry.funding:
            # Venues stamp fundings some milliseconds late.
            yield to_nanoseconds(each.time) // _SECOND * _SECOND, Reason.FUNDING, Fraction(each.rate)
        if not carry.adjusted:
            dividends, splits = events_of_factors(carry.factors) if carry.factors else (carry.dividends, carry.splits)
            for dividend in dividends:
                yield _midnight(dividend.day), Reason.DIVIDEND, _units_of(dividend.amount, instrument, unit)
            for split in splits:
                yield _midnight(split.day), Reason.SPLIT, Fraction(split.new, split.old)

    def due(self, close: NDArray[np.int64], first_row: int = 0) -> list[Due]:
        """Give what is due at some bars that follow each other.

        Args:
            close: their close times, nanoseconds since 1970 UTC; the first one is the symbol's first bar, or else only
                says when the one behind it begins.
            first_row: 0, or 1 where the first one is told already.

        Returns:
            Row, phase, instant, kind, numerator and denominator of each.

        Raises:
            ConfigurationError: for a split inside a bar.
        """
        opens = close - self._length
        first = bisect_left(self._instants, int(close[0])) if first_row else 0
        found = [
            self._place(close, opens, *flow)
            for flow in self._stated_flows[first : bisect_right(self._instants, int(close[-1]))]
        ]
        if self._carry.settlement:
            found += self._settlements(close)
        if self._carry.borrow_rate:
            rate = Fraction(self._carry.borrow_rate) / _BORROW_DAYS
            midnights = range(int(opens[0]) // _DAY * _DAY + _DAY, int(close[-1]) + 1, _DAY)
            found += [self._place(close, opens, midnight, Reason.BORROW, rate) for midnight in midnights]
        return [flow for flow in found if first_row <= flow[0] < len(close)]

    def _place(
        self, close: NDArray[np.int64], opens: NDArray[np.int64], instant: int, kind: Reason, ratio: Fraction
    ) -> Due:
        is_of_day = kind in (Reason.DIVIDEND, Reason.SPLIT)
        row = int(np.searchsorted(close, instant, side="right" if is_of_day else "left"))
        is_inside = row < len(close) and bool(opens[row] < instant)
        if kind is Reason.SPLIT and is_inside:
            raise ConfigurationError(
                Problem(
                    message=f"the split of '{self._symbol}' at {iso(instant)} falls inside a bar",
                    expected="bars that begin a new day with a new bar: before a split and after it prices differ",
                    hint="use bars of a day or shorter",
                    place=("splits",),
                )
            )
        phase = int(is_inside and not is_of_day)
        return row, phase, instant, int(kind), ratio.numerator, ratio.denominator

    def _settlements(self, close: NDArray[np.int64]) -> Iterator[Due]:
        """Settle at the last close of each UTC day; where a day does not close with a bar, before the next one."""
        days = -(-close // _DAY)
        is_midnight = close % _DAY == 0
        for row in np.flatnonzero(is_midnight):
            yield int(row), 1, int(close[row]), int(Reason.SETTLEMENT), 0, 1
        for row in np.flatnonzero((np.diff(days) > 0) & ~is_midnight[:-1]) + 1:
            yield int(row), 0, int(days[row - 1] * _DAY), int(Reason.SETTLEMENT), 0, 1


def _midnight(day: date) -> int:
    return to_nanoseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))


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
