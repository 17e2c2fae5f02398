# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Liquidate strategies whose equity no longer covers the maintenance margin of what they hold.

A strategy's account is one cross-margin account: all its equity stands behind all its positions, and nobody else's.
"""

from __future__ import annotations

from podium.core.events import Reason
from podium.core.kernels import compiled
from podium.core.money import RATE_SCALE
from podium.engine.conversion_kernel import converted
from podium.engine.impact_kernel import fill_price
from podium.engine.ledger_kernel import apply, cancel, overflow
from podium.engine.money_kernel import muldiv
from podium.engine.protection_kernel import renew
from podium.engine.tables import CEILING_UNITS, SLOTS_PER_CELL, OrderKind, Record, Records

__all__ = ["liquidate"]

_SCALE = RATE_SCALE
_LIQUIDATION = int(Reason.LIQUIDATION)
_MARKET = int(OrderKind.MARKET)
_CEILING_UNITS = CEILING_UNITS


@compiled
def liquidate(run: Record, instruments: Records, accounts: Records, cells: Records, candidates: Records) -> None:
    """Close at the marks all that strategies hold whose equity is below their maintenance margin."""
    for strategy in range(len(accounts)):
        accounts[strategy].maintenance = 0
        accounts[strategy].liquidated = 0
    for index in range(len(cells)):
        cell = cells[index]
        if cell.quantity != 0:
            account = accounts[cell.strategy]
            account.maintenance += _maintenance(run, cell, instruments[cell.symbol])
            if account.maintenance >= _CEILING_UNITS:
                overflow(run, cell)
                return
    found = 0
    for strategy in range(len(accounts)):
        account = accounts[strategy]
        if account.maintenance > 0 and account.equity < account.maintenance:
            account.liquidated = 1
            found = 1
    if found:
        for index in range(len(cells)):
            cell = cells[index]
            account = accounts[cell.strategy]
            if account.liquidated:
                _close(run, cell, account, instruments[cell.symbol])
        _forget_candidates(run, accounts, cells, candidates)


@compiled
def _maintenance(run: Record, cell: Record, instrument: Record) -> int:
    """Compute what must stand behind a position: so much a lot, and a ratio of its value."""
    if instrument.mark > cell.ceiling:
        overflow(run, cell)
        return 0
    lots = abs(cell.quantity)
    worth = lots * instrument.mark * instrument.money_per_tick_lot
    least = lots * instrument.maintenance_per_lot + muldiv(worth, instrument.maintenance_rate, _SCALE)
    return converted(instrument, least)


@compiled
def _close(run: Record, cell: Record, account: Record, instrument: Record) -> None:
    """Cancel the orders of a cell and close its position at the market."""
    for slot in range(SLOTS_PER_CELL):
        if (cell.working >> slot) & 1:
            cancel(run, cell, account, cell.orders[slot], _LIQUIDATION)
    if cell.quantity != 0:
        side = -1 if cell.quantity > 0 else 1
        lots = abs(cell.quantity)
        price = fill_price(instrument, instrument.mark, side, _MARKET, run.spread_on_exit, lots)
        apply(
            run, cell, account, instrument, side, lots, price, instrument.mark, 0, _LIQUIDATION, 0, _MARKET, 1
        )  # fmt: skip
    renew(run, cell)


@compiled
def _forget_candidates(run: Record, accounts: Records, cells: Records, candidates: Records) -> None:
    """Drop the rule signals of whoever is liquidated at this close: they were seen before it."""
    kept = 0
    for index in range(run.candidate_count):
        if not accounts[cells[candidates[index].cell].strategy].liquidated:
            candidates[kept].cell = candidates[index].cell
            candidates[kept].row = candidates[index].row
            candidates[kept].bits = candidates[index].bits
            kept += 1
    run.candidate_count = kept
