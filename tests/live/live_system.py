"""A whole system on a virtual clock, around an engine that follows a script."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field

from live_bars import MINUTE, START, bar, close_of

from podium.backtest.members import Member
from podium.bus.events import Event
from podium.core.errors import invariant
from podium.core.times import to_nanoseconds
from podium.journal.records import Stream
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.testing.clock import VirtualClock, run_virtually
from podium.testing.feed import Cue, ScriptedFeed
from podium.testing.journal import MemoryJournal
from podium.venues.paper import PaperVenue

A, B, C = "BTC/USDT", "ETH/USDT", "SOL/USDT"
SECOND = 10**9


@dataclass(frozen=True)
class Known:
    """What a bar made known to the scripted engine."""

    symbol: str
    close_time: int


@dataclass(frozen=True)
class Happened:
    """An event of the scripted engine."""

    sequence: int
    time: int
    kind: str
    strategy_id: str | None
    symbol: str | None
    body: bytes


@dataclass
class ScriptedStepper:
    """An engine that records what it is given, and lets happen what it is told to."""

    symbols: tuple[str, ...]
    script: dict = field(default_factory=dict)
    timeframe: object = MINUTE
    time: int | None = None

    def __post_init__(self):
        self.members = [Member(strategy_id=name, form=None, weight=None) for name in ("trend", "reversal")]
        self.strategies = ("trend", "reversal")
        self.calculated = defaultdict(list)
        self.steps, self.gates, self._events, self._failures, self._sequence = [], [], [], [], 0

    def calculate(self, symbol, bar):
        closes = self.calculated[symbol]
        close = to_nanoseconds(bar.close_time)
        invariant(not closes or close > closes[-1], "bars come in order", close=close)
        closes.append(close)
        return Known(symbol, close)

    def settle(self, time, calculated):
        invariant(self.time is None or time >= self.time, "time does not go back")
        self.time = time
        self.steps.append((minute(time), {symbol: minute(known.close_time) for symbol, known in calculated.items()}))

    def decide(self):
        what = self.script.get(minute(self.time))
        if callable(what):
            what(self)
        for kind, strategy_id, symbol, members in what or () if not callable(what) else ():
            self.emit(kind, strategy_id, symbol, **members)

    def emit(self, kind, strategy_id, symbol, **members):
        self._sequence += 1
        line = {"sequence": self._sequence, "kind": kind, "strategy_id": strategy_id, "symbol": symbol, **members}
        line = {name: value for name, value in line.items() if value is not None}
        self._events.append(
            Happened(self._sequence, self.time, kind, strategy_id, symbol, json.dumps(line).encode())
        )  # fmt: skip

    def events(self):
        taken, self._events = self._events, []
        return taken

    def failures(self):
        taken, self._failures = self._failures, []
        return taken

    def equities(self):
        return []

    def close_gate(self, reason, *, strategy_id=None, symbol=None):
        self.gates.append(("closed", reason.wire, strategy_id, symbol))

    def open_gate(self, reason, *, strategy_id=None, symbol=None):
        self.gates.append(("open", reason.wire, strategy_id, symbol))


def minute(time):
    return (time - START) // MINUTE.nanoseconds


ORDER = {
    "order": 1, "order_kind": "market", "side": "buy", "is_exit": False, "quantity": "1", "price": "100",
    "cash": "0", "used": "0", "reserved": "0", "allocated": "0",
}  # fmt: skip
SIGNAL = {"action": "enter_long", "price": "100", "available": "1000"}
FILL = {**ORDER, "notional": "100", "fee": "0.1", "realised": "0", "slippage": "0", "position": "1"}
OPENED = {"trade": 1, "side": "long", "quantity": "1", "position": "1", "price": "100"}


def entry(symbol, strategy_id="trend", **changes):
    """What a strategy's entry makes happen at its decision."""
    order = {**ORDER, **changes}
    return [("SIGNAL_GENERATED", strategy_id, symbol, SIGNAL), ("ORDER_CREATED", strategy_id, symbol, order)]


def fill(symbol, strategy_id="trend", **changes):
    """What its fill makes happen."""
    filled = {**FILL, **changes}
    return [("ORDER_FILLED", strategy_id, symbol, filled), ("POSITION_OPENED", strategy_id, symbol, OPENED)]


class Lines:
    """A log in memory."""

    def __init__(self):
        self.lines = []

    def write(self, level, event, **members):
        self.lines.append({"level": level, "event": event, **members})


class System:
    """A system with everything that a test looks at."""

    def __init__(
        self, symbols=(A, B), *, feed=None, services=None, options=None, script=None, journal=None, venue=None,
        components=None, external=None, clock=None, **more,
    ):  # fmt: skip
        self.clock = clock or VirtualClock(START)
        self.stepper = ScriptedStepper(tuple(symbols), script or {})
        self.journal, self.log = journal or MemoryJournal(), Lines()
        self.venue = venue or PaperVenue()
        self.feed = feed(self.clock) if feed is not None else minutes(symbols, range(1, 6))(self.clock)
        self.orchestrator = MultiSymbolTradingOrchestrator(
            self.stepper,
            services=ServicesSection.model_validate(services or {}),
            options=OrchestratorSection.model_validate(options or {}),
            feed=self.feed, venue=self.venue, journal=self.journal, log=self.log,
            components=components, external=external, **more,
        )  # fmt: skip
        self.events = []
        self.orchestrator.bus.subscribe(Event, self.events.append)

    def kinds(self, *left_out):
        """Name the events in order, as (kind, symbol)."""
        return [(event.kind, event.symbol) for event in self.events if event.kind not in left_out]

    def operations(self, *kinds):
        """Give what was recorded about the system: kind and particulars."""
        records = [
            (record.kind, json.loads(record.body)) for record in self.journal.read(Stream.OPERATIONAL)
        ]  # fmt: skip
        return [(kind, body) for kind, body in records if not kinds or kind in kinds]

    def state_of(self, symbol, name):
        return self.orchestrator.orchestrators[symbol].service(name).state.value

    def play(self, until=None):
        """Run until the feed ends, or for some seconds."""

        async def program():
            if until is None:
                await self.orchestrator.run()
                return
            running = asyncio.create_task(self.orchestrator.run())
            await asyncio.wait([running], timeout=until)
            self.orchestrator.request_stop()
            await running

        run_virtually(program(), self.clock)
        return self


def minutes(symbols, numbers, delays=None):
    """Make a feed that brings these minutes of all symbols at their close, or later."""

    def make(clock):
        cues = {
            symbol: [
                Cue(
                    at=close_of(number) + int((delays or {}).get((symbol, number), 0) * SECOND), bar=bar(number, symbol)
                )
                for number in numbers
            ]
            for symbol in symbols
        }
        return ScriptedFeed(cues, clock)

    return make
