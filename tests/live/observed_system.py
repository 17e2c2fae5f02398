"""A real portfolio on a real event loop, replayed as fast as it goes: what metrics, endpoint and view look at."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

from live_system import Lines
from portfolios import Cross, Reversal, configuration, named, orchestrate, walk
from stepping import stepper_of

from podium.backtest.market import prepare_market
from podium.core.clock import SystemClock
from podium.journal.records import Stream
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.replay import ReplayFeed
from podium.portfolio.live_sections import OrchestratorSection, ServicesSection
from podium.testing.journal import MemoryJournal
from podium.venues.paper import PaperVenue

CAPITAL = Decimal(100_000)
SYMBOLS = ("X", "Y")


class Observed:
    """A system that stands still once its bars have been played, and is still running."""

    def __init__(self, *, bars=300, symbols=SYMBOLS, options=None, external=None, finish="keep"):
        shares = [
            (named(Cross(), "cross"), Decimal("0.4"), symbols),
            (named(Reversal(), "reversal"), Decimal("0.4"), symbols),
        ]
        self.backtest = orchestrate(shares, configuration(*symbols, finish=finish))
        self.bars = {symbol: walk(symbol, bars) for symbol in symbols}
        market = prepare_market(self.bars, self.backtest.config)
        self.stepper = stepper_of(self.backtest, market, CAPITAL)
        self.log, self.journal = Lines(), MemoryJournal()
        series = {symbol: market.store.series(symbol) for symbol in market.symbols}
        self.orchestrator = MultiSymbolTradingOrchestrator(
            self.stepper, services=ServicesSection(), options=OrchestratorSection.model_validate(options or {}),
            feed=ReplayFeed(series, SystemClock()), venue=PaperVenue(), journal=self.journal, log=self.log,
            external=external,
        )  # fmt: skip
        self.metrics = self.orchestrator.metrics

    async def play(self):
        """Start, and wait until every bar has gone through."""
        await self.orchestrator.start()
        fetching = [each.service("data_fetching") for each in self.orchestrator.orchestrators.values()]
        while not all(service.is_finished for service in fetching):
            await self.orchestrator._attention.wait()
            self.orchestrator._attention.clear()
        for each in self.orchestrator.orchestrators.values():
            await each.service("trade_execution")._is_even.wait()
        return self

    def domain_records(self):
        """Give what the engine did, as the journal has it."""
        return [(record, json.loads(record.body)) for record in self.journal.read(Stream.DOMAIN)]

    def run(self, program):
        """Play, do something with it, and stop."""

        async def whole():
            await self.play()
            try:
                return await program(self)
            finally:
                await self.orchestrator.stop()

        return asyncio.run(whole())
