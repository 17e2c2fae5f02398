# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Move capital between strategies, behind a decided step: only free cash, posted to both sides before anything is told.

So the sum of all accounts is the same at every event, and the step's equity is what the accounts hold after the move.
"""

from __future__ import annotations

from podium.core.events import EventKind
from podium.core.kernels import compiled
from podium.engine.ledger_kernel import emit, transfer
from podium.engine.tables import EngineTables, Status

__all__ = ["move_capital"]

_MOVED = int(EventKind.CAPITAL_MOVED)
_DONE, _BROKEN = int(Status.DONE), int(Status.BROKEN)


@compiled
def move_capital(tables: EngineTables, cell_index: int, other_cell: int, units: int, reason: int) -> None:
    """Move units from the strategy of a cell to that of another one, or to cash that no strategy has (-1).

    Negative units come from that cash. A strategy's cell stands for the strategy; which of its cells does not matter.
    """
    run = tables.run[0]
    run.status = _DONE
    run.step = (run.half_step - 1) >> 1
    cell = tables.cells[cell_index]
    account = tables.accounts[cell.strategy]
    transfer(run, cell, account, -units)
    if other_cell >= 0:
        transfer(run, tables.cells[other_cell], tables.accounts[tables.cells[other_cell].strategy], units)
    event = emit(run, cell, account, _MOVED, reason, -1 if units > 0 else 1, other_cell, 0, 0)
    # Read as MOVED: the account of the cell stands where it always does.
    event.position = 0
    event.notional = abs(units)
    event.fee = account.equity
    if other_cell >= 0:
        other = tables.accounts[tables.cells[other_cell].strategy]
        event.realised = other.equity
        event.price = other.cash
        event.quantity = other.used
        event.position = other.allocated
    else:
        # What transfers have put there so far.
        event.realised = -run.portfolio.transferred
        event.price = -run.portfolio.transferred
    if units > 0 and account.cash < account.reserved:
        run.status = _BROKEN
        run.cell = cell_index
    for strategy in range(len(tables.accounts)):
        tables.equity[strategy, run.step - run.first_step] = tables.accounts[strategy].equity
