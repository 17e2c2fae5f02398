"""Let the strategies of one symbol decide on each of its bars, in step with all other symbols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from podium.bus.events import CandleRouted, Event, IndicatorsUpdated
from podium.bus.local import LocalBus
from podium.bus.translation import events_of
from podium.core.clock import Clock
from podium.core.events import Reason
from podium.live.delivery import Delivery
from podium.live.inputs import GateInput
from podium.live.service import Service
from podium.live.step_runner import Outcome, StepRunner
from podium.portfolio.live_sections import StrategyEvaluationSection

__all__ = ["StrategyEvaluationService"]

_SIGNALS = ("SIGNAL_GENERATED", "SIGNAL_NEW", "EXIT_SIGNAL", "SIGNAL_VALIDATED", "SIGNAL_REJECTED")


class StrategyEvaluationService(Service):
    """Hand each calculated bar to its time step, and publish what the strategies want.

    Args:
        symbol: of which market.
        bus: its bus.
        clock: the run's clock.
        section: its options.
        strategies: the ids of those that trade the symbol, in the file's order.
        runner: takes bars to their time steps.
        entry_rows: how many bars must be known before the symbol is entered.
        execute: takes what the step brought about further, with its events.
    """

    name: ClassVar[str] = "strategy_evaluation"

    def __init__(
        self,
        symbol: str,
        bus: LocalBus,
        clock: Clock,
        *,
        section: StrategyEvaluationSection,
        strategies: Sequence[str],
        runner: StepRunner,
        entry_rows: int,
        execute: Callable[[Outcome, Sequence[Event]], None],
    ) -> None:
        super().__init__(symbol, bus, clock)
        self.section = section
        self._strategies, self._runner, self._entry_rows, self._execute = strategies, runner, entry_rows, execute
        self._is_gated = False
        self._routed: Delivery | None = None
        runner.listen(symbol, self.conclude)

    def _subscribe(self) -> None:
        self._on(IndicatorsUpdated, self._evaluate)

    def conclude(self, outcome: Outcome) -> None:
        """Take what a step brought about for the symbol.

        Args:
            outcome: its events.
        """
        self._give(self._publish, outcome)

    def _evaluate(self, updated: IndicatorsUpdated[Delivery]) -> None:
        self._keep_back(updated.rows)
        delivery = updated.calculated
        if self._routed is not delivery:
            self._routed = delivery
            for strategy_id in self._strategies:
                self.bus.publish(
                    CandleRouted(
                        time=updated.time,
                        symbol=self.symbol,
                        strategy_id=strategy_id,
                        correlation_id=updated.correlation_id,
                    )
                )
        self._runner.deliver(delivery)

    def _keep_back(self, rows: int) -> None:
        """Let nobody enter before enough bars are known."""
        if self._is_gated is (rows < self._entry_rows):
            return
        self._is_gated = not self._is_gated
        self._runner.gate(GateInput(is_closed=self._is_gated, reason=Reason.WARMING, symbol=self.symbol))

    def _publish(self, outcome: Outcome) -> None:
        events = [
            event
            for record in outcome.records
            for event in events_of(
                kind=record.kind, time=record.time, body=record.body, correlation_id=record.correlation_id
            )
        ]
        for event in events:
            if event.kind in _SIGNALS:
                self.bus.publish(event)
        self._execute(outcome, [event for event in events if event.kind not in _SIGNALS])
