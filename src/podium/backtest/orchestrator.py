"""The StrategyOrchestrator: many strategies in one backtest, each with its own capital.

``run`` is made of readable steps: prepare the market, make the cells, build the engine, advance it chunk by chunk,
finish, aggregate what happened. How the timeline is cut into chunks never changes the result.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Context, Decimal

from podium.backtest.aggregation import aggregate
from podium.backtest.cells import make_cells
from podium.backtest.conversions import make_conversion
from podium.backtest.engine_setup import deposits_of, make_engine, make_rebalancer, refuse_too_many
from podium.backtest.flows import make_flows
from podium.backtest.market import Market, prepare_market
from podium.backtest.members import Member, members_of_file, members_of_pairs
from podium.backtest.rebalancer import Rebalancer, TimelineDayEnds, days_known
from podium.backtest.result import OrchestratorResult
from podium.core.clock import Clock, SystemClock
from podium.core.errors import ConfigurationError, LedgerOverflow, Problem, RunError, refuse_unknown
from podium.core.interrupts import deferred_interrupt
from podium.core.kernels import is_cached
from podium.core.money import MoneyUnit
from podium.core.times import iso
from podium.engine.engine import Engine, EngineOverflow
from podium.portfolio.configuration import OrchestratorConfig
from podium.portfolio.file import PortfolioFile
from podium.portfolio.rebalancing import period_ends, rebalancing_problem
from podium.stats.daily import Calendar
from podium.strategy.coded import CodedCell, run_coded

__all__ = ["StrategyOrchestrator"]

_LOG = logging.getLogger("podium")
#: Products of capital and weight never round.
_EXACT = Context(prec=80)


class StrategyOrchestrator:
    """Run several strategies over several symbols as one portfolio.

    Args:
        strategies: pairs of a strategy and its weight, a ``Decimal`` above 0; the weights sum to at most 1.
        config: how to run; the defaults are safe.
        equal_weights: give every strategy the same share; then plain strategies may be given.

    Raises:
        ConfigurationError: (a ``ValueError``) when there is no strategy, a weight is wrong or one is no strategy.
    """

    def __init__(
        self,
        strategies: Sequence[tuple[object, Decimal]] | Sequence[object],
        config: OrchestratorConfig | None = None,
        *,
        equal_weights: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.members: tuple[Member, ...] = members_of_pairs(strategies, equal_weights=equal_weights)
        self._start(config, clock)

    @classmethod
    def of_file(
        cls, portfolio: PortfolioFile, config: OrchestratorConfig, *, clock: Clock | None = None
    ) -> StrategyOrchestrator:
        """Make the orchestrator of a portfolio file.

        Args:
            portfolio: the file.
            config: its options with the instruments of all symbols.
            clock: for the run's duration.

        Returns:
            The orchestrator.
        """
        orchestrator = cls.__new__(cls)
        orchestrator.members = members_of_file(portfolio)
        orchestrator._start(config, clock)  # noqa: SLF001  its own class
        return orchestrator

    def _start(self, config: OrchestratorConfig | None, clock: Clock | None) -> None:
        if config is not None and not isinstance(config, OrchestratorConfig):
            raise ConfigurationError(
                Problem(message=f"config is a {type(config).__name__}", expected="an OrchestratorConfig")
            )
        self.config = config if config is not None else OrchestratorConfig()
        refuse_unknown(
            ((name, f"priorities names '{name}', which is not part of this run") for name in self.config.priorities),
            [member.strategy_id for member in self.members],
        )
        self._clock = clock if clock is not None else SystemClock()

    def run(
        self,
        historical_data: object,
        initial_capital: Decimal,
        *,
        on_checked: Callable[[Market], None] | None = None,
        on_progress: Callable[[int], None] | None = None,
        on_failed: Callable[[OrchestratorResult, RunError], None] | None = None,
    ) -> OrchestratorResult:
        """Run all strategies over all bars.

        Args:
            historical_data: a path, a frame, a list of bars, a dict from symbol to any of these, or what ``read_bars``
                gave.
            initial_capital: money of the account currency, above 0.
            on_checked: called once everything is checked, before the first bar.
            on_progress: called between chunks with the number of bars done.
            on_failed: called with what happened before the failure of a run that started, and the failure.

        Returns:
            What happened. After Ctrl-C it is what happened so far, with ``is_complete`` false.

        Raises:
            ConfigurationError: when the capital is not above 0 or does not fit the ledger.
            DataError: when the bars are empty, malformed or flawed.
            StrategyFailed: when a strategy's code raises.
            LedgerOverflow: when a position grows beyond what the ledger holds exactly.
        """
        started = self._clock.monotonic()
        _refuse_capital(initial_capital)
        market = prepare_market(historical_data, self.config)
        refuse_unknown(
            (
                (name, f"conflicts names '{name}', which is not part of this run")
                for name in self.config.conflict_symbols
            ),
            market.symbols,
        )
        unit = MoneyUnit.for_instruments(market.instruments.items())
        conversion = make_conversion(market, self.config, capital=initial_capital, unit=unit)
        deposits = deposits_of(self.members, initial_capital, unit, market)
        cells = make_cells(self.members, market, unit)
        flows = make_flows(market, self.config.carry, unit)
        refuse_too_many(cells)
        unallocated = unit.to_units(initial_capital) - sum(deposits)
        engine = make_engine(
            self.config,
            self.members,
            market,
            cells,
            deposits=deposits,
            unallocated=unallocated,
            conversion=conversion,
            unit=unit,
            flows=flows,
        )
        rebalancer = self._rebalancer(engine)
        coded = [CodedCell(given, engine, market.instruments[cells.symbols[given.cell_index]]) for given in cells.coded]
        cells = cells.without_series()
        if on_checked is not None:
            on_checked(market)
        if not is_cached("advance"):
            _LOG.warning("compiling the engine: once on this machine, about half a minute")

        def happened(*, is_complete: bool, has_failed: bool = False) -> OrchestratorResult:
            return aggregate(
                engine=engine,
                market=market,
                cells=cells,
                members=self.members,
                config=self.config,
                capital=initial_capital,
                is_complete=is_complete,
                has_failed=has_failed,
                execution_time_seconds=self._clock.monotonic() - started,
                completed_at_nanoseconds=self._clock.now(),
            )

        try:
            is_complete = self._advance(engine, market, coded, rebalancer, on_progress)
        except RunError as error:
            if on_failed is not None:
                on_failed(happened(is_complete=False, has_failed=True), error)
            raise
        engine.finish(close_positions=self.config.finish == "close")
        return happened(is_complete=is_complete)

    def _rebalancer(self, engine: Engine) -> Rebalancer | None:
        options = self.config.rebalancing
        if options is None:
            return None
        days, ends = engine.timeline.days, period_ends(engine.timeline.times, options.every)
        known = days_known(days, ends[-1], Calendar(self.config.calendar)) if ends else None
        if problem := rebalancing_problem(options, len(self.members), known):
            raise ConfigurationError(replace(problem, place=("rebalancing",)))
        first_day = int(days[0])
        return make_rebalancer(self.config, self.members, engine, first_day=first_day, day_ends=TimelineDayEnds(engine))

    def _advance(
        self,
        engine: Engine,
        market: Market,
        coded: Sequence[CodedCell],
        rebalancer: Rebalancer | None,
        on_progress: Callable[[int], None] | None,
    ) -> bool:
        """Advance through the timeline in chunks; tell whether it came to its end."""
        timeline, chunk, days = market.timeline, self.config.chunk_steps, market.timeline.days
        periods = period_ends(timeline.times, rebalancing.every) if (rebalancing := self.config.rebalancing) else []
        # Compiled now, while an interrupt may end everything: there is no step yet that it could cut in half.
        engine.advance(0)
        try:
            with deferred_interrupt() as pressed:
                for start in range(0, len(timeline), chunk):
                    stop = min(start + chunk, len(timeline))
                    for step in periods[slice(*(bisect_left(periods, end) for end in (start, stop)))]:
                        if not _run_chunk(coded, engine, step, pressed, lazy=self.config.lazy):
                            return False
                        if rebalancer is not None:
                            rebalancer.act(int(days[step]))
                    if not _run_chunk(coded, engine, stop, pressed, lazy=self.config.lazy):
                        return False
                    if on_progress is not None:
                        on_progress(int(timeline.steps[stop]))
                    if pressed and stop < len(timeline):
                        return False
        except KeyboardInterrupt:
            # What is pending of a settled step is decided, then the run ends there.
            engine.advance(engine.half_step + engine.half_step % 2)
            return False
        except EngineOverflow as error:
            raise LedgerOverflow(
                strategy_id=self.members[error.strategy].strategy_id,
                symbol=market.symbols[error.symbol],
                time=iso(int(timeline.times[error.step])),
            ) from error
        return True


def _run_chunk(coded: Sequence[CodedCell], engine: Engine, stop: int, pressed: Sequence[int], *, lazy: bool) -> bool:
    """Advance to a step, or to the end of the one in which a strategy raises or is interrupted; tell which."""
    try:
        is_complete = run_coded(coded, engine, stop, pressed, lazy=lazy)
    except BaseException:
        engine.advance(_end_of_step(coded))
        raise
    engine.advance(2 * stop if is_complete else _end_of_step(coded))
    return is_complete


def _end_of_step(coded: Sequence[CodedCell]) -> int:
    return 2 * max(cell.cursor.step for cell in coded) + 2


def _refuse_capital(capital: Decimal) -> None:
    if not isinstance(capital, Decimal):
        raise ConfigurationError(
            Problem(
                message=f"the initial capital is {capital!r}",
                expected="a Decimal above 0",
                hint=f'Decimal("{capital}")' if isinstance(capital, (int, float)) else None,
            )
        )
    if not capital.is_finite() or capital <= 0:
        raise ConfigurationError(Problem(message=f"the initial capital is {capital}", expected="an amount above 0"))
