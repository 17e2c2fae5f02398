"""The way of a time step: sequencer, journal, engine, journal, and out to the symbols.

1. Symbols deliver bars with what they made known; the sequencer says when a step is ready.
2. The step is recorded as an input before the engine takes it (lives in ``inputs.py``).
3. Settle and decide (lives in ``stepper.py``), in one go: nothing comes in between.
4. The engine's events are recorded, each with its correlation id.
5. Every symbol gets its events, with the commit to wait for before anything leaves the system.

What goes wrong here concerns the whole portfolio: nothing is taken any more, and the failure is told once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from podium.core.clock import Clock
from podium.core.events import Reason
from podium.core.times import iso
from podium.journal.journal import Journal
from podium.journal.records import JournalRecord, Stream
from podium.live.correlation import Correlations, bar_id
from podium.live.delivery import Delivery
from podium.live.histogram import Histogram
from podium.live.inputs import GATE, STEP, GateInput, StepInput
from podium.live.operations import Operations
from podium.live.sequencer import Release, Sequencer
from podium.live.stepper import DomainEvent, Equity, Stepper

__all__ = ["Outcome", "StepRunner"]

#: So many commits may be under way before bars are held back; they are groups, so this is a second or two of a replay.
_COMMITS_MAXIMUM = 256
#: A step that takes longer, seconds, is reported: strategies hold everybody up.
_SLOW = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold what a step, or a gate, brought about for one symbol.

    Args:
        symbol: the symbol; ``None`` for what concerns several.
        time: of the step, nanoseconds since 1970 UTC.
        released_at: when it was released, seconds that only grow.
        records: its domain events.
        commit: is done once they are durable.
    """

    symbol: str | None
    time: int
    released_at: float
    records: tuple[JournalRecord, ...]
    commit: Future[None]


class StepRunner:
    """Take the portfolio from step to step as bars come.

    Args:
        stepper: the engine.
        journal: where inputs and events are recorded.
        operations: is told of late bars and failed strategies.
        clock: the run's clock.
        due: gives the symbols that have a bar at a time.
        bar_wait: how long a step waits for bars that are due, seconds.
        stale_after: how long after its close a bar may be entered on, nanoseconds.
        correlations: of an earlier run; by default none.
        on_failure: is told when nothing can be taken any more.
    """

    def __init__(
        self,
        stepper: Stepper,
        *,
        journal: Journal,
        operations: Operations,
        clock: Clock,
        due: Callable[[int], Collection[str]],
        bar_wait: float,
        stale_after: int,
        correlations: Correlations | None = None,
        on_failure: Callable[[Exception], None],
    ) -> None:
        self.stepper = stepper
        self._journal, self._operations, self._clock = journal, operations, clock
        self._stale_after, self._on_failure = stale_after, on_failure
        last = {} if stepper.time is None else {"last_time": stepper.time}
        self._sequencer = Sequencer[Delivery](stepper.symbols, due=due, bar_wait=bar_wait, **last)
        self._correlations = correlations or Correlations()
        self._input = journal.last(Stream.INPUT)
        self._listeners: dict[str | None, Callable[[Outcome], None]] = {}
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._commits: deque[Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.failure: Exception | None = None
        #: How many steps were taken, and how long the engine and the strategies took for each.
        self.steps, self.durations = 0, Histogram()
        #: Is told the equity of every step that is past.
        self.on_equities: Callable[[Sequence[Equity]], None] = lambda _equities: None
        #: Is called behind every step, once its events are recorded.
        self.after_step: Callable[[StepInput], None] = lambda _step: None

    def listen(self, symbol: str | None, listener: Callable[[Outcome], None]) -> None:
        """Give the outcomes of a symbol to a listener.

        Args:
            symbol: whose; ``None`` for what concerns several.
            listener: is called after each step or gate that has something for it.
        """
        self._listeners[symbol] = listener

    def deliver(self, delivery: Delivery) -> None:
        """Take a bar that its symbol has finished with, and every step that is ready now.

        Args:
            delivery: the bar with what it made known.
        """
        if self.failure is not None:
            return
        symbol = delivery.bar.symbol
        if not self._sequencer.deliver(symbol, delivery.time, delivery, self._clock.monotonic()):
            self._operations.warn("BAR_LATE", symbol=symbol, close_time=iso(delivery.time))
        self._release()

    async def done_with(self, symbol: str, time: int) -> None:
        """Wait until a bar has gone through its step.

        Args:
            symbol: its symbol; one at a time waits for it.
            time: its close, nanoseconds since 1970 UTC.
        """
        if self._taken.get(symbol, -1) < time:
            self._waiting[symbol] = asyncio.get_running_loop().create_future()
            await self._waiting[symbol]
        while len(self._commits) > _COMMITS_MAXIMUM:
            await asyncio.wrap_future(self._commits.popleft())

    def gate(self, gate: GateInput) -> None:
        """Close or open a gate.

        Args:
            gate: which one.
        """
        if self.failure is not None:
            return
        try:
            self._record(GATE, self._clock.now(), gate.body())
            gate.apply(self.stepper)
            self._conclude(self.stepper.time or self._clock.now(), {}, self._clock.monotonic())
        except Exception as error:  # noqa: BLE001 - told to who stops everything
            self.halt(error)

    def leave(self, symbol: str) -> None:
        """Go on without a symbol, and enter nothing on it.

        Args:
            symbol: the symbol that was taken out.
        """
        self._sequencer.leave(symbol)
        self.gate(GateInput(is_closed=True, reason=Reason.SYMBOL_DOWN, symbol=symbol))
        self._release()

    def join(self, symbol: str) -> None:
        """Go on with a symbol again.

        Args:
            symbol: a symbol that was taken out.
        """
        self._sequencer.join(symbol)
        self.gate(GateInput(is_closed=False, reason=Reason.SYMBOL_DOWN, symbol=symbol))

    def halt(self, error: Exception) -> None:
        """Take nothing any more.

        Args:
            error: why.
        """
        if self.failure is None:
            self.failure = error
            self._stop_waiting()
            self._on_failure(error)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self) -> None:
        self._stop_waiting()
        try:
            while self.failure is None and (release := self._sequencer.take(self._clock.monotonic())) is not None:
                self._take(release)
        except Exception as error:  # noqa: BLE001 - told to who stops everything
            self.halt(error)
        deadline = self._sequencer.deadline()
        if deadline is not None and self.failure is None:
            pause = max(deadline - self._clock.monotonic(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(pause, self._release)

    def _take(self, release: Release[Delivery]) -> None:
        began = self._clock.monotonic()
        step = StepInput(
            time=release.time,
            released_at=self._clock.now(),
            bars={symbol: delivery.bar for symbol, delivery in release.bars.items()},
        )
        self._record(STEP, step.time, step.body())
        calculated = {symbol: delivery.calculated for symbol, delivery in release.bars.items()}
        step.apply(self.stepper, calculated, self._stale_after)
        self.steps += 1
        self.on_equities(self.stepper.equities())
        took = self._clock.monotonic() - began
        self.durations.observe(took)
        if took > _SLOW:
            self._operations.warn("STEP_SLOW", time=iso(release.time), seconds=round(took, 3))
        for failure in self.stepper.failures():
            self._operations.alert(
                "strategy_quarantined",
                f"{failure.error}; it enters nothing more, and its positions stay protected",
                strategy_id=failure.strategy_id,
                symbol=failure.symbol,
            )
        self._conclude(release.time, {symbol: delivery.time for symbol, delivery in release.bars.items()}, began)
        for symbol, delivery in release.bars.items():
            self._taken[symbol] = delivery.time
            waiting = self._waiting.pop(symbol, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
        self.after_step(step)

    @property
    def input_sequence(self) -> int:
        """Tell the sequence of the last input."""
        return self._input

    def _record(self, kind: str, time: int, body: bytes) -> None:
        self._input += 1
        self._journal.append(
            [JournalRecord(stream=Stream.INPUT, sequence=self._input, time=time, kind=kind, body=body)]
        )

    def _conclude(self, time: int, closes: dict[str, int], released_at: float) -> None:
        """Record what the engine did, and give it to the symbols."""
        records: dict[str | None, list[JournalRecord]] = {}
        in_order: list[JournalRecord] = []
        for event in self.stepper.events():
            record = self._record_of(event, closes)
            in_order.append(record)
            records.setdefault(event.symbol, []).append(record)
        if not in_order:
            return
        commit = self._commit(in_order)
        for symbol, mine in records.items():
            listener = self._listeners.get(symbol)
            if listener is not None:
                listener(Outcome(symbol=symbol, time=time, released_at=released_at, records=tuple(mine), commit=commit))

    def _record_of(self, event: DomainEvent, closes: dict[str, int]) -> JournalRecord:
        symbol = event.symbol
        close = None if symbol is None else closes.get(symbol)
        correlation_id = self._correlations.take(
            kind=event.kind,
            strategy_id=event.strategy_id,
            symbol=symbol,
            body=event.body,
            bar="" if symbol is None or close is None else bar_id(symbol, close),
        )
        return JournalRecord(
            stream=Stream.DOMAIN,
            sequence=event.sequence,
            time=event.time,
            kind=event.kind,
            body=event.body,
            correlation_id=correlation_id,
        )

    def _commit(self, records: Sequence[JournalRecord]) -> Future[None]:
        commit = self._journal.append(records)
        loop = asyncio.get_running_loop()

        def look(done: Future[None]) -> None:
            error = done.exception()
            if isinstance(error, Exception):
                loop.call_soon_threadsafe(self.halt, error)

        commit.add_done_callback(look)
        while self._commits and self._commits[0].done():
            self._commits.popleft()
        self._commits.append(commit)
        return commit
