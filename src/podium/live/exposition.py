"""The metrics in Prometheus' own form; the only place that knows its library.

Every metric stands in the table ``METRICS``, and the operations guide lists the same names: a test compares the two.
Counts begin with the process, as Prometheus expects. Money becomes a float here, at the very edge, because the format
knows nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from podium.core.times import NANOSECONDS_PER_SECOND
from podium.live.health import ServiceStatus, SystemHealth
from podium.live.histogram import Histogram
from podium.live.holdings import Holding, equities, holdings
from podium.live.metrics import Metrics
from podium.live.service import Service
from podium.live.services.data_fetching import DataFetchingService
from podium.live.services.trade_execution import TradeExecutionService
from podium.live.stepper import Stepper

if TYPE_CHECKING:
    from podium.live.orchestrator import MultiSymbolTradingOrchestrator

__all__ = ["CONTENT_TYPE", "METRICS", "Described", "Taken", "expose", "look_at"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_CELL, _SYMBOL, _SERVICE = ("strategy_id", "symbol"), ("symbol",), ("symbol", "service_name")


class _Look:
    """Hold what a look at the system found, so that all metrics tell of one moment.

    Args:
        orchestrator: the system.
    """

    def __init__(self, orchestrator: MultiSymbolTradingOrchestrator) -> None:
        self.orchestrator: MultiSymbolTradingOrchestrator = orchestrator
        self.metrics: Metrics = orchestrator.metrics
        self.health: SystemHealth = orchestrator.check_health()
        self.stepper: Stepper = orchestrator.runner.stepper
        self.equities: dict[str, Decimal] = equities(self.stepper)
        self.holdings: list[Holding] = holdings(self.stepper)
        self.counts: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for symbol, counted in self.metrics.events():
            for (kind, strategy_id), count in counted.items():
                self.counts[kind].append((strategy_id or "", symbol, count))

    def services(self) -> Iterator[tuple[Service, ServiceStatus]]:
        """Give every service with its status."""
        for symbol, each in self.orchestrator.orchestrators.items():
            statuses = self.health["symbols"][symbol]["services"]
            yield from ((service, statuses[service.name]) for service in each.services)


_Samples = Iterable[tuple[tuple[str, ...], float]]
_Histograms = Iterable[tuple[tuple[str, ...], Histogram]]
_Buckets = list[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Describe a metric.

    Args:
        name: with its unit; that of a counter ends with ``_total``.
        labels: what its samples are told apart by.
        text: what it counts or measures.
        read: gives the samples of a counter or a gauge.
        histograms: gives those of a histogram.
    """

    name: str
    labels: tuple[str, ...] = ()
    text: str
    read: Callable[[_Look], _Samples] = lambda _look: ()
    histograms: Callable[[_Look], _Histograms] | None = None

    def take(self, look: _Look) -> Taken:
        """Read its samples.

        Args:
            look: what a look at the system found.
        """
        measured = () if self.histograms is None else self.histograms(look)
        return Taken(
            described=self,
            samples=list(self.read(look)),
            buckets=[(labels, list(each.cumulative()), each.sum) for labels, each in measured],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Hold what was read of a metric; nothing of the system is in it.

    Args:
        described: the metric.
        samples: labels and values, of a counter or a gauge.
        buckets: labels, cumulative counts and the sum, of a histogram.
    """

    described: Described
    samples: list[tuple[tuple[str, ...], float]]
    buckets: list[tuple[tuple[str, ...], _Buckets, float]]

    def family(self) -> Metric:
        """Make the metric of the library."""
        name, text, labels = self.described.name, self.described.text, self.described.labels
        if self.described.histograms is not None:
            histogram = HistogramMetricFamily(name, text, labels=labels)
            for values, counts, total in self.buckets:
                histogram.add_metric(values, counts, total)
            return histogram
        family = (CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily)(name, text, labels=labels)
        for values, value in self.samples:
            family.add_metric(values, value)
        return family


def _one(read: Callable[[_Look], float]) -> Callable[[_Look], _Samples]:
    return lambda look: [((), read(look))]


def _events(kind: str, *, by_cell: bool = True) -> Callable[[_Look], _Samples]:
    def read(look: _Look) -> _Samples:
        counted = look.counts.get(kind, ())
        return (((strategy_id, symbol) if by_cell else (symbol,), count) for strategy_id, symbol, count in counted)

    return read


def _services(read: Callable[[_Look, Service, ServiceStatus], float]) -> Callable[[_Look], _Samples]:
    return lambda look: (((own.symbol, own.name), read(look, own, status)) for own, status in look.services())


def _kept(name: str) -> Callable[[_Look], _Samples]:
    return lambda look: getattr(look.metrics, name).items()


def _unused(look: _Look) -> Iterator[tuple[tuple[str, ...], float]]:
    for service, _ in look.services():
        if isinstance(service, DataFetchingService):
            yield from (((service.symbol, arrival.value), count) for arrival, count in service.unused.items())


def _states(look: _Look) -> _Samples:
    health = look.health
    yield ("", "", health["state"]), 1.0
    for symbol, own in health["symbols"].items():
        yield (symbol, "", own["state"]), 1.0
        yield from (((symbol, name, status["state"]), 1.0) for name, status in own["services"].items())


def _equities(look: _Look) -> _Samples:
    return (((strategy_id,), float(look.equities[strategy_id])) for strategy_id in look.stepper.strategies)


def _latencies(look: _Look) -> _Histograms:
    for service, _ in look.services():
        if isinstance(service, TradeExecutionService):
            yield (service.symbol,), service.latency


def _by_symbol(histograms: Mapping[str, Histogram]) -> _Histograms:
    return (((symbol,), each) for symbol, each in histograms.items())


def _last_step(look: _Look) -> float:
    return (look.stepper.time or 0) / NANOSECONDS_PER_SECOND


METRICS: tuple[Described, ...] = (
    # The system.
    Described(
        name="podium_healthy", text="1 when everything is healthy", read=_one(lambda look: look.health["is_healthy"])
    ),
    Described(
        name="podium_symbol_healthy",
        labels=_SYMBOL,
        text="1 when the symbol is healthy",
        read=lambda look: (((name,), each["is_healthy"]) for name, each in look.health["symbols"].items()),
    ),
    Described(
        name="podium_service_healthy",
        labels=_SERVICE,
        text="1 when the service is healthy",
        read=_services(lambda _look, _own, status: status["is_healthy"]),
    ),
    Described(
        name="podium_state",
        labels=(*_SERVICE, "state"),
        text="1 for the state of the whole (without labels), of each symbol and of each service",
        read=_states,
    ),
    Described(name="podium_uptime_seconds", text="time since the start", read=_one(lambda look: look.health["uptime"])),
    Described(
        name="podium_redis_connected",
        text="1 when the event bus reaches its server",
        read=_one(lambda look: look.health["redis_connected"]),
    ),
    Described(name="podium_steps_total", text="time steps", read=_one(lambda look: look.orchestrator.runner.steps)),
    Described(
        name="podium_last_step_timestamp_seconds",
        text="the close of the last time step, seconds since 1970 UTC; 0 before the first",
        read=_one(_last_step),
    ),
    # Services.
    Described(
        name="podium_service_errors_total",
        labels=_SERVICE,
        text="errors of the service",
        read=_services(lambda _look, _own, status: status["error_count"]),
    ),
    Described(
        name="podium_service_restarts_total",
        labels=_SERVICE,
        text="how often the service has begun to work again",
        read=_services(lambda look, own, _status: look.metrics.restarts(own.symbol, own.name)),
    ),
    Described(
        name="podium_service_handled_total",
        labels=_SERVICE,
        text="pieces of work that the service finished",
        read=_services(lambda _look, own, _status: own.metrics.handled),
    ),
    Described(
        name="podium_service_waiting",
        labels=_SERVICE,
        text="pieces of work that the service has not finished",
        read=_services(lambda _look, own, _status: own.metrics.waiting),
    ),
    # Bars.
    Described(
        name="podium_bars_total",
        labels=_SYMBOL,
        text="closed bars that were fetched",
        read=_events("NEW_CANDLE", by_cell=False),
    ),
    Described(
        name="podium_unused_bars_total",
        labels=("symbol", "arrival"),
        text="bars that were not used: duplicate, revised, wrong, …",
        read=_unused,
    ),
    Described(
        name="podium_fetches_failed_total",
        labels=_SYMBOL,
        text="questions to the source that failed for good",
        read=_events("DATA_FETCH_FAILED", by_cell=False),
    ),
    Described(
        name="podium_strategy_bars_total",
        labels=_CELL,
        text="bars that were handed to the strategy",
        read=_events("CANDLE_ROUTED"),
    ),
    Described(
        name="podium_bar_delay_seconds",
        labels=_SYMBOL,
        text="from the close of a bar until it is there, by the run's clock",
        histograms=lambda look: _by_symbol(look.metrics.bar_delays),
    ),
    # Strategies.
    Described(
        name="podium_entry_signals_total",
        labels=_CELL,
        text="signals to enter",
        read=_events("SIGNAL_NEW"),
    ),
    Described(
        name="podium_exit_signals_total",
        labels=_CELL,
        text="signals to exit",
        read=_events("EXIT_SIGNAL"),
    ),
    Described(
        name="podium_refusals_total",
        labels=(*_CELL, "reason"),
        text="signals and orders that were refused",
        read=_kept("refusals"),
    ),
    Described(
        name="podium_limits_reached_total",
        labels=("limit", "scope", "action"),
        text="how often a limit of the portfolio acted",
        read=_kept("breaches"),
    ),
    Described(
        name="podium_orders_placed_total",
        labels=_CELL,
        text="orders that began to work",
        read=_events("ORDER_CREATED"),
    ),
    Described(
        name="podium_orders_rejected_total",
        labels=_CELL,
        text="orders that were refused when they were to trade",
        read=_events("ORDER_REJECTED"),
    ),
    Described(
        name="podium_orders_cancelled_total",
        labels=_CELL,
        text="orders that ended without trading (the rest of) their quantity",
        read=_events("ORDER_CANCELLED"),
    ),
    Described(
        name="podium_fills_total",
        labels=_CELL,
        text="fills of orders and of protective levels",
        read=_events("ORDER_FILLED"),
    ),
    Described(
        name="podium_trades_executed_total",
        labels=_CELL,
        text="what was traded",
        read=_events("TRADE_EXECUTED"),
    ),
    Described(
        name="podium_trades_failed_total",
        labels=_CELL,
        text="what was to be traded and could not be",
        read=_events("TRADE_FAILED"),
    ),
    Described(
        name="podium_trades_completed_total",
        labels=_CELL,
        text="trades that are complete, from flat to flat",
        read=_events("POSITION_CLOSED"),
    ),
    # Durations.
    Described(
        name="podium_order_latency_seconds",
        labels=_SYMBOL,
        text="from the release of a time step until the venue has the order, its commit included",
        histograms=_latencies,
    ),
    Described(
        name="podium_step_duration_seconds",
        text="how long the engine and the strategies took for a time step",
        histograms=lambda look: [((), look.orchestrator.runner.durations)],
    ),
    # Money.
    Described(
        name="podium_portfolio_equity",
        text="equity of the whole, account currency",
        read=_one(lambda look: float(look.equities["portfolio"])),
    ),
    Described(
        name="podium_unallocated",
        text="cash that no strategy has, account currency",
        read=_one(lambda look: float(look.equities["unallocated"])),
    ),
    Described(
        name="podium_equity",
        labels=("strategy_id",),
        text="equity of the strategy, account currency",
        read=_equities,
    ),
    Described(
        name="podium_position",
        labels=_CELL,
        text="quantity that is held, negative when short; nothing when flat",
        read=lambda look: (((each.strategy_id, each.symbol), float(each.quantity)) for each in look.holdings),
    ),
    Described(
        name="podium_exposure",
        labels=_CELL,
        text="what the position is worth at the last close, account currency, negative when short",
        read=lambda look: (((each.strategy_id, each.symbol), float(each.value)) for each in look.holdings),
    ),
)


class _Given(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def look_at(orchestrator: MultiSymbolTradingOrchestrator) -> list[Taken]:
    """Read every metric at this moment, between two steps.

    Args:
        orchestrator: the system.
    """
    look = _Look(orchestrator)
    return [described.take(look) for described in METRICS]


def expose(taken: list[Taken]) -> bytes:
    """Write metrics as Prometheus reads them, with those of the process; any thread may do it.

    Args:
        taken: what ``look_at`` gave.
    """
    registry = CollectorRegistry()
    registry.register(_Given([each.family() for each in taken]))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
