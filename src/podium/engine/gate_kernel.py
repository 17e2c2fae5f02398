# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Close and open the gate through which a cell's entries pass; exits and protection need none."""

from __future__ import annotations

from podium.core.kernels import compiled
from podium.engine.ledger_kernel import cancel
from podium.engine.protection_kernel import renew
from podium.engine.tables import SLOTS_PER_CELL, EngineTables, Status

__all__ = ["close_gate"]

_DONE = int(Status.DONE)


@compiled
def close_gate(tables: EngineTables, cell_index: int, reason: int) -> None:
    """Let a cell enter nothing more, and cancel its entries that work, between two steps."""
    run, cell = tables.run[0], tables.cells[cell_index]
    account = tables.accounts[cell.strategy]
    run.status = _DONE
    run.step = max(run.half_step - 1, 0) >> 1
    cell.gate = reason
    for slot in range(SLOTS_PER_CELL):
        if (cell.working >> slot) & 1 and not cell.orders[slot].exit:
            cancel(run, cell, account, cell.orders[slot], reason)
    renew(run, cell)
