"""What the engine is given, as records of the journal, and how it is given: the same live, on recovery and in parity.

Inputs are the bars behind which a run begins, time steps and gates. Feeding the recorded inputs to the same engine
again gives the same events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podium.core.events import Reason
from podium.core.times import from_nanoseconds, to_nanoseconds
from podium.data.bars import Bar, BarSeries
from podium.live.sequencer import is_stale
from podium.live.stepper import Stepper
from podium.live.symbol_rules import Calculated

__all__ = ["GATE", "HISTORY", "STEP", "GateInput", "HistoryInput", "StepInput", "read_input"]

#: The kinds of input records.
STEP, GATE, HISTORY = "STEP", "GATE", "HISTORY"
_VALUES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInput:
    """Be one time step.

    Args:
        time: its time, nanoseconds since 1970 UTC, never before that of the step before it.
        released_at: when it was released by the run's clock, nanoseconds since 1970 UTC.
        bars: its bars by symbol, in the order of the portfolio.
    """

    time: int
    released_at: int
    bars: Mapping[str, Bar]

    def body(self) -> bytes:
        """Write it for the journal."""
        bars = {symbol: _row(bar) for symbol, bar in self.bars.items()}
        return _json({"time": self.time, "released_at": self.released_at, "bars": bars})

    def apply(self, stepper: Stepper, calculated: Mapping[str, Calculated], stale_after: int) -> None:
        """Let the engine take it.

        Args:
            stepper: the engine.
            calculated: by symbol what its bar made known.
            stale_after: how long after its close a bar may be entered on, nanoseconds.
        """
        stale = [
            symbol
            for symbol, bar in self.bars.items()
            if is_stale(to_nanoseconds(bar.close_time), self.released_at, stale_after)
        ]
        for symbol in stale:
            stepper.close_gate(Reason.STALE, symbol=symbol)
        stepper.settle(self.time, calculated)
        stepper.decide()
        for symbol in stale:
            stepper.open_gate(Reason.STALE, symbol=symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateInput:
    """Be a gate that was closed or opened between two steps.

    Args:
        is_closed: whether it was closed.
        reason: why.
        strategy_id: of this strategy only.
        symbol: on this symbol only.
    """

    is_closed: bool
    reason: Reason
    strategy_id: str | None = None
    symbol: str | None = None

    def body(self) -> bytes:
        """Write it for the journal."""
        whom = {"strategy_id": self.strategy_id, "symbol": self.symbol}
        return _json({"is_closed": self.is_closed, "reason": self.reason.wire} | whom)

    def apply(self, stepper: Stepper) -> None:
        """Let the engine take it.

        Args:
            stepper: the engine.
        """
        act = stepper.close_gate if self.is_closed else stepper.open_gate
        act(self.reason, strategy_id=self.strategy_id, symbol=self.symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryInput:
    """Be the bars behind which a run begins: indicators are opened on them, and nothing is decided on them.

    Args:
        bars: by symbol, the oldest first.
    """

    bars: Mapping[str, Sequence[Bar]]

    def body(self) -> bytes:
        """Write it for the journal."""
        return _json({"bars": {symbol: [_row(bar) for bar in bars] for symbol, bars in self.bars.items()}})

    def apply(self, stepper: Stepper) -> None:
        """Let the engine take it.

        Args:
            stepper: the engine, at its start.
        """
        stepper.open({symbol: BarSeries.of(symbol, stepper.timeframe, bars) for symbol, bars in self.bars.items()})


def read_input(kind: str, body: bytes) -> StepInput | GateInput | HistoryInput:
    """Read an input of the journal.

    Args:
        kind: ``STEP``, ``GATE`` or ``HISTORY``.
        body: the record's body.

    Returns:
        The input, equal to the one that was written.
    """
    members: dict[str, Any] = json.loads(body)  # Any: JSON
    if kind == GATE:
        return GateInput(**{**members, "reason": Reason[members["reason"].upper()]})
    if kind == HISTORY:
        return HistoryInput(
            bars={symbol: [_bar(symbol, row) for row in rows] for symbol, rows in members["bars"].items()}
        )
    bars = {symbol: _bar(symbol, row) for symbol, row in members["bars"].items()}
    return StepInput(time=members["time"], released_at=members["released_at"], bars=bars)


def _row(bar: Bar) -> list[float]:
    return [to_nanoseconds(bar.close_time), *(getattr(bar, name) for name in _VALUES)]


def _bar(symbol: str, row: Sequence[Any]) -> Bar:  # Any: JSON
    time, *values = row
    return Bar(symbol=symbol, close_time=from_nanoseconds(time), **dict(zip(_VALUES, values, strict=True)))


def _json(members: Mapping[str, object]) -> bytes:
    # The order of the members is part of the meaning: symbols stand in the order of the portfolio.
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
