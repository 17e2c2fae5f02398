"""What all services of a symbol share: states, errors, recovery, heartbeat, health.

A service is given work: events of its symbol's bus, or things that others hand to it. Work that fails is kept, and is
done first when the service recovers, so that a failure loses nothing. While a service is not working its work waits.
"""

from __future__ import annotations

import asyncio
from abc import ABC
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from podium.bus.events import Event, ServiceError, ServiceStarted, ServiceStopped
from podium.bus.local import LocalBus
from podium.core.clock import Clock
from podium.live.health import ServiceStatus
from podium.live.states import SERVICE_TRANSITIONS, ServiceState, StateMachine

__all__ = ["Service", "ServiceHangs", "ServiceMetrics"]

AnyEvent = TypeVar("AnyEvent", bound=Event)
Work = TypeVar("Work")
_WORKING = (ServiceState.RUNNING, ServiceState.PAUSED)
#: Opening and closing may take so long, seconds; then it has failed.
_OPENING_LIMIT = 30.0
_CLOSING_LIMIT = 2.0


class ServiceHangs(Exception):
    """Say that a service did not finish a piece of work in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMetrics:
    """Count what a service did.

    Args:
        handled: pieces of work that it finished.
        errors: errors since it was made.
        recoveries: how often it recovered.
        waiting: pieces of work that it has not finished.
    """

    handled: int
    errors: int
    recoveries: int
    waiting: int


class Service(ABC):
    """Be one service of one symbol.

    A service overrides what it needs: ``_open`` and ``_close`` for what it holds, ``_run`` for work of its own.

    Args:
        symbol: whose service it is.
        bus: the bus of that symbol.
        clock: the run's clock.
    """

    name: ClassVar[str]

    def __init__(self, symbol: str, bus: LocalBus, clock: Clock) -> None:
        self.symbol, self.bus, self.clock = symbol, bus, clock
        self._machine = StateMachine(f"{self.name} of {symbol}", SERVICE_TRANSITIONS, ServiceState.CREATED)
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_subscribed = False
        self._task: asyncio.Task[None] | None = None
        self._started_at: float | None = None
        self._busy_since: float | None = None
        self._was_paused = self._is_working_off = False
        self._handled = self._errors = self._recoveries = 0
        self._last_error: str | None = None
        #: Why it works badly though it works, such as a source that does not answer.
        self.trouble: str | None = None

    @property
    def state(self) -> ServiceState:
        """Tell the state."""
        return self._machine.state

    @property
    def is_healthy(self) -> bool:
        """Tell whether it works, and works well."""
        return self.state in _WORKING and self.trouble is None

    @property
    def metrics(self) -> ServiceMetrics:
        """Count what it did."""
        return ServiceMetrics(
            handled=self._handled, errors=self._errors, recoveries=self._recoveries, waiting=len(self._waiting)
        )

    @property
    def heartbeat_age(self) -> float:
        """Tell for how long it has been at one piece of work, seconds; 0 while it waits for work."""
        return 0.0 if self._busy_since is None else self.clock.monotonic() - self._busy_since

    def status(self) -> ServiceStatus:
        """Tell how it is."""
        is_started = self._started_at is not None and self.state not in (ServiceState.CREATED, ServiceState.STOPPED)
        return {
            "service_name": self.name,
            "symbol": self.symbol,
            "state": self.state.value,
            "is_healthy": self.is_healthy,
            "error_count": self._errors,
            "uptime": self.clock.monotonic() - (self._started_at or 0.0) if is_started else 0.0,
            "last_error": self._last_error,
        }

    # What happens to it.

    async def start(self) -> None:
        """Start it; a start that fails leaves it in error, to be recovered."""
        self._machine.move(ServiceState.STARTING)
        self._started_at = self.clock.monotonic()
        if not self._is_subscribed:
            # For good: what comes while it does not work is work that waits.
            self._subscribe()
            self._is_subscribed = True
        await self._get_going()

    async def recover(self) -> bool:
        """Try again what failed.

        Returns:
            Whether it works now.
        """
        self._machine.move(ServiceState.RECOVERING)
        is_working = await self._get_going()
        self._recoveries += is_working
        return is_working

    async def stop(self) -> None:
        """Stop it; what it had not finished waits for the next start."""
        if self.state in (ServiceState.CREATED, ServiceState.STOPPED):
            return
        was_working = self.state in _WORKING
        self._machine.move(ServiceState.STOPPING)
        if was_working:
            await self._finish()
        await self._let_go()
        self._was_paused = False
        self._machine.move(ServiceState.STOPPED)
        self.bus.publish(ServiceStopped(time=self.clock.now(), symbol=self.symbol, service_name=self.name))

    def abort(self) -> None:
        """Be stopped at once, whatever it is at."""
        if self._task is not None:
            self._task.cancel()
        if self.state in (ServiceState.CREATED, ServiceState.STOPPED):
            return
        if self.state is not ServiceState.STOPPING:
            self._machine.move(ServiceState.STOPPING)
        self._machine.move(ServiceState.STOPPED)

    def pause(self) -> None:
        """Mark it as paused: it works on, for exits and protection; who pauses it keeps entries back."""
        self._machine.move(ServiceState.PAUSED)

    def resume(self) -> None:
        """Mark it as running again."""
        self._machine.move(ServiceState.RUNNING)

    def fail(self, error: BaseException) -> None:
        """Put it in error; what it was at is kept.

        Args:
            error: what happened.
        """
        self._errors += 1
        self._last_error = _line(error)
        self._was_paused |= self.state is ServiceState.PAUSED
        self._busy_since = None
        if self._machine.may(ServiceState.ERROR):
            self._machine.move(ServiceState.ERROR)
            if self._task is not None and self._task is not _current_task():
                self._task.cancel()
        self.bus.publish(
            ServiceError(
                time=self.clock.now(),
                symbol=self.symbol,
                service_name=self.name,
                error=self._last_error,
                error_count=self._errors,
            )
        )

    def drop_work(self) -> None:
        """Forget what it had not finished, since nobody waits for it any more."""
        self._waiting.clear()

    async def _get_going(self) -> bool:
        """Open, do what waited, and work; a failure puts it in error."""
        try:
            await self._let_go()
            async with asyncio.timeout(_OPENING_LIMIT):
                await self._open()
            self._work_off()
        except Exception as error:  # noqa: BLE001 - told to who supervises
            self.fail(error)
            return False
        self.trouble = None
        self._machine.move(ServiceState.RUNNING)
        if self._was_paused:
            self._machine.move(ServiceState.PAUSED)
            self._was_paused = False
        self._task = asyncio.create_task(self._run(), name=f"{self.name} of {self.symbol}")
        self._task.add_done_callback(self._ended)
        self.bus.publish(ServiceStarted(time=self.clock.now(), symbol=self.symbol, service_name=self.name))
        return True

    async def _let_go(self) -> None:
        self._busy_since = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_CLOSING_LIMIT)
            self._task = None
        try:
            async with asyncio.timeout(_CLOSING_LIMIT):
                await self._close()
        except Exception as error:  # noqa: BLE001 - what cannot be closed must not keep the rest from stopping
            self._errors += 1
            self._last_error = _line(error)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and task is self._task:
            self.fail(error)

    # Its work.

    def _give(self, work: Callable[[Work], None], item: Work) -> None:
        """Do a piece of work behind all that waits."""
        self._waiting.append(lambda: work(item))
        if self.state not in _WORKING or self._is_working_off:
            return
        try:
            self._work_off()
        except Exception as error:  # noqa: BLE001 - told to who supervises
            self.fail(error)

    def _work_off(self) -> None:
        """Do what waits, and what that work gives it to do in turn."""
        self._is_working_off = True
        try:
            while self._waiting:
                with self._at_work():
                    self._waiting[0]()
                self._waiting.popleft()
        finally:
            self._is_working_off = False

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Count as busy with one piece of work."""
        self._busy_since = self.clock.monotonic()
        try:
            yield
        finally:
            self._busy_since = None
        self._handled += 1

    def _on(self, event_type: type[AnyEvent], work: Callable[[AnyEvent], None]) -> None:
        """Take the events of a class from the bus as work."""
        self.bus.subscribe(event_type, lambda event: self._give(work, event), owner=self.name)

    # What a service is.

    async def _open(self) -> None:  # noqa: B027 - many services hold nothing
        """Get hold of what it needs."""

    def _subscribe(self) -> None:  # noqa: B027 - not every service listens
        """Say which events are its work."""

    async def _run(self) -> None:  # noqa: B027 - many services only answer events
        """Do what it does by itself, until it is stopped."""

    async def _finish(self) -> None:  # noqa: B027 - most services are at nothing between two events
        """Finish what it is at, within a second or two, before it is stopped."""

    async def _close(self) -> None:  # noqa: B027 - many services hold nothing
        """Let go of what it holds."""


def _line(error: BaseException) -> str:
    text = str(error).split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _current_task() -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
