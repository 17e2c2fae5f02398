"""What a running system counts: per strategy, per symbol, per service, since the process began.

Buses count every event that they deliver; these counts are read here and not kept twice. Only what they do not tell is
listened to: reasons, limits, restarts and delays. What the system holds is read from the engine, and how
it is from ``check_health``; so a look costs something, and running costs next to nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.bus.events import NewCandle, OrderRejected, RiskLimitBreached, ServiceStarted, SignalRejected
from podium.core.times import NANOSECONDS_PER_SECOND
from podium.live.histogram import Histogram
from podium.live.symbol_orchestrator import SymbolOrchestrator

if TYPE_CHECKING:
    from podium.live.orchestrator import MultiSymbolTradingOrchestrator

__all__ = ["Metrics", "TradeCounters"]

#: From the close of a bar until it is there, seconds.
_DELAY_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeCounters:
    """Count what became of orders.

    Args:
        trades_executed: fills.
        trades_failed: what was to be traded and could not be.
        orders_placed: orders that began to work.
        orders_rejected: orders that were refused when they were to trade.
    """

    trades_executed: int
    trades_failed: int
    orders_placed: int
    orders_rejected: int

    @property
    def success_rate(self) -> float | None:
        """Give the share of trades that were executed, a ratio; ``None`` before the first."""
        tried = self.trades_executed + self.trades_failed
        return self.trades_executed / tried if tried else None


class Metrics:
    """Count what a system does, from now on.

    Args:
        orchestrator: the system; made, and not yet started.
    """

    def __init__(self, orchestrator: MultiSymbolTradingOrchestrator) -> None:
        self.orchestrator = orchestrator
        #: How often something was refused, by strategy, symbol and reason.
        self.refusals: Counter[tuple[str, str, str]] = Counter()
        #: How often a limit acted, by limit, scope and action.
        self.breaches: Counter[tuple[str, str, str]] = Counter()
        #: How long after its close a bar was there, by symbol.
        self.bar_delays = {symbol: Histogram(_DELAY_BOUNDS) for symbol in orchestrator.orchestrators}
        self._starts: Counter[tuple[str, str]] = Counter()
        for each in orchestrator.orchestrators.values():
            self._listen(each)
        bus = orchestrator.bus
        bus.subscribe(SignalRejected, self._count_refusal, owner="metrics")
        bus.subscribe(OrderRejected, self._count_refusal, owner="metrics")
        bus.subscribe(RiskLimitBreached, self._count_breach, owner="metrics")
        bus.subscribe(ServiceStarted, self._count_start, owner="metrics")

    def _listen(self, orchestrator: SymbolOrchestrator) -> None:
        delays, clock = self.bar_delays[orchestrator.symbol], orchestrator.services[0].clock

        def measure(event: NewCandle) -> None:
            delays.observe(max(clock.now() - event.time, 0) / NANOSECONDS_PER_SECOND)

        orchestrator.bus.subscribe(NewCandle, measure, owner="metrics")

    def _count_refusal(self, event: SignalRejected | OrderRejected) -> None:
        self.refusals[event.strategy_id, event.symbol, event.reason or ""] += 1

    def _count_breach(self, event: RiskLimitBreached) -> None:
        self.breaches[event.limit, event.scope, event.action] += 1

    def _count_start(self, event: ServiceStarted) -> None:
        self._starts[event.symbol or "", event.service_name] += 1

    def restarts(self, symbol: str, service_name: str) -> int:
        """Tell how often a service has begun to work again.

        Args:
            symbol: its symbol.
            service_name: such as ``data_fetching``.
        """
        return max(self._starts[symbol, service_name] - 1, 0)

    def events(self) -> Iterator[tuple[str, Mapping[tuple[str, str | None], int]]]:
        """Give for each symbol how many events there were, by kind and strategy."""
        for symbol, each in self.orchestrator.orchestrators.items():
            yield symbol, each.bus.counts_of_each

    def events_of(self, strategy_id: str | None = None) -> Counter[str]:
        """Give how many events there were, by kind.

        Args:
            strategy_id: of this strategy; ``None`` for all, and for those of no strategy.
        """
        counts: Counter[str] = Counter()
        # Every event of a symbol goes through the bus of the portfolio, too.
        for (kind, whose), count in self.orchestrator.bus.counts_of_each.items():
            if strategy_id in (None, whose):
                counts[kind] += count
        return counts

    def counters(self, strategy_id: str | None = None) -> TradeCounters:
        """Give what became of orders.

        Args:
            strategy_id: of this strategy; ``None`` for all.
        """
        counts = self.events_of(strategy_id)
        return TradeCounters(
            trades_executed=counts["TRADE_EXECUTED"],
            trades_failed=counts["TRADE_FAILED"],
            orders_placed=counts["ORDER_CREATED"],
            orders_rejected=counts["ORDER_REJECTED"],
        )
