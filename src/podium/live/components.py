"""What each symbol is made of: its services, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from podium.bus.events import Event
from podium.bus.local import LocalBus
from podium.data.bars import Bar
from podium.live.feeds import Feed
from podium.live.operations import Operations
from podium.live.regimes import no_regime
from podium.live.service import Service
from podium.live.services.data_fetching import DataFetchingService
from podium.live.services.indicator_calculation import IndicatorCalculationService
from podium.live.services.strategy_evaluation import StrategyEvaluationService
from podium.live.services.trade_execution import TradeExecutionService
from podium.live.step_runner import Outcome, StepRunner
from podium.portfolio.live_sections import ServicesSection
from podium.venues.venue import Venue

__all__ = ["Components", "SymbolParts", "symbol_services"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolParts:
    """Hold what the services of one symbol are given.

    Args:
        symbol: the market.
        bus: its own bus.
        feed: where bars come from.
        venue: where orders go.
        runner: takes bars to their time steps.
        operations: records what happens to the system.
        sections: the options of the services.
        strategies: the ids of those that trade it, in the file's order.
        regime_of: names the regime at a bar.
        last_time: the close of the last bar of an earlier run, nanoseconds since 1970 UTC.
        rows: how many bars its indicators have seen.
        on_end: is called when its market has ended.
    """

    symbol: str
    bus: LocalBus
    feed: Feed
    venue: Venue
    runner: StepRunner
    operations: Operations
    sections: ServicesSection
    strategies: Sequence[str]
    regime_of: Callable[[Bar], str | None] = no_regime
    last_time: int | None = None
    rows: int = 0
    on_end: Callable[[], None] = field(default=lambda: None)


#: Makes the services of a symbol, in the order of the pipeline.
Components = Callable[[SymbolParts], Sequence[Service]]


def symbol_services(parts: SymbolParts) -> Sequence[Service]:
    """Make the services that the file enables.

    Args:
        parts: what they are given.

    Returns:
        The services, in the order in which a bar goes through them.
    """
    is_executed = "trade_execution" in parts.sections.enabled
    execution = _trade_execution(parts) if is_executed else None
    made: dict[str, Callable[[], Service]] = {
        "data_fetching": lambda: _data_fetching(parts),
        "indicator_calculation": lambda: _indicator_calculation(parts),
        "strategy_evaluation": lambda: _strategy_evaluation(parts, execution),
    }
    services: list[Service] = [made[name]() for name in parts.sections.enabled if name in made]
    return services if execution is None else [*services, execution]


def _data_fetching(parts: SymbolParts) -> DataFetchingService:
    is_evaluated = "strategy_evaluation" in parts.sections.enabled
    return DataFetchingService(
        parts.symbol,
        parts.bus,
        feed=parts.feed,
        timeframe=parts.runner.stepper.timeframe,
        section=parts.sections.data_fetching,
        operations=parts.operations,
        is_done_with=parts.runner.done_with if is_evaluated else _at_once,
        last_time=parts.last_time,
        on_end=parts.on_end,
    )


def _indicator_calculation(parts: SymbolParts) -> IndicatorCalculationService:
    return IndicatorCalculationService(
        parts.symbol,
        parts.bus,
        parts.feed.clock,
        section=parts.sections.indicator_calculation,
        calculate=parts.runner.stepper.calculate,
        regime_of=parts.regime_of,
        rows=parts.rows,
    )


def _strategy_evaluation(parts: SymbolParts, execution: TradeExecutionService | None) -> StrategyEvaluationService:
    return StrategyEvaluationService(
        parts.symbol,
        parts.bus,
        parts.feed.clock,
        section=parts.sections.strategy_evaluation,
        strategies=parts.strategies,
        runner=parts.runner,
        entry_rows=parts.sections.entry_rows,
        execute=_nowhere if execution is None else execution.execute,
    )


def _trade_execution(parts: SymbolParts) -> TradeExecutionService:
    return TradeExecutionService(
        parts.symbol, parts.bus, parts.feed.clock, section=parts.sections.trade_execution, venue=parts.venue
    )


async def _at_once(_symbol: str, _time: int) -> None:
    """Go on at once, since nothing takes the bar further."""


def _nowhere(_outcome: Outcome, _events: Sequence[Event]) -> None:
    """Take nothing further: entries are kept back, so there are no orders."""
