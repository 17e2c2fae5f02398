"""Make the running system of a portfolio file: paper venue, stored bars played again, journal, recovery.

1. The bars are checked and put on the grid as in a backtest.
2. The journal is opened; the files must be those of the run, or the differences accepted. (lives in ``run_record.py``)
3. The portfolio goes back to where the journal ends. (lives in ``recovery.py``)
4. Services, feed, venue and buses are put around it. (lives in ``orchestrator.py``)
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from podium.backtest.conversions import make_conversion
from podium.backtest.market import prepare_market, with_defaults
from podium.backtest.members import members_of_file
from podium.backtest.portfolio_run import at_file, configuration_of
from podium.bus.factory import EventBusFactory
from podium.bus.publisher import Publisher
from podium.core.clock import Clock
from podium.core.errors import Location
from podium.core.instruments import Instrument
from podium.core.money import MoneyUnit
from podium.core.times import Timeframe
from podium.data.bars import Bar, BarSeries
from podium.data.store import BarStore
from podium.journal.journal import Journal, is_address
from podium.journal.records import JournalRecord, Stream
from podium.live.feeds import Feed
from podium.live.inputs import HISTORY, HistoryInput, StepInput
from podium.live.log import JsonLog, Log
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.recovery import Recovered, recover, save_snapshot, take_again
from podium.live.replay import ReplayFeed
from podium.live.run_record import Change, record_files
from podium.live.stepper import Equity, Stepper
from podium.live.synthetic import SyntheticFeed
from podium.portfolio.file import PortfolioFile
from podium.venues.paper import PaperVenue

__all__ = ["PaperSystem", "make_stepper", "open_paper"]

#: Of a synthetic exchange, where the file says nothing.
_TICK, _TIMEFRAME = Decimal("0.01"), "1h"


@dataclass(slots=True, kw_only=True)
class PaperSystem:
    """Hold a system that is ready to run.

    Args:
        orchestrator: the system.
        journal: where it is recorded.
        recovered: where it goes on.
        changes: what differs from the last start and was accepted.
        publisher: brings events to other systems; ``None`` without such.
        bus_location: where the file asks for them.
    """

    orchestrator: MultiSymbolTradingOrchestrator
    journal: Journal
    recovered: Recovered
    changes: list[Change]
    publisher: Publisher | None
    bus_location: Location

    @property
    def stepper(self) -> Stepper:
        """Give the portfolio's engine."""
        return self.recovered.stepper

    async def run(self, check_interval: float | None = None) -> None:
        """Run until the bars end or somebody stops it, and keep the state it came to.

        Args:
            check_interval: seconds between two checks; by default as the file says.

        Raises:
            InputError: when an event bus is required and cannot be reached.
            RunError: when the journal or the engine failed.
        """
        if self.publisher is not None:
            await self.publisher.check(self.bus_location)
        runner = self.orchestrator.runner
        try:
            await self.orchestrator.run(check_interval)
        finally:
            if runner.failure is None and runner.input_sequence > 0:
                # So that the next start takes nothing again.
                save_snapshot(self.journal, self.recovered, runner.input_sequence, self.stepper.sequence)


def make_stepper(portfolio: PortfolioFile, bars: Mapping[str, BarSeries] | None) -> tuple[Stepper, BarStore | None]:
    """Make the engine of a portfolio file, at its start.

    Args:
        portfolio: the file.
        bars: the bars of its symbols; ``None`` where they are known only as they come.

    Returns:
        The engine, and the bars as a backtest sees them.

    Raises:
        InputError: for what is wrong with file or bars.
    """
    with at_file(portfolio):
        if bars is None:
            unstated = [symbol for symbol, section in portfolio.symbols.items() if section.tick is None]
            config, store = portfolio.configuration(dict.fromkeys(unstated, _TICK)), None
            timeframe = Timeframe.parse(config.timeframe or _TIMEFRAME)
            instruments: Mapping[str, Instrument] = {
                symbol: with_defaults(instrument, config) for symbol, instrument in config.instruments.items()
            }
        else:
            config = configuration_of(portfolio, bars)
            market = prepare_market(dict(bars), config)
            store, timeframe, instruments = market.store, market.timeframe, market.instruments
            # Bars that are played again are known: rates that do not serve them are refused before the run.
            unit = MoneyUnit.for_instruments(instruments.items())
            make_conversion(market, config, capital=portfolio.capital, unit=unit)
        stepper = Stepper(
            members_of_file(portfolio),
            config,
            capital=portfolio.capital,
            timeframe=timeframe,
            instruments=instruments,
        )
    return stepper, store


def open_paper(
    portfolio: PortfolioFile,
    bars: Mapping[str, BarSeries] | None,
    *,
    journal: Journal,
    place: str | Path,
    clock: Clock,
    log: TextIO,
    speed: float = math.inf,
    is_accepted: bool = False,
    on_equities: Callable[[Sequence[Equity]], None] = lambda _equities: None,
) -> PaperSystem:
    """Make the system of a portfolio file.

    Args:
        portfolio: the file.
        bars: the bars of its symbols, to be played again; ``None`` for a synthetic exchange, whose bars close by the
            machine's clock.
        journal: open for writing.
        place: where it is.
        clock: the machine's clock.
        log: where the log is written.
        speed: how many times faster than the market; by default as fast as the system can.
        is_accepted: whether a file that has changed since the last start is accepted.
        on_equities: is told the equity of every step that is past.

    Returns:
        The system.

    Raises:
        InputError: for what is wrong with file, bars or journal.
        RecoveryDiffers: when the engine does something else than the journal says.
    """
    stepper, store = make_stepper(portfolio, bars)
    document = portfolio.document
    changes = record_files(journal, portfolio, clock.now(), is_accepted=is_accepted)
    # Named by the journal, so that bars of another one are never taken for its own.
    folder = (portfolio.path.parent / "live" if is_address(place) else Path(place)) / f"bars-{journal.epoch}"
    stale_after = document.orchestrator.stale_after_nanoseconds(stepper.timeframe)
    recovered = recover(journal, stepper, folder, stale_after)
    feed: Feed
    if store is None:
        feed = SyntheticFeed(
            {symbol: each.tick for symbol, each in stepper.instruments.items()}, stepper.timeframe, clock
        )
        if journal.last(Stream.INPUT) == 0:
            _begin_behind(feed, recovered, journal, document.orchestrator.history_bars)
    else:
        series = {symbol: store.series(symbol) for symbol in stepper.symbols}
        feed = ReplayFeed(series, clock, speed=speed, after=stepper.time)
    journal.append([]).result()
    options, name = document.event_bus, document.portfolio.name
    stream = EventBusFactory.create_from_env(name) if options is None else EventBusFactory.create(options, name)
    lines = JsonLog(log, feed.clock)
    publisher = None if stream is None else Publisher(journal, stream, lambda error: _tell_bus(lines, error))
    with at_file(portfolio):
        orchestrator = MultiSymbolTradingOrchestrator(
            stepper,
            services=document.services,
            options=document.orchestrator,
            feed=feed,
            venue=PaperVenue(),
            journal=journal,
            log=lines,
            external=publisher,
            correlations=recovered.correlations,
            rows=recovered.rows,
            last_times=recovered.last_times,
            history=recovered.bars.series(),
        )
    orchestrator.runner.on_equities = on_equities
    _keep_state(orchestrator, journal, recovered, document.journal.snapshot_steps)
    return PaperSystem(
        orchestrator=orchestrator,
        journal=journal,
        recovered=recovered,
        changes=changes,
        publisher=publisher,
        bus_location=portfolio.locate("event_bus"),
    )


def _tell_bus(log: Log, error: str) -> None:
    """Tell that other systems can be reached again, or why not."""
    if error:
        log.write("warning", "event_bus_away", reason=error)
    else:
        log.write("info", "event_bus_reached")


def _begin_behind(feed: Feed, recovered: Recovered, journal: Journal, count: int) -> None:
    """Let a new run begin behind so many bars of its feed, so that indicators are known from its first one on."""
    length, now = recovered.stepper.timeframe.nanoseconds, feed.clock.now()

    async def fetch() -> dict[str, list[Bar]]:
        return {
            symbol: list(await feed.fetch_between(symbol, now - (count + 1) * length, now + length))[-count:]
            for symbol in recovered.stepper.symbols
        }

    history = HistoryInput(bars=asyncio.run(fetch()))
    record = JournalRecord(stream=Stream.INPUT, sequence=1, time=now, kind=HISTORY, body=history.body())
    journal.append([record]).result()
    take_again(recovered, record, 0)
    recovered.bars.keep()


def _keep_state(
    orchestrator: MultiSymbolTradingOrchestrator, journal: Journal, recovered: Recovered, snapshot_steps: int
) -> None:
    """Take note of the bars of each step, and of the state from time to time."""
    runner = orchestrator.runner
    recovered.bars.release()

    def note(step: StepInput) -> None:
        recovered.note(step.bars)
        if runner.steps % snapshot_steps == 0:
            save_snapshot(journal, recovered, runner.input_sequence, recovered.stepper.sequence)

    runner.after_step = note
