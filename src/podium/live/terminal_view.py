"""What ``podium run`` shows while it runs.

On a terminal the picture is drawn anew a few times a second (lives in ``picture.py``), and the last one stays; without
one a line is printed now and then, and whenever the health changes. It only looks: nothing waits for it.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live

from podium.bus.events import Event
from podium.bus.local import Subscription
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.picture import Picture
from podium.live.states import OrchestratorState, ServiceState
from podium.report.terminal import print_line

__all__ = ["TerminalView"]

#: Seconds between two pictures, and between two lines where the output is no terminal.
_PICTURE_EVERY, _LINE_EVERY = 0.25, 60.0
_AT_REST = (ServiceState.CREATED, ServiceState.STARTING, ServiceState.STOPPING, ServiceState.STOPPED)


class TerminalView:
    """Show a system while the ``async with`` block lasts.

    Args:
        orchestrator: the system; made, and not yet started.
        console: where.
        name: of the portfolio.
    """

    def __init__(self, orchestrator: MultiSymbolTradingOrchestrator, console: Console, name: str) -> None:
        self._orchestrator, self._console = orchestrator, console
        self._picture = Picture(orchestrator, console, name)
        self._subscription: Subscription | None = None
        self._live: Live | None = None
        self._task: asyncio.Task[None] | None = None
        self._ending = asyncio.Event()
        #: How many services were last told not to be well.
        self._told = 0

    async def __aenter__(self) -> Self:
        self._subscription = self._orchestrator.bus.subscribe(Event, self._picture.note, owner="terminal view")
        self._orchestrator.operations.alert_listeners.append(self._alert)
        if self._console.is_terminal:
            first = self._picture.draw()
            self._live = Live(first, console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        self._task = asyncio.create_task(self._show(), name="terminal view")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._task is not None:
            await self._task
        if self._subscription is not None:
            self._orchestrator.bus.unsubscribe(self._subscription)
            self._orchestrator.operations.alert_listeners.remove(self._alert)
        if self._live is not None:
            # Of a system that could not start nothing is left to be seen but the error.
            self._live.transient = self._orchestrator.state is OrchestratorState.INITIALIZING
            self._live.update(self._picture.draw(), refresh=True)
            self._live.stop()

    def _alert(self, _name: str, text: str) -> None:
        self._picture.note_alert(text)
        if self._live is None:
            print_line(self._console, "alert", text)

    async def _show(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + _LINE_EVERY
        while not await self._ends_within(_PICTURE_EVERY):
            if self._live is not None:
                # What it shows is read here, between two steps; setting it takes long, and is done beside them.
                await asyncio.to_thread(self._live.update, self._picture.draw(), refresh=True)
            elif loop.time() >= due or self._unhealthy() != self._told:
                self._print_line()
                due = loop.time() + _LINE_EVERY

    async def _ends_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._ending.wait()
        except TimeoutError:
            return False

    def _unhealthy(self) -> int:
        """Count the services that are not as they should be; those that start or stop are."""
        return sum(
            not status["is_healthy"] and status["state"] not in _AT_REST
            for symbol in self._orchestrator.check_health()["symbols"].values()
            for status in symbol["services"].values()
        )

    def _print_line(self) -> None:
        self._told = self._unhealthy()
        print_line(self._console, self._orchestrator.state, self._picture.line())
