"""Podium gives the numbers that bt 1.4.1 gives on real bars: a coded strategy keeps four stocks at equal weights.

They are put right at the first close of each ISO week, in whole units, decided and filled at that close.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import peers
import pytest

from podium import Instrument, OrchestratorConfig, OrchestratorResult, Strategy, StrategyOrchestrator
from podium.backtest.records import event_records

SYMBOLS = ("AAPL", "MSFT", "IBM", "KO")
REFERENCE = "bt_pf_eqw_weekly_aapl_msft_ibm_ko"


class EqualWeekly(Strategy):
    """Hold a quarter of the equity in each stock; put right once a week."""

    share = 0.25
    week: tuple[int, int] = (0, 0)

    def on_bar(self, bar):
        # A daily bar closes at the midnight that ends its day.
        year, number, _ = (bar.time - timedelta(days=1)).isocalendar()
        week = (year, number)
        if week != self.week:
            self.week = week
            self.hold(self.share)


@cache
def run(market_data: Path) -> OrchestratorResult:
    instrument = Instrument(tick=Decimal("0.000001"), lot=Decimal(1))
    config = OrchestratorConfig(
        currency="USD", calendar="sessions", instruments=dict.fromkeys(SYMBOLS, instrument), compounding=True,
        fill="close", entry_buffer=Decimal(0), finish="keep",
    )  # fmt: skip
    bars = {symbol: market_data / f"{symbol}_ZIPLINE_1d.parquet" for symbol in SYMBOLS}
    return StrategyOrchestrator([(EqualWeekly(), Decimal(1))], config).run(bars, Decimal(1_000_000))


def table(references: Path, name: str) -> list[dict[str, str]]:
    with (references / f"{REFERENCE}_{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ours(result: OrchestratorResult) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    for event in event_records(result):
        if event["kind"] == "ORDER_FILLED":
            sign = 1 if event["side"] == "buy" else -1
            day = peers.datetime.fromisoformat(str(event["time"])) - timedelta(days=1)
            price, quantity = Decimal(str(event["price"])), sign * Decimal(str(event["quantity"]))
            yield day.date().isoformat(), str(event["symbol"]), price, quantity


def test_every_transaction_is_the_peers(market_data: Path, references: Path) -> None:
    """Day, stock, price and signed whole quantity of all 625 transactions (B-46)."""
    theirs = [
        (
            row["Date"],
            row["Security"].upper(),
            peers.on_tick(row["price"], Decimal("0.000001")),
            Decimal(row["quantity"]),
        )
        for row in table(references, "transactions")
    ]
    assert len(theirs) == 625
    assert sorted(ours(run(market_data))) == sorted(theirs)


def test_the_value_of_every_day_is_the_peers(market_data: Path, references: Path) -> None:
    """The equity of each of the 754 days, and 1,413,873.76 at the end, to the float's noise (B-29, B-40)."""
    result = run(market_data)
    theirs = [Decimal(row["value"]) for row in table(references, "values")][1:]
    assert len(theirs) == len(result.aggregate_equity_curve) == 754
    for (_, money), value in zip(result.aggregate_equity_curve, theirs, strict=True):
        peers.assert_money(money, value)
    assert result.final_equity.quantize(Decimal("0.01")) == Decimal("1413873.76")


def test_nothing_is_refused(market_data: Path) -> None:
    """What the sales of a close bring pays for its purchases (B-20)."""
    assert not [
        event for event in event_records(run(market_data)) if event["kind"] in ("SIGNAL_REJECTED", "ORDER_REDUCED")
    ]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_each_share_is_a_quarter_of_the_equity(symbol: str, market_data: Path) -> None:
    """At the first close each stock is held for at most 250,000, and one more unit would be more (B-34)."""
    (first,) = [fill for fill in ours(run(market_data)) if fill[:2] == ("2012-01-03", symbol)]
    assert first[2] * first[3] <= 250_000 < first[2] * (first[3] + 1)
