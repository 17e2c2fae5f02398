# mypy: disable-error-code="no-any-return"
# The type checker does not know the fields of a record: they are Any.
"""Fees by traded volume: once a UTC day, the volume of the days before decides which tier's fees hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind, Reason
from podium.core.kernels import compiled
from podium.engine.ledger_kernel import emit
from podium.engine.tables import CEILING_UNITS, FEE_WINDOW_DAYS, Record, Records

__all__ = ["turn_day"]

_CHANGED, _NONE = int(EventKind.FEE_TIER_CHANGED), int(Reason.NONE)
_CEILING_UNITS, _WINDOW = CEILING_UNITS, FEE_WINDOW_DAYS
_TAKER, _MAKER = 1, 2


@compiled
def _next_turn(days: NDArray[np.int64], row: int) -> int:
    """Find the first row of a later day than that of a row."""
    low, high = row + 1, len(days)
    while low < high:
        middle = (low + high) >> 1
        if days[middle] > days[row]:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def turn_day(run: Record, instruments: Records, cells: Records, days: NDArray[np.int64], step: int) -> None:
    """Begin a UTC day: put the volume of the last one to the window, and take the tier that the window calls for.

    Exchanges do likewise: the tier of a day is that of the volume of the 30 days before it, today's not counted.
    """
    schedule = run.schedule
    row = step - run.first_step
    schedule.turns = run.first_step + _next_turn(days, row)
    if schedule.day == days[row]:
        # The timeline ended in the middle of a day and went on.
        return
    for day in range(schedule.day, min(days[row], schedule.day + _WINDOW)):
        schedule.volumes[day % _WINDOW] = schedule.traded if day == schedule.day else 0
    if days[row] - schedule.day > _WINDOW:
        schedule.volumes[schedule.day % _WINDOW] = 0
    schedule.day = days[row]
    schedule.traded = 0
    volume = 0
    for day in range(_WINDOW):
        volume = min(volume + schedule.volumes[day], _CEILING_UNITS)
    tier = 0
    while tier + 1 < schedule.count and schedule.threshold[tier + 1] <= volume:
        tier += 1
    if tier == schedule.tier:
        return
    schedule.tier = tier
    for index in range(len(instruments)):
        instrument = instruments[index]
        if instrument.tiered & _TAKER:
            instrument.taker_fee = schedule.taker_fee[tier]
        if instrument.tiered & _MAKER:
            instrument.maker_fee = schedule.maker_fee[tier]
    run.step = step
    event = emit(run, cells[0], run.portfolio, _CHANGED, _NONE, 0, tier + 1, 0, 0)
    event.position = 0
    event.notional = volume
    event.fee = schedule.taker_fee[tier]
    event.realised = schedule.maker_fee[tier]
