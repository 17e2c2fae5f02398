"""A replay of stored bars through the whole system, around the real engine and a journal on disk."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from live_bars import START
from live_system import Lines
from stepping import stepper_of

from podium.live.correlation import Correlations
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.replay import ReplayFeed
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.testing.clock import VirtualClock, VirtualLoop, run_virtually
from podium.venues.paper import PaperVenue

CAPITAL = Decimal(100_000)
SYMBOLS = ("X", "Y", "Z")


class Waited:
    """A journal on disk that is waited for with the clock standing still."""

    def __init__(self, journal):
        self._journal = journal

    def __getattr__(self, name):
        return getattr(self._journal, name)

    def append(self, records):
        loop = asyncio.get_event_loop()
        future = self._journal.append(records)
        return loop.outside(future) if isinstance(loop, VirtualLoop) and loop.is_running() else future


def live(market, journal, components=None, before=lambda _system: None):
    orchestrator, result = market
    stepper = stepper_of(orchestrator, result.market, CAPITAL)
    clock = VirtualClock(START)
    series = {symbol: result.market.store.series(symbol) for symbol in SYMBOLS}

    async def program():
        system = MultiSymbolTradingOrchestrator(
            stepper, services=ServicesSection(), options=OrchestratorSection(), feed=ReplayFeed(series, clock),
            venue=PaperVenue(), journal=journal, log=Lines(), components=components, correlations=Correlations(),
        )  # fmt: skip
        before(system)
        await system.run()
        return system

    return run_virtually(program(), clock)
