"""One symbol: a private bus and four services, started in order and stopped in reverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from podium.bus.events import (
    OrchestratorPaused,
    OrchestratorResumed,
    OrchestratorStarted,
    OrchestratorStopped,
)
from podium.bus.local import HandlerFailure, LocalBus
from podium.core.clock import Clock
from podium.core.errors import InputError, Problem, did_you_mean
from podium.live.health import SymbolHealth
from podium.live.operations import Operations
from podium.live.service import Service
from podium.live.states import ORCHESTRATOR_TRANSITIONS, OrchestratorState, ServiceState, StateMachine

__all__ = ["SymbolOrchestrator"]

_WORKING = (OrchestratorState.RUNNING, OrchestratorState.PAUSED)


class SymbolOrchestrator:
    """Own the services of one symbol.

    Args:
        symbol: the market.
        clock: the run's clock.
        operations: records what happens.
        make_services: makes the services, given the bus.
        keep_back: lets nothing enter on the symbol, or lets it enter again.
    """

    def __init__(
        self,
        symbol: str,
        clock: Clock,
        operations: Operations,
        *,
        make_services: Callable[[LocalBus], Sequence[Service]],
        keep_back: Callable[[bool], None],
    ) -> None:
        self.symbol = symbol
        self._clock, self._operations, self._keep_back = clock, operations, keep_back
        self._machine = StateMachine(
            f"the orchestrator of {symbol}", ORCHESTRATOR_TRANSITIONS, OrchestratorState.INITIALIZING
        )
        self.bus = LocalBus(symbol, self._on_failure)
        self.services = tuple(make_services(self.bus))
        self._started_at: float | None = None
        self._pauses: set[str] = set()
        #: Whether it was taken out after every restart had failed.
        self.is_out = False

    @property
    def state(self) -> OrchestratorState:
        """Tell the state."""
        return self._machine.state

    def service(self, name: str) -> Service:
        """Give a service.

        Args:
            name: such as ``data_fetching``.

        Raises:
            InputError: when there is none of this name.
        """
        for service in self.services:
            if service.name == name:
                return service
        names = [service.name for service in self.services]
        raise InputError(
            Problem(
                message=f"{self.symbol} has no service '{name}'",
                expected=f"one of {', '.join(names)}",
                hint=did_you_mean(name, names),
            )
        )

    async def start(self) -> None:
        """Start the services in order; one that fails is left to be recovered, and stops no other."""
        if self.state is OrchestratorState.STOPPED:
            self._machine.move(OrchestratorState.INITIALIZING)
        self._started_at = self._clock.monotonic()
        for service in self.services:
            await service.start()
        self._machine.move(OrchestratorState.RUNNING)
        self.bus.publish(OrchestratorStarted(time=self._clock.now(), symbol=self.symbol))
        self._settle_pauses()

    async def stop(self) -> None:
        """Stop the services in reverse order."""
        if self.state is OrchestratorState.STOPPED:
            return
        await self._stop_services()
        self._machine.move(OrchestratorState.STOPPED)
        self.bus.publish(OrchestratorStopped(time=self._clock.now(), symbol=self.symbol))

    def abort(self) -> None:
        """Be stopped at once, whatever its services are at."""
        for service in self.services:
            service.abort()
        if self.state is not OrchestratorState.STOPPED:
            self._machine.move(OrchestratorState.STOPPED)

    def pause(self, reason: str = "") -> None:
        """Let nothing enter; exits and protection go on.

        Args:
            reason: why, such as ``closed_market``; empty when somebody asked for it, and only then entries are kept
                back here: the other reasons do so themselves.
        """
        if reason in self._pauses:
            return
        self._pauses.add(reason)
        if not reason:
            self._keep_back(True)
        self._settle_pauses(reason)

    def resume(self, reason: str = "") -> None:
        """Let entries pass again, unless there is another reason why they may not.

        Args:
            reason: why they could not.
        """
        if reason not in self._pauses:
            return
        self._pauses.discard(reason)
        if not reason:
            self._keep_back(False)
        self._settle_pauses(reason)

    async def restart(self) -> bool:
        """Stop all services and start them again.

        Returns:
            Whether all of them work now.
        """
        if self.state in _WORKING:
            self._machine.move(OrchestratorState.ERROR)
        self._machine.move(OrchestratorState.RECOVERING)
        await self._stop_services()
        self.is_out = False
        self._started_at = self._clock.monotonic()
        for service in self.services:
            await service.start()
        works = all(service.state in (ServiceState.RUNNING, ServiceState.PAUSED) for service in self.services)
        self._machine.move(OrchestratorState.RUNNING if works else OrchestratorState.ERROR)
        if works:
            self._settle_pauses()
        return works

    async def restart_service(self, name: str) -> bool:
        """Start one service again, and no other.

        Args:
            name: such as ``data_fetching``.

        Returns:
            Whether it works now.

        Raises:
            InputError: when there is none of this name.
        """
        service = self.service(name)
        if service.state is ServiceState.ERROR:
            works = await service.recover()
        else:
            await service.stop()
            await service.start()
            works = service.state is ServiceState.RUNNING
        if works and self.state is OrchestratorState.PAUSED and service.state is ServiceState.RUNNING:
            service.pause()
        return works

    async def take_out(self) -> None:
        """Stop everything for good: the rest goes on without this symbol, its protection stays in the engine."""
        await self._stop_services()
        for service in self.services:
            service.drop_work()
        self.is_out = True
        if self.state is not OrchestratorState.ERROR:
            self._machine.move(OrchestratorState.ERROR)

    def check_health(self) -> SymbolHealth:
        """Tell how it is."""
        statuses = {service.name: service.status() for service in self.services}
        healthy = sum(status["is_healthy"] for status in statuses.values())
        is_started = self._started_at is not None and self.state is not OrchestratorState.STOPPED
        return {
            "symbol": self.symbol,
            "state": self.state.value,
            "is_healthy": self.state in _WORKING and healthy == len(statuses),
            "healthy_services": healthy,
            "total_services": len(statuses),
            "services": statuses,
            "uptime": self._clock.monotonic() - (self._started_at or 0.0) if is_started else 0.0,
        }

    async def _stop_services(self) -> None:
        for service in reversed(self.services):
            await service.stop()

    def _settle_pauses(self, reason: str = "") -> None:
        """Be paused as long as there is a reason."""
        now = self._clock.now()
        if self._pauses and self.state is OrchestratorState.RUNNING:
            self._machine.move(OrchestratorState.PAUSED)
            for service in self.services:
                if service.state is ServiceState.RUNNING:
                    service.pause()
            self.bus.publish(OrchestratorPaused(time=now, symbol=self.symbol, reason=reason))
        elif not self._pauses and self.state is OrchestratorState.PAUSED:
            self._machine.move(OrchestratorState.RUNNING)
            for service in self.services:
                if service.state is ServiceState.PAUSED:
                    service.resume()
            self.bus.publish(OrchestratorResumed(time=now, symbol=self.symbol, reason=reason))

    def _on_failure(self, failure: HandlerFailure) -> None:
        """Take note of a handler that raised: that of a service fails the service, others are recorded."""
        for service in self.services:
            if service.name == failure.owner:
                service.fail(failure.error)
                return
        self._operations.warn(
            "LISTENER_FAILED",
            symbol=self.symbol,
            owner=failure.owner,
            event_kind=failure.event.kind,
            error=f"{type(failure.error).__name__}: {failure.error}",
        )
