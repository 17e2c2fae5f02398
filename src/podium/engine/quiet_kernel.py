# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Pass over steps in which nothing can happen: positions follow the market, and nothing else moves.

Most steps of most runs are such: no order works, no level protects, no signal says what its cell could act on. What is
left of a step then is its settlement, so the result is the same with and without this shortcut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.kernels import compiled
from podium.engine.impact_kernel import remember
from podium.engine.ledger_kernel import overflow
from podium.engine.protection_kernel import follow
from podium.engine.tables import CEILING_UNITS, Interest, Record, Records
from podium.engine.volume_kernel import open_room

__all__ = ["FEW_STEPS", "pass_quietly", "quiet_steps", "settle"]

_CEILING_UNITS, _CEILING = CEILING_UNITS, float(CEILING_UNITS)
_TIME_UP, _SETTLES = int(Interest.TIME_UP), int(Interest.SETTLES)
#: Both bits of a cell's ``entered``.
_OPENED_INSIDE = 3
#: Fewer quiet steps than these are faster taken one by one.
FEW_STEPS = 6
#: So many signals are looked at in one go.
_BLOCK = 16


@compiled
def settle(run: Record, cell: Record, account: Record, instrument: Record, bar: Record) -> int:
    """Move one cell to the mark of a bar, and its stop with it; give the change of equity."""
    quantity = cell.quantity
    if quantity == 0:
        return 0
    high, low, close = bar.high, bar.low, bar.close
    if high > cell.ceiling:
        overflow(run, cell)
        return 0
    change = quantity * (close - instrument.mark) * instrument.equity_per_tick_lot
    equity = account.equity + change
    account.equity = equity
    cell.bars_held += 1
    cell.bars_left -= 1
    if cell.bars_left <= 0:
        cell.interest |= _TIME_UP
    if cell.entered != 0:
        if cell.entered == _OPENED_INSIDE:
            # What the bar did before the entry inside it is unknown: only its adverse side counts.
            high, low = (close, low) if quantity > 0 else (high, close)
        cell.entered = 0
    if high > cell.highest:
        cell.highest = high
    if low < cell.lowest:
        cell.lowest = low
    if abs(equity) >= _CEILING_UNITS:
        overflow(run, cell)
    if cell.active:
        # What the bar's extreme sets acts from the next bar on.
        follow(cell)
    return change


@compiled
def _next_signal(cell: Record, signals: NDArray[np.uint8], first: int, last: int) -> int:
    """Give the first bar at which a cell's signals ask for what it could do; the last one if there is none."""
    interest = cell.interest
    bar = first
    start = cell.signal_offset
    while bar + _BLOCK <= last:
        seen = 0
        for position in range(start + bar, start + bar + _BLOCK):
            seen |= signals[position]
        if seen & interest:
            break
        bar += _BLOCK
    while bar < last and signals[start + bar] & interest == 0:
        bar += 1
    return bar


@compiled
def quiet_steps(
    run: Record,
    instruments: Records,
    accounts: Records,
    cells: Records,
    outlooks: Records,
    signals: NDArray[np.uint8],
    most: int,
) -> int:
    """Count the steps ahead, at most so many, in which nothing can happen; no order works and no level protects.

    A symbol has at most one bar in a step, so as many steps as a cell has quiet bars are quiet for it. Below
    ``FEW_STEPS`` it is not counted to the end.
    """
    reach = float(abs(run.portfolio.equity))
    for strategy in range(len(accounts)):
        reach += float(abs(accounts[strategy].equity))
    for index in range(len(cells)):
        cell = cells[index]
        instrument = instruments[cell.symbol]
        if not cell.coded:
            first = instrument.next_bar
            last = min(first + most, instrument.last_bar)
            outlook = outlooks[index]
            if outlook.interest != cell.interest or outlook.bar < first:
                outlook.interest, outlook.bar = cell.interest, first
            if outlook.bar < last:
                outlook.bar = _next_signal(cell, signals, outlook.bar, last)
                if outlook.bar < last:
                    most = outlook.bar - first
        # The bar in which its time is up asks for a decision.
        most = min(most, cell.bars_left - 1)
        if most < FEW_STEPS:
            return most
        if cell.quantity != 0:
            reach += abs(float(cell.quantity)) * float(instrument.money_per_tick_lot) * float(instrument.highest)
    # What could leave the ledger is taken step by step, so that it is told where it happens.
    return most if 2.0 * reach < _CEILING else 0


@compiled
def _hold(cell: Record, instrument: Record, bars: Records, equity: NDArray[np.int64]) -> int:
    """Let a position follow the market through bars in which nothing else can happen; give the change of equity.

    Like ``settle`` with one bar after the other, but what is added up stays in the processor's registers. ``equity``
    is that of the steps in which the bars close, before the position's part in it.
    """
    mark = instrument.mark
    value = cell.quantity * instrument.money_per_tick_lot
    highest, lowest = cell.highest, cell.lowest
    for index in range(len(bars)):
        bar = bars[index]
        highest = max(highest, bar.high)
        lowest = min(lowest, bar.low)
        equity[index] += value * (bar.close - mark)
    cell.highest, cell.lowest = highest, lowest
    cell.bars_held += len(bars)
    cell.bars_left -= len(bars)
    return value * (bars[len(bars) - 1].close - mark)


@compiled
def _hold_with_gaps(
    cell: Record, instrument: Record, bars: Records, bar_steps: NDArray[np.int64], start: int, equity: NDArray[np.int64]
) -> int:
    """Do the same where not every step from ``start`` on brings a bar."""
    change = 0
    step = 0
    first = 0
    while first < len(bars):
        last = first + 1
        while last < len(bars) and bar_steps[last] - bar_steps[first] == last - first:
            last += 1
        place = bar_steps[first] - start
        for gap in range(step, place):
            equity[gap] += change
        step = place + last - first
        change = _hold(cell, instrument, bars[first:last], equity[place:step])
        first = last
    for gap in range(step, len(equity)):
        equity[gap] += change
    return change


@compiled
def pass_quietly(
    run: Record,
    instruments: Records,
    accounts: Records,
    cells: Records,
    bars: Records,
    measures: Records,
    bar_steps: NDArray[np.int64],
    equity: NDArray[np.int64],
    start: int,
    stop: int,
) -> None:
    """Settle the rows from one to another, in which nothing else can happen: one cell after the other."""
    run.step = run.first_step + stop - 1
    run.candidate_count = 0
    for strategy in range(len(accounts)):
        equity[strategy, start:stop] = accounts[strategy].equity
    if run.netted:
        equity[len(accounts), start:stop] = run.netting.equity
    for index in range(len(instruments)):
        instrument = instruments[index]
        first = instrument.next_bar
        last = min(first + stop - start, instrument.last_bar)
        if not run.dense:
            while last > first and bar_steps[last - 1] >= stop:
                last -= 1
        if last > first:
            for cell_index in range(instrument.first_cell, instrument.last_cell):
                cell = cells[cell_index]
                if cell.interest & _SETTLES:
                    account = accounts[cell.strategy]
                    own = equity[cell.strategy, start:stop]
                    if run.dense:
                        change = _hold(cell, instrument, bars[first:last], own)
                    else:
                        change = _hold_with_gaps(cell, instrument, bars[first:last], bar_steps[first:last], start, own)
                    account.equity += change
                    run.portfolio.equity += change
            instrument.mark = bars[last - 1].close
            instrument.next_bar = last
            if run.measured:
                open_room(instrument, measures[last - 1])
                remember(instrument, measures[last - 1])
