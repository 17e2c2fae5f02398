"""What rebalancing moved, as the events tell it: by strategy, and for cash that none has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.core.events import EventKind
from podium.engine.engine import Engine

__all__ = ["Transfers"]


@dataclass(frozen=True, slots=True, eq=False)
class Transfers:
    """Hold every posting of moved capital.

    Args:
        owners: the number of a strategy; -1 for cash that none has; shape ``(postings,)``.
        rows: the time step of each, growing.
        units: how much came; negative when it went.
    """

    owners: NDArray[np.int64]
    rows: NDArray[np.int64]
    units: NDArray[np.int64]

    @classmethod
    def of(cls, engine: Engine, members: Sequence[int]) -> Transfers:
        """Read the events of a run.

        Args:
            engine: with all events.
            members: the number of each cell's strategy.

        Returns:
            Two postings for each event, one after the other.
        """
        moved = np.concatenate([block[block["kind"] == EventKind.CAPITAL_MOVED] for block in engine.events()])
        # Behind the last strategy stands cash that none has, to which the cell -1 points.
        owner_of = np.array([*members, -1], np.int64)
        came = moved["side"].astype(np.int64) * moved["notional"]
        return cls(
            owners=np.stack((owner_of[moved["cell"]], owner_of[moved["order"]]), axis=1).reshape(-1),
            rows=np.repeat(moved["step"].astype(np.int64), 2),
            units=np.stack((came, -came), axis=1).reshape(-1),
        )

    def of_owner(self, owner: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the postings of one strategy, or of cash that none has (-1).

        Args:
            owner: the number.

        Returns:
            Time steps and units.
        """
        mine = self.owners == owner
        return self.rows[mine], self.units[mine]

    def so_far(self, owner: int, steps: int) -> NDArray[np.int64]:
        """Give how much came to one strategy, or to cash that none has (-1), up to each step.

        Args:
            owner: the number.
            steps: how many there are.

        Returns:
            Units, shape ``(steps,)``.
        """
        rows, units = self.of_owner(owner)
        found = np.zeros(steps, np.int64)
        np.add.at(found, rows, units)
        return np.cumsum(found)
