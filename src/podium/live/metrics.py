"""Figures of a running system in the text form of Prometheus.

Source: the Prometheus text exposition format, version 0.0.4. Counters end in ``_total``; seconds are the unit of time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from podium.bus.events import Event
from podium.live.histogram import Histogram
from podium.live.holdings import equities, holdings
from podium.live.services.trade_execution import TradeExecutionService

if TYPE_CHECKING:
    from podium.live.orchestrator import MultiSymbolTradingOrchestrator

__all__ = ["Metrics"]

#: Counters of events: the event, its figure, what is told about it, and what tells them apart.
_COUNTED = {
    "NEW_CANDLE": ("podium_bars_total", "Closed bars that were published.", ("symbol",)),
    "SIGNAL_GENERATED": ("podium_signals_total", "What strategies wanted.", ("strategy_id", "symbol")),
    "SIGNAL_REJECTED": ("podium_refusals_total", "Signals that became no order.", ("strategy_id", "symbol", "reason")),
    "ORDER_CREATED": ("podium_orders_total", "Orders that were handed to the venue.", ("strategy_id", "symbol")),
    "ORDER_REJECTED": (
        "podium_orders_rejected_total",
        "Orders that were refused when they were to trade.",
        ("strategy_id", "symbol", "reason"),
    ),
    "ORDER_FILLED": ("podium_fills_total", "Orders and protective levels that traded.", ("strategy_id", "symbol")),
    "TRADE_EXECUTED": ("podium_trades_executed_total", "What was traded.", ("strategy_id", "symbol")),
    "TRADE_FAILED": ("podium_trades_failed_total", "What could not be traded.", ("strategy_id", "symbol")),
    "POSITION_CLOSED": ("podium_trades_completed_total", "Trades from flat to flat.", ("strategy_id", "symbol")),
    "DATA_FETCH_FAILED": ("podium_fetches_failed_total", "Questions to the source that failed for good.", ("symbol",)),
    "SERVICE_ERROR": ("podium_service_errors_total", "Errors of services.", ("symbol", "service_name")),
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Count what happens, and read what is when asked.

    Args:
        orchestrator: the system, before it starts.
    """

    def __init__(self, orchestrator: MultiSymbolTradingOrchestrator) -> None:
        self._orchestrator = orchestrator
        self._counts: dict[str, Counter[Labels]] = {kind: Counter() for kind in _COUNTED}
        orchestrator.bus.subscribe(Event, self._count, owner="metrics")

    def _count(self, event: Event) -> None:
        counter = self._counts.get(event.kind)
        if counter is not None:
            counter[tuple((name, str(getattr(event, name))) for name in _COUNTED[event.kind][2])] += 1

    def text(self) -> str:
        """Write all figures."""
        return "".join(self._families())

    def _families(self) -> Iterator[str]:
        for kind, (name, told, _) in _COUNTED.items():
            yield from _family(name, told, "counter", self._counts[kind].items())
        yield from self._of_services()
        yield from self._of_the_whole()
        yield from self._of_money()
        yield from self._of_latency()

    def _of_services(self) -> Iterator[str]:
        services = [
            ((("symbol", symbol), ("service_name", service.name)), service)
            for symbol, orchestrator in self._orchestrator.orchestrators.items()
            for service in orchestrator.services
        ]
        for name, told, values in (
            ("podium_service_handled_total", "Pieces of work that services finished.", "handled"),
            ("podium_service_restarts_total", "How often services recovered.", "recoveries"),
        ):
            yield from _family(
                name, told, "counter", ((labels, getattr(each.metrics, values)) for labels, each in services)
            )
        yield from _family(
            "podium_service_healthy",
            "Whether a service works, 1 or 0.",
            "gauge",
            ((labels, int(each.is_healthy)) for labels, each in services),
        )

    def _of_the_whole(self) -> Iterator[str]:
        health = self._orchestrator.check_health()
        is_connected = int(health["redis_connected"])
        for name, told, kind, value in (
            ("podium_healthy", "Whether the whole system is healthy, 1 or 0.", "gauge", int(health["is_healthy"])),
            ("podium_uptime_seconds", "Seconds since the start.", "gauge", health["uptime"]),
            ("podium_redis_connected", "Whether the event bus is reached, 1 or 0.", "gauge", is_connected),
            ("podium_steps_total", "Time steps that were taken.", "counter", self._orchestrator.runner.steps),
        ):  # fmt: skip
            yield from _family(name, told, kind, [((), value)])

    def _of_money(self) -> Iterator[str]:
        stepper = self._orchestrator.runner.stepper
        worth: Mapping[str, Decimal] = equities(stepper)
        yield from _family(
            "podium_equity",
            "What strategies, unallocated cash and the portfolio are worth, account currency.",
            "gauge",
            (((("strategy_id", name),), float(amount)) for name, amount in worth.items()),
        )
        yield from _family(
            "podium_exposure",
            "What open positions are worth at the last close, negative when short, account currency.",
            "gauge",
            (
                ((("strategy_id", held.strategy_id), ("symbol", held.symbol)), float(held.value))
                for held in holdings(stepper)
            ),
        )

    def _of_latency(self) -> Iterator[str]:
        total = Histogram()
        for orchestrator in self._orchestrator.orchestrators.values():
            for service in orchestrator.services:
                if isinstance(service, TradeExecutionService):
                    total.add(service.latency)
        name = "podium_order_latency_seconds"
        yield f"# HELP {name} From the release of a time step until the venue has its order.\n# TYPE {name} histogram\n"
        for bound, count in total.cumulative():
            yield f'{name}_bucket{{le="{bound}"}} {count}\n'
        yield f"{name}_sum {total.sum:g}\n{name}_count {total.count}\n"


def _family(name: str, told: str, kind: str, values: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    lines = [f"{name}{_labels(labels)} {value:.15g}\n" for labels, value in values]
    if lines:
        yield f"# HELP {name} {told}\n# TYPE {name} {kind}\n"
        yield from lines


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
