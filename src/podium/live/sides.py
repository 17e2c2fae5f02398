"""What strategies want on the way in and on the way out, as the events of a bus tell it: views that decide nothing."""

from __future__ import annotations

from collections import Counter

from podium.bus.events import ExitSignal, OrderFilled, SignalNew, SignalRejected, SignalValidated
from podium.bus.local import LocalBus

__all__ = ["EntrySide", "ExitSide"]


class EntrySide:
    """Count what becomes of entries.

    Args:
        bus: where it is told.
        strategy_id: those of this strategy only; ``None`` counts all.
    """

    def __init__(self, bus: LocalBus, strategy_id: str | None = None) -> None:
        self.strategy_id = strategy_id
        #: How many were wanted, and how many became orders.
        self.signals = self.orders = 0
        #: How many were refused, by reason.
        self.refusals: Counter[str] = Counter()
        bus.subscribe(SignalNew, self._want, owner="entry_side", strategy_id=strategy_id)
        bus.subscribe(SignalValidated, self._validate, owner="entry_side", strategy_id=strategy_id)
        bus.subscribe(SignalRejected, self._refuse, owner="entry_side", strategy_id=strategy_id)

    def _want(self, _event: SignalNew) -> None:
        self.signals += 1

    def _validate(self, event: SignalValidated) -> None:
        self.orders += not event.is_exit

    def _refuse(self, event: SignalRejected) -> None:
        if not event.is_exit:
            self.refusals[event.reason] += 1


class ExitSide:
    """Count what becomes of exits.

    Args:
        bus: where it is told.
        strategy_id: those of this strategy only; ``None`` counts all.
    """

    def __init__(self, bus: LocalBus, strategy_id: str | None = None) -> None:
        self.strategy_id = strategy_id
        #: How many were wanted by rules or code.
        self.signals = 0
        #: How many traded, by reason: ``strategy_signal``, ``stop_loss``, ``take_profit``, …
        self.fills: Counter[str] = Counter()
        bus.subscribe(ExitSignal, self._want, owner="exit_side", strategy_id=strategy_id)
        bus.subscribe(OrderFilled, self._fill, owner="exit_side", strategy_id=strategy_id)

    def _want(self, _event: ExitSignal) -> None:
        self.signals += 1

    def _fill(self, event: OrderFilled) -> None:
        # Derived names stand for the same fill.
        if event.is_exit and type(event) is OrderFilled:
            self.fills[event.reason or "strategy_signal"] += 1
