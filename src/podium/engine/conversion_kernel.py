# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Convert between the currency that a symbol is quoted in and that of the account.

Prices, costs and notionals are in units of the quote currency; what moves in an account is converted once per posting.
What a position binds is exchanged into the quote currency at the entry and comes back, with the result, at the exit;
in between it is worth what that would bring at the present rate. Sources of the conventions:
``docs/concepts/currencies.md``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.kernels import compiled
from podium.engine.money_kernel import muldiv, muldiv_ceiling, muldiv_floor
from podium.engine.tables import CEILING_UNITS, Record, Records

__all__ = ["converted", "converted_up", "quoted", "revalue", "revalued", "take_rates"]

_CEILING_UNITS, _CEILING = CEILING_UNITS, float(CEILING_UNITS)


@compiled
def converted(instrument: Record, units: int) -> int:
    """Convert an amount of the quote currency into the account's, half to even; at most what the ledger holds."""
    if instrument.currency == 0:
        return units
    numerator, denominator = instrument.rate_numerator, instrument.rate_denominator
    if abs(float(units)) * float(numerator) / float(denominator) >= _CEILING:
        return _CEILING_UNITS if units > 0 else -_CEILING_UNITS
    return muldiv(units, numerator, denominator)


@compiled
def converted_up(instrument: Record, units: int) -> int:
    """Convert what is held against limits, rounded up; never below 0, and at most what the ledger holds."""
    if instrument.currency == 0:
        return units
    numerator, denominator = instrument.rate_numerator, instrument.rate_denominator
    if float(units) * float(numerator) / float(denominator) >= _CEILING:
        return _CEILING_UNITS
    return muldiv_ceiling(units, numerator, denominator)


@compiled
def quoted(instrument: Record, units: int) -> int:
    """Convert a budget of the account into the quote currency, rounded down; at most what the ledger holds."""
    if instrument.currency == 0:
        return units
    numerator, denominator = instrument.rate_numerator, instrument.rate_denominator
    if float(units) * float(denominator) / float(numerator) >= _CEILING:
        return _CEILING_UNITS
    return muldiv_floor(units, denominator, numerator)


@compiled
def revalued(cell: Record, instrument: Record, quantity: int, cost: int) -> int:
    """Value a position at the present mark and rate, as it is once it has a quantity and a cost; give the change."""
    before = cell.worth
    open_result = quantity * instrument.mark * instrument.money_per_tick_lot - cost
    cell.worth = converted(instrument, cell.collateral + open_result)
    return cell.worth - before


@compiled
def take_rates(instruments: Records, rates: NDArray[np.int64], row: int, phase: int) -> None:
    """Take the rates of a step: those known before its bars (phase 0), or at their closes (1)."""
    for index in range(len(instruments)):
        instrument = instruments[index]
        if instrument.currency != 0:
            column = 4 * (instrument.currency - 1) + 2 * phase
            instrument.rate_numerator = rates[row, column]
            instrument.rate_denominator = rates[row, column + 1]


@compiled
def revalue(run: Record, instruments: Records, accounts: Records, cells: Records) -> int:
    """Move equity to what positions are worth at the present marks and rates; give a cell that overflows, or -1."""
    for index in range(len(instruments)):
        instrument = instruments[index]
        if instrument.currency != 0:
            for cell_index in range(instrument.first_cell, instrument.last_cell):
                cell = cells[cell_index]
                if cell.quantity != 0:
                    if instrument.mark > cell.ceiling:
                        return cell_index
                    account = accounts[cell.strategy]
                    change = revalued(cell, instrument, cell.quantity, cell.cost)
                    account.equity += change
                    run.portfolio.equity += change
                    if max(abs(account.equity), abs(run.portfolio.equity)) >= _CEILING_UNITS:
                        return cell_index
    return -1
