"""Holding real things: Lean's published MACD example on its factor file, splits, dividends and fundings that were.

SPY from 2004 to 2014. Lean adjusts prices with the factors, buys everything but a quarter of a per cent when the MACD is
above a quarter of a per cent of its fast mean, and leaves when it is as far below.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import peers
import polars as pl
import pytest

from podium import (
    Carry,
    Funding,
    Instrument,
    OrchestratorConfig,
    OrchestratorResult,
    Strategy,
    StrategyOrchestrator,
    read_bars,
)
from podium.core.carry import events_of_factors
from podium.core.times import to_nanoseconds
from podium.portfolio.carry_files import read_factors

END_EQUITY, FEES, FILLS = Decimal("137751.03784328888"), Decimal("468.54"), 84
#: Finer than the market's: adjusted prices have many digits.
TICK = Decimal("0.00000001")


def mean(state, length, value):
    """Be Lean's exponential mean: it starts with the mean of its first values; before that there is none."""
    if "mean" in state:
        state["mean"] += 2 / (length + 1) * (value - state["mean"])
    else:
        state["first"] = [*state.get("first", []), value]
        if len(state["first"]) == length:
            state["mean"] = sum(state["first"]) / length
    return state.get("mean")


class MacdTrend(Strategy):
    """Follow the MACD as Lean's example does."""

    tolerance = 0.0025

    def __init__(self):
        self.fast, self.slow, self.signal = {}, {}, {}

    def on_bar(self, bar):
        fast, slow = mean(self.fast, 12, bar.close), mean(self.slow, 26, bar.close)
        if slow is None:
            return
        signal = mean(self.signal, 9, fast - slow)
        if signal is None:
            return
        distance = (fast - slow - signal) / fast
        if distance > self.tolerance and self.position.is_flat:
            quantity = self.shares(bar.close)
            self.buy(quantity=quantity)
        elif distance < -self.tolerance and self.position.is_long:
            self.close()

    def shares(self, price):
        """Buy with 99.75 % of the value, less the fee: half a cent a share, at least a dollar."""
        budget = float(self.account.equity) * (1 - self.tolerance)
        shares = int(budget / price)
        while shares * price + max(1.0, 0.005 * shares) > budget:
            shares -= 1
        return shares


@cache
def run(market_data: Path) -> OrchestratorResult:
    start, end = (to_nanoseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2004, 2015))
    bars = read_bars(market_data / "SPY_RAW_1d.parquet", symbol="SPY")["SPY"]
    opens = bars.close_time - bars.timeframe.nanoseconds
    # Lean checks money before the fill, not at it: a gap over the spare quarter of a per cent is borrowed.
    instrument = Instrument(
        tick=TICK, lot=Decimal(1), fee_per_unit=Decimal("0.005"), fee_minimum=Decimal(1), leverage=Decimal(2)
    )
    config = OrchestratorConfig(
        currency="USD",
        calendar="sessions",
        compounding=True,
        entry_buffer=Decimal(0),
        finish="keep",
        instruments={"SPY": instrument},
        carry={"SPY": Carry(factors=read_factors(market_data / "SPY_factors.csv"), adjusted=True)},
    )
    picked = bars.select((opens >= start) & (opens < end))
    return StrategyOrchestrator([(MacdTrend(), Decimal(1))], config).run({"SPY": picked}, Decimal(100_000))


def test_equity_fees_and_fills_equal_the_published_ones(market_data: Path) -> None:
    """L1: to the cent on adjusted prices (B-46)."""
    result = run(market_data)
    ours = peers.fills(result)
    assert len(ours) == FILLS
    assert sum(fill.commission for fill in ours) == FEES
    assert abs(result.final_equity - END_EQUITY) < Decimal("0.005")


@pytest.mark.parametrize(
    ("symbol", "day", "amount"),
    [("SPY", "2021-03-19", "1.2778"), ("SPY", "2020-12-18", "1.5800"), ("AAPL", "2021-02-05", "0.2050")],
)
def test_dividends_are_read_out_of_factors(market_data: Path, symbol: str, day: str, amount: str) -> None:
    """What the companies paid, to the fourth decimal."""
    dividends, _ = events_of_factors(read_factors(market_data / f"{symbol}_factors.csv"))
    assert {each.day.isoformat(): each.amount for each in dividends}[day] == Decimal(amount)


def test_splits_are_read_out_of_factors(market_data: Path) -> None:
    """Apple split two for one twice, then seven and four for one; AIG one for twenty."""
    _, apple = events_of_factors(read_factors(market_data / "AAPL_factors.csv"))
    assert [(each.new, each.old) for each in apple] == [(2, 1), (2, 1), (7, 1), (4, 1)]
    _, aig = events_of_factors(read_factors(market_data / "AIG_factors.csv"))
    assert (aig[-1].new, aig[-1].old) == (1, 20)


class Hold(Strategy):
    """Buy a hundred shares at the start and keep them."""

    def on_bar(self, bar):
        if self.position.is_flat:
            self.buy(quantity=100)


def test_a_holder_of_raw_shares_gets_every_split_and_dividend(market_data: Path) -> None:
    """Apple, 100 shares from 2014-01: seven times as many in June, four times those in August 2020; dividends in cash."""
    bars = read_bars(market_data / "AAPL_RAW_1d.parquet", symbol="AAPL")["AAPL"]
    start = to_nanoseconds(datetime(2014, 1, 1, tzinfo=UTC))
    factors = read_factors(market_data / "AAPL_factors.csv")
    config = OrchestratorConfig(
        currency="USD",
        finish="keep",
        instruments={"AAPL": Instrument(tick=Decimal("0.0001"), lot=Decimal(1))},
        carry={"AAPL": Carry(factors=factors)},
    )
    picked = bars.select(bars.close_time > start)
    result = StrategyOrchestrator([(Hold(), Decimal(1))], config).run({"AAPL": picked}, Decimal(100_000))
    adjusted = [event for event in result.events() if event["kind"] == "POSITION_ADJUSTED"]
    assert [(event["time"][:10], event["position"], event["paid"]) for event in adjusted] == [
        ("2014-06-10", "700", "0"),
        ("2020-09-01", "2800", "0"),
    ]
    paid = [event for event in result.events() if event["kind"] == "CARRY_POSTED"]
    dividends = [each.amount for each in events_of_factors(factors)[0] if each.day.year >= 2014]
    counts = [Decimal(event["position"]) for event in paid]
    assert [Decimal(event["amount"]) for event in paid] == [
        amount * count for amount, count in zip(dividends, counts, strict=True)
    ]
    assert set(counts) == {100, 700, 2800}
    (fill,) = peers.fills(result)
    last = Decimal(str(picked.close[-1]))
    expected = 100_000 - 100 * fill.price + 2800 * last + sum(Decimal(event["amount"]) for event in paid)
    assert result.final_equity == expected


class Always(Strategy):
    """Hold a thousand pieces."""

    def on_bar(self, bar):
        if self.position.is_flat:
            self.buy(quantity=1000)


def test_a_perpetual_pays_the_fundings_of_its_venue(market_data: Path) -> None:
    """XRP, four days of hours with Binance's rates, whose times carry milliseconds: value at the close × rate (D-05)."""
    rows = pl.read_parquet(market_data / "XRPUSDT_FUNDING_8h.parquet").select("ts", "open").rows()
    rates = tuple(Funding(time=time, rate=Decimal(str(rate)).quantize(Decimal("1e-12"))) for time, rate in rows)
    bars = read_bars(market_data / "XRPUSDT_PERP_1h.parquet", symbol="XRP")["XRP"]
    config = OrchestratorConfig(
        finish="keep",
        instruments={"XRP": Instrument(tick=Decimal("0.00001"), lot=Decimal(1), leverage=Decimal(3))},
        carry={"XRP": Carry(funding=rates)},
    )
    result = StrategyOrchestrator([(Always(), Decimal(1))], config).run({"XRP": bars}, Decimal(1000))
    closes = dict(zip(bars.close_time.tolist(), bars.close.tolist(), strict=True))
    expected = []
    for each in rates:
        hour = to_nanoseconds(each.time.replace(microsecond=0))
        if hour in closes:
            expected.append(-(1000 * Decimal(str(closes[hour])) * each.rate).quantize(Decimal("1e-8")))
    paid = [Decimal(event["amount"]) for event in result.events() if event["kind"] == "CARRY_POSTED"]
    assert len(paid) == 10
    assert paid == expected
