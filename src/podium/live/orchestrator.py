"""The whole portfolio as a running system: one orchestrator per symbol, one engine, one journal, one place to look."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from podium.bus.events import (
    EVENTS,
    Event,
    Nature,
    OrchestratorPaused,
    OrchestratorResumed,
    OrchestratorStarted,
    OrchestratorStopped,
)
from podium.bus.local import HandlerFailure, LocalBus
from podium.bus.translation import events_of
from podium.core.errors import IllegalTransition, InputError, Problem, did_you_mean
from podium.core.events import EventKind, Reason
from podium.data.bars import BarSeries
from podium.journal.journal import Journal
from podium.live.components import Components, SymbolParts, symbol_services
from podium.live.correlation import Correlations
from podium.live.feeds import Feed, StreamedFeed
from podium.live.health import SystemHealth
from podium.live.http_answers import answers_of
from podium.live.http_endpoint import HttpEndpoint
from podium.live.inputs import GateInput
from podium.live.log import Log
from podium.live.metrics import Metrics
from podium.live.operations import Operations
from podium.live.regimes import Regimes, no_regime
from podium.live.services.data_fetching import DataFetchingService
from podium.live.states import ORCHESTRATOR_TRANSITIONS, OrchestratorState, StateMachine
from podium.live.step_runner import Outcome, StepRunner
from podium.live.stepper import Stepper
from podium.live.supervisor import Supervisor
from podium.live.symbol_orchestrator import SymbolOrchestrator
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.venues.venue import Venue

__all__ = ["ExternalBus", "MultiSymbolTradingOrchestrator"]

_WORKING = (OrchestratorState.RUNNING, OrchestratorState.PAUSED)
#: A stop lets symbols finish for so long, seconds, and then what was published for other systems.
_STOP_LIMIT, _FINISH_LIMIT = 3.0, 1.0
#: Why an orchestrator is paused other than by hand.
_CLOSED_MARKET, _RISK_LIMIT = "closed_market", "risk_limit"


class ExternalBus(Protocol):
    """Bring what is durable to other systems; nothing waits for it."""

    @property
    def redis_connected(self) -> bool:
        """Tell whether its server can be reached."""
        ...

    def wake(self) -> None:
        """Look at the journal now."""
        ...

    async def run(self) -> None:
        """Publish until cancelled."""
        ...

    async def finish(self, seconds: float) -> bool:
        """Publish all that is durable, but for no longer than so many seconds."""
        ...


class MultiSymbolTradingOrchestrator:
    """Run a portfolio: create, wire, start, watch, restart and stop its symbols.

    Args:
        stepper: the engine with the strategies of the portfolio.
        services: the options of the services.
        options: how the system is watched.
        feed: where bars come from, with the run's clock.
        venue: where orders go.
        journal: where inputs and events are recorded.
        log: where it is told what happens.
        external: brings events to other systems; ``None`` without such.
        components: makes the services of some symbols differently, by symbol.
        correlations: of an earlier run.
        rows: how many bars of each symbol the indicators have seen.
        last_times: the close of the last bar of each symbol in an earlier run, nanoseconds since 1970 UTC.
        history: the bars of an earlier run by symbol, from the origin on.
    """

    def __init__(
        self,
        stepper: Stepper,
        *,
        services: ServicesSection,
        options: OrchestratorSection,
        feed: Feed,
        venue: Venue,
        journal: Journal,
        log: Log,
        external: ExternalBus | None = None,
        components: Mapping[str, Components] | None = None,
        correlations: Correlations | None = None,
        rows: Mapping[str, int] | None = None,
        last_times: Mapping[str, int] | None = None,
        history: Mapping[str, BarSeries] | None = None,
    ) -> None:
        self.options, self.log = options, log
        self._services, self._feed, self._venue = services, feed, venue
        self._clock, self._external = feed.clock, external
        self._machine = StateMachine("the orchestrator", ORCHESTRATOR_TRANSITIONS, OrchestratorState.INITIALIZING)
        self._operations = Operations(journal, log, self._clock)
        self.runner: StepRunner = StepRunner(
            stepper,
            journal=journal,
            operations=self._operations,
            clock=self._clock,
            due=feed.due,
            bar_wait=options.bar_wait_seconds,
            stale_after=options.stale_after_nanoseconds(stepper.timeframe),
            correlations=correlations,
            on_failure=self._halt,
        )
        self._operations.on_failure = self.runner.halt
        #: Where every event of every symbol can be listened to.
        self.bus = LocalBus(None, self._on_listener_failure)
        for event_type in EVENTS.values():
            if event_type.nature is Nature.OPERATIONAL:
                self.bus.subscribe(event_type, self._operations.take, owner="operations")
        if external is not None:
            self.bus.subscribe(Event, self._wake_external, owner="external bus")
        self.runner.listen(None, self._publish_common)
        self._attention, self._stopping = asyncio.Event(), asyncio.Event()
        makers, known = components or {}, (rows or {}, last_times or {}, history or {})
        self.orchestrators: dict[str, SymbolOrchestrator] = {
            symbol: self._make(symbol, makers.get(symbol, symbol_services), *known) for symbol in stepper.symbols
        }
        self.supervisor = Supervisor(
            self._clock,
            self._operations,
            heartbeat_limit=float(options.heartbeat_limit),
            is_restarting=options.enable_auto_restart,
            on_out=self._leave,
        )
        #: What is counted since the process began.
        self.metrics: Metrics = Metrics(self)
        self._endpoint = self._make_endpoint()
        self._started_at: float | None = None
        self._publishing: asyncio.Task[None] | None = None
        self._checks = 0
        self._pauses: set[str] = set()

    def _make_endpoint(self) -> HttpEndpoint | None:
        port = self.options.http_port
        return None if port is None else HttpEndpoint(port, answers_of(self), on_failure=self._on_answer_failure)

    def _make(
        self,
        symbol: str,
        make_services: Components,
        rows: Mapping[str, int],
        last_times: Mapping[str, int],
        history: Mapping[str, BarSeries],
    ) -> SymbolOrchestrator:
        stepper = self.runner.stepper
        conditions = self._services.indicator_calculation.regimes
        orchestrator = SymbolOrchestrator(
            symbol,
            self._clock,
            self._operations,
            make_services=lambda bus: make_services(
                SymbolParts(
                    symbol=symbol,
                    bus=bus,
                    feed=self._feed,
                    venue=self._venue,
                    runner=self.runner,
                    operations=self._operations,
                    sections=self._services,
                    strategies=[member.strategy_id for member in stepper.members if member.trades(symbol)],
                    last_time=last_times.get(symbol),
                    rows=rows.get(symbol, 0),
                    on_end=self._attention.set,
                    regime_of=Regimes(conditions, history.get(symbol)) if conditions else no_regime,
                )
            ),
            keep_back=lambda is_closed: self.runner.gate(
                GateInput(is_closed=is_closed, reason=Reason.PAUSED, symbol=symbol)
            ),
        )
        orchestrator.bus.subscribe(Event, self.bus.publish, owner="portfolio")
        orchestrator.bus.subscribe(EVENTS["SERVICE_ERROR"], lambda _: self._attention.set(), owner="portfolio")
        return orchestrator

    @property
    def state(self) -> OrchestratorState:
        """Tell the state."""
        return self._machine.state

    @property
    def operations(self) -> Operations:
        """Give what records what happens to the system."""
        return self._operations

    @property
    def failure(self) -> Exception | None:
        """Tell why nothing can be done any more, ``None`` while something can."""
        return self.runner.failure

    async def start(self) -> None:
        """Start all symbols; one that fails stops no other.

        Raises:
            ConfigurationError: when the HTTP endpoint cannot listen.
        """
        if self._endpoint is not None:
            await self._endpoint.start()
        if self.state is OrchestratorState.STOPPED:
            self._machine.move(OrchestratorState.INITIALIZING)
        self._stopping.clear()
        self._started_at = self._clock.monotonic()
        if "trade_execution" not in self._services.enabled:
            self.runner.gate(GateInput(is_closed=True, reason=Reason.PAUSED))
        if self._external is not None:
            self._publishing = asyncio.create_task(self._external.run(), name="external bus")
        self._machine.move(OrchestratorState.RUNNING)
        await asyncio.gather(*(each.start() for each in self.orchestrators.values()))
        self.bus.publish(OrchestratorStarted(time=self._clock.now(), symbol=None))

    async def stop(self) -> None:
        """Stop all symbols, finish what is durable, and be stopped; within a few seconds, whatever hangs."""
        if self.state is OrchestratorState.STOPPED:
            return
        self._stopping.set()
        await self.supervisor.stop()
        tasks = [asyncio.create_task(each.stop()) for each in self.orchestrators.values()]
        done, late = await asyncio.wait(tasks, timeout=_STOP_LIMIT)
        for task in late:
            task.cancel()
        for orchestrator in self.orchestrators.values():
            if orchestrator.state is not OrchestratorState.STOPPED:
                orchestrator.abort()
        self._machine.move(OrchestratorState.STOPPED)
        if self._endpoint is not None:
            await self._endpoint.stop()
        self.bus.publish(OrchestratorStopped(time=self._clock.now(), symbol=None))
        if self._publishing is not None and self._external is not None:
            await self._external.finish(_FINISH_LIMIT)
            self._publishing.cancel()
            await asyncio.wait([self._publishing], timeout=_FINISH_LIMIT)
        for task in done:
            task.result()

    def pause(self, reason: str = "") -> None:
        """Let nothing enter on any symbol; exits and protection go on.

        Args:
            reason: why; empty when somebody asks for it.

        Raises:
            IllegalTransition: when it is not running, or paused for this reason already.
        """
        if not self._pauses or reason in self._pauses:
            self._machine.move(OrchestratorState.PAUSED)
        self._pauses.add(reason)
        for orchestrator in self.orchestrators.values():
            orchestrator.pause(reason)
        self.bus.publish(OrchestratorPaused(time=self._clock.now(), symbol=None, reason=reason))

    def resume(self, reason: str = "") -> None:
        """Let entries pass again, unless there is another reason why they may not.

        Args:
            reason: why they could not; empty when somebody had asked for it.

        Raises:
            IllegalTransition: when it is not paused for this reason.
        """
        if reason not in self._pauses:
            reasons = ", ".join(each or "by hand" for each in sorted(self._pauses)) or "for no reason"
            raise IllegalTransition(
                owner="the orchestrator",
                state=f"{self.state} (paused {reasons})",
                asked="running",
                allowed=("to be paused for the reason that has gone",),
            )
        self._pauses.discard(reason)
        if not self._pauses:
            self._machine.move(OrchestratorState.RUNNING)
        for orchestrator in self.orchestrators.values():
            orchestrator.resume(reason)
        self.bus.publish(OrchestratorResumed(time=self._clock.now(), symbol=None, reason=reason))

    async def run(self, check_interval: float | None = None) -> None:
        """Start, watch until the feed ends or somebody stops it, and stop; SIGINT and SIGTERM stop it cleanly.

        Args:
            check_interval: seconds between two checks; by default ``orchestrator.health_check_interval``.

        Raises:
            RunError: when the journal or the engine failed; everything is stopped by then.
        """
        interval = float(self.options.health_check_interval) if check_interval is None else check_interval
        with self._stopped_by_signals():
            await self.start()
            try:
                await self._watch(interval)
            finally:
                await self.stop()
        if self.failure is not None:
            raise self.failure

    def request_stop(self) -> None:
        """Let ``run`` end."""
        self._stopping.set()
        self._attention.set()

    async def restart_symbol(self, symbol: str) -> bool:
        """Restart all services of a symbol; one that was taken out comes back.

        Args:
            symbol: which one.

        Returns:
            Whether all of them work now.

        Raises:
            InputError: when the portfolio has no such symbol.
        """
        orchestrator = self._orchestrator(symbol)
        await self.supervisor.release(symbol)
        if orchestrator.is_out:
            self.runner.join(symbol)
        return await orchestrator.restart()

    async def restart_service(self, symbol: str, name: str) -> bool:
        """Restart one service of a symbol.

        Args:
            symbol: which one.
            name: such as ``data_fetching``.

        Returns:
            Whether it works now.

        Raises:
            InputError: when the portfolio has no such symbol, or the symbol no such service.
        """
        return await self._orchestrator(symbol).restart_service(name)

    def check_health(self) -> SystemHealth:
        """Tell how the whole is."""
        symbols = {symbol: each.check_health() for symbol, each in self.orchestrators.items()}
        healthy = sum(health["is_healthy"] for health in symbols.values())
        is_started = self._started_at is not None and self.state is not OrchestratorState.STOPPED
        return {
            "state": self.state.value,
            "is_healthy": self.state in _WORKING and healthy == len(symbols),
            "healthy_symbols": healthy,
            "total_symbols": len(symbols),
            "symbols": symbols,
            "uptime": self._clock.monotonic() - (self._started_at or 0.0) if is_started else 0.0,
            "redis_connected": self._external is not None and self._external.redis_connected,
        }

    async def _watch(self, interval: float) -> None:
        due = self._clock.monotonic() + interval
        while not self._stopping.is_set():
            await self._wait_until(due)
            self._attention.clear()
            self.supervisor.check(self.orchestrators.values(), due)
            if self._clock.monotonic() >= due:
                self._checks += 1
                due = self._clock.monotonic() + interval
                self._look_at_markets()
                if self._checks % self.options.status_log_interval == 0:
                    self._tell_status()
            if self._is_finished():
                return
            # Whatever asks for attention again and again, the others have their turn.
            await asyncio.sleep(0)

    async def _wait_until(self, due: float) -> None:
        """Wait for the next check, or until something needs attention."""
        try:
            async with asyncio.timeout(max(due - self._clock.monotonic(), 0.0)):
                await self._attention.wait()
        except TimeoutError:
            return

    def _is_finished(self) -> bool:
        """Tell whether every market has ended."""
        return all(
            each.is_out or any(isinstance(own, DataFetchingService) and own.is_finished for own in each.services)
            for each in self.orchestrators.values()
        )

    def _look_at_markets(self) -> None:
        for symbol, orchestrator in self.orchestrators.items():
            if self._feed.is_open(symbol):
                orchestrator.resume(_CLOSED_MARKET)
            elif not orchestrator.is_out:
                orchestrator.pause(_CLOSED_MARKET)

    def _tell_status(self) -> None:
        health = self.check_health()
        unhealthy = [symbol for symbol, each in health["symbols"].items() if not each["is_healthy"]]
        self.log.write(
            "info",
            "status",
            state=health["state"],
            healthy_symbols=health["healthy_symbols"],
            total_symbols=health["total_symbols"],
            unhealthy=unhealthy,
            steps=self.runner.steps,
            uptime=round(health["uptime"], 3),
            redis_connected=health["redis_connected"],
        )

    def _wake_external(self, event: Event) -> None:
        """Let what other systems get, and what is durable by now, go out at once."""
        if event.is_external and self._external is not None:
            self._external.wake()

    def _publish_common(self, outcome: Outcome) -> None:
        """Publish what concerns several symbols, and be paused while a limit of the account lets nothing enter."""
        for record in outcome.records:
            for event in events_of(
                kind=record.kind, time=record.time, body=record.body, correlation_id=record.correlation_id
            ):
                self.bus.publish(event)
            if record.kind == EventKind.LIMIT_REACHED.name and _stops_the_account(record.body):
                self._pause_for_limit()
            elif record.kind == EventKind.LIMIT_RELEASED.name and _RISK_LIMIT in self._pauses:
                self.resume(_RISK_LIMIT)

    def _pause_for_limit(self) -> None:
        if self.state in _WORKING and _RISK_LIMIT not in self._pauses:
            self.pause(_RISK_LIMIT)

    def _leave(self, orchestrator: SymbolOrchestrator) -> None:
        if isinstance(self._feed, StreamedFeed):
            self._feed.leave(orchestrator.symbol)
        self.runner.leave(orchestrator.symbol)

    def _halt(self, error: Exception) -> None:
        """Do nothing any more: what cannot be recorded, or an engine that failed, must not trade."""
        self.log.write("error", "halted", error=type(error).__name__, message=str(error))
        if self.state in _WORKING:
            self._machine.move(OrchestratorState.ERROR)
        self.request_stop()

    def _orchestrator(self, symbol: str) -> SymbolOrchestrator:
        if symbol in self.orchestrators:
            return self.orchestrators[symbol]
        raise InputError(
            Problem(
                message=f"'{symbol}' is not a symbol of this portfolio",
                expected=f"one of {', '.join(self.orchestrators)}",
                hint=did_you_mean(symbol, self.orchestrators),
            )
        )

    def _on_listener_failure(self, failure: HandlerFailure) -> None:
        self._operations.warn(
            "LISTENER_FAILED",
            symbol=failure.event.symbol,
            owner=failure.owner,
            event_kind=failure.event.kind,
            error=f"{type(failure.error).__name__}: {failure.error}",
        )

    def _on_answer_failure(self, path: str, error: Exception) -> None:
        self.log.write("error", "http_failed", path=path, error=f"{type(error).__name__}: {error}")

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        # Elsewhere than in the main thread there are no signals.
        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        for number in numbers:
            loop.add_signal_handler(number, self.request_stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def _stops_the_account(body: bytes) -> bool:
    line = json.loads(body)
    return line.get("scope") == "portfolio" and line.get("action") in ("close", "stop")
