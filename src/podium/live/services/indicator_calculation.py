"""Carry the indicators of one symbol forward by each of its bars."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from podium.bus.events import IndicatorsUpdated, NewCandle, RegimeChanged
from podium.bus.local import LocalBus
from podium.core.clock import Clock
from podium.data.bars import Bar
from podium.live.delivery import Delivery
from podium.live.regimes import no_regime
from podium.live.service import Service
from podium.live.symbol_rules import Calculated
from podium.portfolio.live_sections import IndicatorCalculationSection

__all__ = ["IndicatorCalculationService"]


class IndicatorCalculationService(Service):
    """Let the symbol's graph take each bar, and publish what it made known.

    Args:
        symbol: of which market.
        bus: its bus.
        clock: the run's clock.
        section: its options.
        calculate: carries the indicators of the symbol by its next bar.
        regime_of: names the regime at a bar.
        rows: how many bars the indicators have seen already.
    """

    name: ClassVar[str] = "indicator_calculation"

    def __init__(
        self,
        symbol: str,
        bus: LocalBus,
        clock: Clock,
        *,
        section: IndicatorCalculationSection,
        calculate: Callable[[str, Bar], Calculated],
        regime_of: Callable[[Bar], str | None] = no_regime,
        rows: int = 0,
    ) -> None:
        super().__init__(symbol, bus, clock)
        self.section = section
        self._calculate, self._regime_of, self._rows = calculate, regime_of, rows
        self._done: Delivery | None = None
        self._known: str | None = None
        self._regime: str | None = None
        #: What the last bars made known, the oldest first.
        self.recent: deque[Delivery] = deque(maxlen=section.recent_rows_limit)

    def _subscribe(self) -> None:
        self._on(NewCandle, self._update)

    def _update(self, candle: NewCandle) -> None:
        done = self._done
        if done is None or done.bar is not candle.bar:
            # A graph takes a bar once, also when what follows here fails and is repeated.
            calculated = self._calculate(self.symbol, candle.bar)
            self._known = self._regime_of(candle.bar) if self.section.track_regime_changes else None
            self._done = done = Delivery(bar=candle.bar, time=candle.time, calculated=calculated)
            self._rows += 1
            self.recent.append(done)
        self._tell_regime(candle)
        self.bus.publish(
            IndicatorsUpdated(
                time=candle.time,
                symbol=self.symbol,
                calculated=done,
                rows=self._rows,
                correlation_id=candle.correlation_id,
            )
        )

    def _tell_regime(self, candle: NewCandle) -> None:
        regime, before = self._known, self._regime
        if regime is None or regime == before:
            return
        self._regime = regime
        self.bus.publish(
            RegimeChanged(
                time=candle.time,
                symbol=self.symbol,
                previous=before,
                current=regime,
                correlation_id=candle.correlation_id,
            )
        )
