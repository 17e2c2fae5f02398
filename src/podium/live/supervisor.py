"""Watch the services: find what failed or hangs, restart it with back-off, escalate, and leave everything else alone.

1. A service in error, or at one piece of work for longer than the limit, has failed.
2. It alone is restarted, at most three times in a row, with growing pauses. The row ends only when it has worked again
   for a while.
3. Then its symbol is restarted, once in a row.
4. Then the symbol is taken out, and a person is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from podium.core.clock import Clock
from podium.live.operations import Operations
from podium.live.service import Service, ServiceHangs
from podium.live.states import OrchestratorState, ServiceState
from podium.live.symbol_orchestrator import SymbolOrchestrator

__all__ = ["ATTEMPTS", "Supervisor"]

#: So often a service is restarted in a row.
ATTEMPTS = 3
#: Before the second and third attempt, seconds; before the symbol's restart the last one once more.
_PAUSES = (0.0, 1.0, 2.0, 4.0)
#: A service that has worked for so long, and finished something, has recovered; seconds.
_STABLE_AFTER = 300.0
#: A check that comes so much later than it should, seconds, says that the whole program was held up.
_LATE = 1.0


@dataclass(slots=True, kw_only=True)
class _Row:
    """Count the restarts of a service in a row.

    Args:
        attempts: restarts of the service alone.
        symbol_restarted: whether its symbol was restarted.
        worked_since: when it last began to work again, seconds that only grow.
        handled: what it had handled by then.
    """

    attempts: int = 0
    symbol_restarted: bool = False
    worked_since: float = 0.0
    handled: int = 0


class Supervisor:
    """Restart what fails.

    Args:
        clock: the run's clock.
        operations: records attempts and alerts.
        heartbeat_limit: how long a piece of work may take, seconds.
        is_restarting: whether anything is restarted by itself; hanging services are told in any case.
        on_out: is told of a symbol that was taken out.
    """

    def __init__(
        self,
        clock: Clock,
        operations: Operations,
        *,
        heartbeat_limit: float,
        is_restarting: bool,
        on_out: Callable[[SymbolOrchestrator], None],
    ) -> None:
        self._clock, self._operations = clock, operations
        self._heartbeat_limit, self._is_restarting, self._on_out = heartbeat_limit, is_restarting, on_out
        self._rows: dict[tuple[str, str], _Row] = {}
        self._recoveries: dict[str, asyncio.Task[None]] = {}

    def check(self, orchestrators: Iterable[SymbolOrchestrator], due: float | None = None) -> None:
        """Find what failed, and begin to recover it.

        Args:
            orchestrators: those to look at.
            due: when this check should have come, seconds that only grow; one that comes late blames nobody for
                hanging, since everybody was held up.
        """
        is_late = due is not None and self._clock.monotonic() - due > _LATE
        for orchestrator in orchestrators:
            if orchestrator.is_out or orchestrator.state is OrchestratorState.STOPPED:
                continue
            for service in orchestrator.services:
                if not is_late and service.heartbeat_age > self._heartbeat_limit:
                    service.fail(ServiceHangs(f"at one piece of work for {service.heartbeat_age:.0f} s"))
            if self._is_restarting and orchestrator.symbol not in self._recoveries and _failed(orchestrator):
                task = asyncio.create_task(self._recover(orchestrator), name=f"recovery of {orchestrator.symbol}")
                self._recoveries[orchestrator.symbol] = task
                task.add_done_callback(partial(self._end, orchestrator.symbol))

    def _end(self, symbol: str, recovery: asyncio.Task[None]) -> None:
        del self._recoveries[symbol]
        error = None if recovery.cancelled() else recovery.exception()
        if error is not None:
            text = f"{symbol} could not be restarted: {type(error).__name__}: {error}; restart it by hand"
            self._operations.alert("recovery_failed", text, symbol=symbol)

    async def release(self, symbol: str) -> None:
        """Let somebody else restart a symbol, and count its failures anew.

        Args:
            symbol: which one.
        """
        recovery = self._recoveries.get(symbol)
        if recovery is not None:
            recovery.cancel()
            await asyncio.wait([recovery])
        for key in [key for key in self._rows if key[0] == symbol]:
            del self._rows[key]

    async def stop(self) -> None:
        """Recover nothing any more."""
        tasks = list(self._recoveries.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _recover(self, orchestrator: SymbolOrchestrator) -> None:
        """Restart services until all of the symbol work, or it is taken out."""
        while (service := _failed(orchestrator)) is not None:
            row = self._row(orchestrator, service)
            if row.attempts < ATTEMPTS:
                await self._restart_service(orchestrator, service, row)
            elif not row.symbol_restarted:
                await self._restart_symbol(orchestrator, row)
            else:
                await self._take_out(orchestrator, service)
                return

    def _row(self, orchestrator: SymbolOrchestrator, service: Service) -> _Row:
        key = orchestrator.symbol, service.name
        row = self._rows.setdefault(key, _Row())
        has_worked = service.metrics.handled > row.handled
        if row.attempts and has_worked and self._clock.monotonic() - row.worked_since >= _STABLE_AFTER:
            row = self._rows[key] = _Row()
        return row

    async def _restart_service(self, orchestrator: SymbolOrchestrator, service: Service, row: _Row) -> None:
        await asyncio.sleep(_PAUSES[row.attempts])
        row.attempts += 1
        works = await orchestrator.restart_service(service.name)
        self._begin_to_work(row, service)
        self._operations.note(
            "SERVICE_RESTARTED",
            symbol=orchestrator.symbol,
            service_name=service.name,
            attempt=row.attempts,
            works=works,
        )

    async def _restart_symbol(self, orchestrator: SymbolOrchestrator, row: _Row) -> None:
        await asyncio.sleep(_PAUSES[-1])
        row.symbol_restarted = True
        works = await orchestrator.restart()
        for service in orchestrator.services:
            self._begin_to_work(self._rows.setdefault((orchestrator.symbol, service.name), _Row()), service)
        self._operations.note("SYMBOL_RESTARTED", symbol=orchestrator.symbol, works=works)

    def _begin_to_work(self, row: _Row, service: Service) -> None:
        row.worked_since, row.handled = self._clock.monotonic(), service.metrics.handled

    async def _take_out(self, orchestrator: SymbolOrchestrator, service: Service) -> None:
        last_error = service.status()["last_error"]
        await orchestrator.take_out()
        self._on_out(orchestrator)
        self._operations.alert(
            "symbol_out",
            f"{orchestrator.symbol} was taken out: {service.name} failed after every restart; its protection stays in "
            "the engine, and restart_symbol brings it back",
            symbol=orchestrator.symbol,
            service_name=service.name,
            error=last_error,
        )


def _failed(orchestrator: SymbolOrchestrator) -> Service | None:
    """Give the first service that failed."""
    return next((service for service in orchestrator.services if service.state is ServiceState.ERROR), None)
