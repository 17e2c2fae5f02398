"""nautilus_trader: all strategies over all symbols in one BacktestEngine.

A market order sent in ``on_bar`` fills at that bar's close, and fees are rounded to cents; the expected figures for it
are computed with the same convention. Its fast settings: no logging, risk engine bypassed, no analysis, its own
averages. Timed: ``BacktestEngine.run()``, balance, positions. Not timed: making Bar objects, and building the engine.
"""

from __future__ import annotations

from decimal import Decimal

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from sides.asked import asked_frames, asked_workload
from sides.serving import Outcome, Task, serve
from workloads import CAPITAL, FEE_RATIO, MARGIN

_VENUE = Venue("SIM")


class CrossConfig(StrategyConfig, frozen=True):
    """Windows and bars of a strategy."""

    fast: int
    slow: int
    bar_types: tuple


class Cross(Strategy):
    """The rule of the workloads."""

    def __init__(self, config: CrossConfig) -> None:
        super().__init__(config)
        self.rows: dict[BarType, list] = {}

    def on_start(self) -> None:
        for bar_type in self.config.bar_types:
            fast, slow = SimpleMovingAverage(self.config.fast), SimpleMovingAverage(self.config.slow)
            self.register_indicator_for_bars(bar_type, fast)
            self.register_indicator_for_bars(bar_type, slow)
            self.rows[bar_type] = [fast, slow, False, bar_type.instrument_id]
            self.subscribe_bars(bar_type)
        self.one = Quantity.from_int(1)

    def on_bar(self, bar: Bar) -> None:
        row = self.rows[bar.bar_type]
        fast, slow, is_long, instrument = row
        if not slow.initialized:
            return
        wants_long = fast.value > slow.value + MARGIN
        if wants_long != is_long:
            side = OrderSide.BUY if wants_long else OrderSide.SELL
            self.submit_order(self.order_factory.market(instrument, side, self.one))
            row[2] = wants_long


def _instrument(number: int) -> Equity:
    name, fee = Symbol(f"S{number:02d}"), Decimal(str(FEE_RATIO))
    return Equity(
        InstrumentId(name, _VENUE), name, USD, 2, Price(0.01, 2), Quantity.from_int(1), 0, 0,
        maker_fee=fee, taker_fee=fee, margin_init=Decimal(0), margin_maint=Decimal(0),
    )  # fmt: skip


def _prepare() -> Task:
    workload, frames = asked_workload(), asked_frames(timezone="UTC")
    instruments = [_instrument(number) for number in range(len(frames))]
    bar_types = [BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL") for instrument in instruments]
    bars = [
        BarDataWrangler(bar_type, instrument).process(frame)
        for bar_type, instrument, frame in zip(bar_types, instruments, frames, strict=True)
    ]
    last = {
        instrument.id: float(frame["close"].iloc[-1]) for instrument, frame in zip(instruments, frames, strict=True)
    }

    def fresh() -> BacktestEngine:
        engine = BacktestEngine(
            BacktestEngineConfig(
                logging=LoggingConfig(bypass_logging=True),
                risk_engine=RiskEngineConfig(bypass=True),
                run_analysis=False,
            )
        )
        engine.add_venue(_VENUE, OmsType.NETTING, AccountType.CASH, [Money(CAPITAL, USD)], base_currency=USD)
        for instrument in instruments:
            engine.add_instrument(instrument)
        for part in bars:
            engine.add_data(part)
        for number, (fast, slow) in enumerate(workload.pairs):
            tag = f"{number:03d}"
            config = CrossConfig(
                fast=fast, slow=slow, bar_types=tuple(bar_types), strategy_id=f"X-{tag}", order_id_tag=tag
            )
            engine.add_strategy(Cross(config))
        return engine

    def run(engine: BacktestEngine) -> Outcome:
        engine.run()
        equity = float(engine.cache.account_for_venue(_VENUE).balance_total(USD))
        for position in engine.cache.positions_open():
            equity += float(position.signed_qty) * last[position.instrument_id]
        fills = engine.cache.orders_closed_count()
        engine.dispose()
        return Outcome(fills, repr(equity))

    return Task(run, {"nautilus_trader": nautilus_trader.__version__}, fresh)


if __name__ == "__main__":
    serve(_prepare)
