"""What a symbol hands to the sequencer: a bar with what it made known."""

from __future__ import annotations

from dataclasses import dataclass

from podium.data.bars import Bar
from podium.live.symbol_rules import Calculated

__all__ = ["Delivery"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delivery:
    """Hold a bar that its symbol has finished with.

    Args:
        bar: the closed bar.
        time: its close, nanoseconds since 1970 UTC.
        calculated: what it made known.
    """

    bar: Bar
    time: int
    calculated: Calculated
