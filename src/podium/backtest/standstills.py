"""Say what entered nothing any more because of a limit that never lets go: who runs on at rest should know why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.backtest.cells import Cells
from podium.backtest.market import Market
from podium.core.events import EventKind, Reason
from podium.core.times import iso
from podium.engine.engine import Engine
from podium.engine.tables import LIMIT_FIRST, LimitAction, LimitScope, Records

__all__ = ["standstills"]

_KINDS = (EventKind.LIMIT_REACHED, EventKind.LIMIT_RELEASED)
_LOSSES = (Reason.DAILY_LOSS, Reason.DRAWDOWN, Reason.LOSS_STREAK)


def standstills(engine: Engine, market: Market, cells: Cells, names: Sequence[str]) -> list[str]:
    """Find what limits held back from some step to the end, and would have held back for ever.

    Args:
        engine: at its end.
        market: what it ran on.
        cells: its cells.
        names: the strategies' ids.

    Returns:
        A line for the portfolio, or one for each strategy; nothing where all limits let go, or could have.
    """
    run = engine.tables.run[0]
    if not run["limited"]:
        return []
    held: dict[tuple[Reason, str], str] = {}
    for row in _turns(engine):
        reason, when = Reason(int(row["reason"])), iso(int(market.timeline.times[row["step"]]))
        whom = f"strategy '{names[cells.members[row['cell']]]}'"
        who = whom if row["maker"] == LimitScope.STRATEGY else "the portfolio"
        if row["kind"] == EventKind.LIMIT_RELEASED:
            held.pop((reason, who), None)
        elif row["order_kind"] == LimitAction.STOP:
            return [f"the portfolio was stopped for good at {when} by {reason.wire}: nothing was entered after that"]
        elif reason in _LOSSES and row["order_kind"] != LimitAction.REDUCE:
            held.setdefault((reason, who), when)
    limits = run["limits"]["limit"]
    return [
        f"{who} entered nothing after {when}: {reason.wire} was reached, and has neither cool_down nor daily_reset"
        for (reason, who), when in held.items()
        if not limits[reason - LIMIT_FIRST]["cool_down"] and not limits[reason - LIMIT_FIRST]["daily_reset"]
    ]


def _turns(engine: Engine) -> Records:
    """Give the events that say that limits were reached or let go, without the entries that were only refused."""
    rows: Records = np.concatenate([block[np.isin(block["kind"], _KINDS)] for block in engine.events()])
    is_turn: NDArray[np.bool_] = (rows["maker"] != LimitScope.CELL) | (rows["order_kind"] == LimitAction.STOP)
    return rows[is_turn]
