"""A coded strategy compares prices of its position with prices of bars: equal ticks must be equal floats."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import peers

from podium import Instrument, Strategy

CENT = Instrument(tick=Decimal("0.01"), lot=Decimal(1))


class EntersAtOpens(Strategy):
    """Enter at every second open; the position must say the float that the bar says."""

    def on_bar(self, bar):
        if self.position.is_flat:
            self.buy(quantity=7)
        elif self.position.entry_price == bar.open:
            self.close()


class RaisesItsStop(Strategy):
    """Put the stop at the low of each bar that closed above it; it must be found there as that float."""

    level = 0.0

    def on_bar(self, bar):
        if self.position.is_flat:
            self.buy(quantity=7, stop=bar.low)
            self.level = bar.low
        elif self.position.stop != self.level:
            self.close()
        elif bar.low < bar.close:
            self.protect(stop=bar.low)
            self.level = bar.low


def test_an_entry_at_an_open_is_that_open(market_data: Path) -> None:
    """On 2,148 real bars every entry price equals the bar's open, so the position is left after one bar each time."""
    result = peers.run(EntersAtOpens(), market_data / "GOOG_1d.parquet", Decimal(100_000), CENT)
    trades = result.get_strategy_result("EntersAtOpens").trades
    assert len(trades) == 1074
    assert {trade.bars_held for trade in trades} == {1}


def test_a_stop_is_read_as_it_was_set(market_data: Path) -> None:
    """Every stop set at a bar's low is read back as that low: only stops end trades, never the strategy."""
    result = peers.run(RaisesItsStop(), market_data / "GOOG_1d.parquet", Decimal(100_000), CENT, finish="keep")
    trades = result.get_strategy_result("RaisesItsStop").trades
    assert len(trades) > 100
    assert {trade.exit_reason for trade in trades} == {"stop_loss"}
