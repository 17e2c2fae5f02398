"""Podium gives the numbers that backtrader 1.9.78 gives on real bars.

The rule of all cases: flat and the close crosses above its mean of 15 bars: buy; long and it crosses below: leave; both at
the next open. The quantity is fixed, so no money is reckoned at the decision and no option about sizes matters; what is
open at the end stays open.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import ClassVar

import peers
import pytest

from podium import Carry, Instrument, OrchestratorResult, Strategy
from podium.rules import close, crosses_above, crosses_below, sma


class OneShare(Strategy):
    """Hold one share while the close is above its mean."""

    long_entry = crosses_above(close, sma(close, 15))
    long_exit = crosses_below(close, sma(close, 15))
    size: ClassVar = {"quantity": 1}


class HundredShares(OneShare):
    size: ClassVar = {"quantity": 100}


class HundredSharesWithMemory(Strategy):
    """Cross as the peer defines it: the mean is summed without loss, and a difference of zero is skipped.

    Four times in these 20 years the close is exactly its mean of 15 bars. TA-Lib's mean adds and subtracts as it goes, so it
    carries an error in the last bits and is above or below where the peer is equal.
    """

    price = close
    warm_up = 14
    before = 0.0

    def on_bar(self, bar):
        difference = bar.close - math.fsum(self.price[bars_ago] for bars_ago in range(15)) / 15
        if self.before < 0 < difference and self.position.is_flat:
            self.buy(quantity=100)
        elif difference < 0 < self.before and self.position.is_long:
            self.close()
        self.before = difference or self.before


class Bracket(Strategy):
    """Enter on the cross, leave at the stop or at the target, both reckoned from the signal's close."""

    long_entry = crosses_above(close, sma(close, 15))
    stop: ClassVar = {"price": close * 0.95}
    targets: ClassVar = [{"price": close * 1.10}]
    size: ClassVar = {"quantity": 100}


@dataclass(frozen=True, kw_only=True)
class Case:
    """State one case of the table: what is run, and what the peer says."""

    strategy: type[Strategy]
    reference: str
    bars: str
    instrument: Instrument
    options: Mapping[str, object] = field(default_factory=dict)
    value: str
    cash: str
    buys: int
    sells: int


def shares(tick: str, *, fee: str) -> Instrument:
    return Instrument(tick=Decimal(tick), lot=Decimal(1), taker_fee=Decimal(fee))


CASES = {
    "T1": Case(
        strategy=OneShare, reference="estx_sma15_stock", bars="ESTX50_1d", instrument=shares("0.01", fee="0"),
        value="10284.099999999997", cash="6164.159999999997", buys=12, sells=11,
    ),
    "T3": Case(
        strategy=OneShare, reference="estx_sma15_comm0005", bars="ESTX50_1d", instrument=shares("0.01", fee="0.0005"),
        value="10240.41331", cash="6120.47331", buys=12, sells=11,
    ),
    "T5": Case(
        strategy=HundredSharesWithMemory, reference="orcl_1995_2014_sma15_100sh_comm001", bars="ORCL_1d",
        instrument=shares("0.000001", fee="0.001"), value="9571.009293499968", cash="5074.009193499968",
        buys=375, sells=374,
    ),
    "T6": Case(
        strategy=Bracket, reference="orcl_bracket_sl5_tp10_100sh", bars="ORCL_1d",
        instrument=shares("0.00000001", fee="0.001"), options={"protect": "next_bar"}, value="10567.326661224988",
        cash="10567.326661224988", buys=217, sells=217,
    ),
}  # fmt: skip


@cache
def run(name: str, market_data: Path) -> OrchestratorResult:
    case = CASES[name]
    return start(case.strategy(), case, market_data)


def start(strategy: Strategy, case: Case, market_data: Path) -> OrchestratorResult:
    bars = market_data / f"{case.bars}.parquet"
    return peers.run(strategy, bars, Decimal(10_000), case.instrument, finish="keep", **case.options)


@pytest.mark.parametrize("name", CASES)
def test_fills_equal_the_peers_one_by_one(name: str, market_data: Path, references: Path) -> None:
    """Side, kind of order, bar, price, quantity and commission of every fill are the peer's (B-46)."""
    case = CASES[name]
    ours = peers.fills(run(name, market_data))
    peers.assert_same_fills(ours, peers.backtrader_run(references, case.reference, case.instrument.tick).fills)
    assert [fill.side for fill in ours].count("buy") == case.buys
    assert [fill.side for fill in ours].count("sell") == case.sells


@pytest.mark.parametrize("name", CASES)
def test_value_and_cash_equal_the_peers(name: str, market_data: Path, references: Path) -> None:
    """The final equity is the peer's value, the account's cash is its cash, to the float's noise (B-29, B-40)."""
    case, result = CASES[name], run(name, market_data)
    theirs = peers.backtrader_run(references, case.reference, case.instrument.tick)
    assert (str(theirs.value), str(theirs.cash)) == (case.value, case.cash)
    peers.assert_money(result.final_equity, theirs.value)
    peers.assert_money(result.get_strategy_result(case.strategy.__name__).allocation.cash, theirs.cash)


@pytest.mark.parametrize("name", CASES)
def test_drawdown_equals_the_peers(name: str, market_data: Path, references: Path) -> None:
    """The largest drawdown over the equity of all bars is the peer's, in per cent to 1e-9 (B-09)."""
    theirs = peers.backtrader_run(references, CASES[name].reference, CASES[name].instrument.tick)
    assert peers.drawdown_percent(run(name, market_data)) == pytest.approx(float(theirs.drawdown), rel=0, abs=1e-9)


def test_the_plain_rule_leaves_one_day_early_where_the_close_is_its_mean(market_data: Path, references: Path) -> None:
    """T5 by ``crosses_below`` on TA-Lib's mean: one fill of 749 differs, and why (B-46).

    On 1998-06-15 the close and the sum of 15 closes / 15 are both 4.09375. TA-Lib says 4.093750000000001: the rule sees a
    cross that day, the peer the day after. The two opens are 4.125 and 4.104167, which is all of the difference in money.
    """
    case = CASES["T5"]
    plain = start(HundredShares(), case, market_data)
    theirs = peers.backtrader_run(references, case.reference, case.instrument.tick)
    pairs = list(zip(peers.fills(plain), theirs.fills, strict=True))
    ((early, late),) = [(mine, other) for mine, other in pairs if mine.day != other.day]
    assert (early.day, late.day) == (datetime(1998, 6, 16, tzinfo=UTC), datetime(1998, 6, 17, tzinfo=UTC))
    peers.assert_same_fills(
        [mine for mine, _ in pairs if mine is not early], [other for _, other in pairs if other is not late]
    )
    better = (early.price - late.price) * 100 * (1 - case.instrument.taker_fee)
    assert better == Decimal("2.0812167")
    peers.assert_money(plain.final_equity, theirs.value + better)


def test_a_future_earns_the_multiple_of_its_price(market_data: Path, references: Path) -> None:
    """T2: multiplier 10, a margin of 1,000, a fee of 2 a contract and side, daily settlement: the peer's fills, value and
    cash (B-46)."""
    future = Instrument(
        tick=Decimal("0.01"),
        lot=Decimal(1),
        multiplier=Decimal(10),
        fee_per_unit=Decimal(2),
        initial_margin=Decimal(1000),
    )
    options = {"carry": {"ESTX50_1d": Carry(settlement=True)}}
    result = start(OneShare(), replace(CASES["T1"], instrument=future, options=options), market_data)
    theirs = peers.backtrader_run(references, "estx_sma15_future", future.tick)
    peers.assert_same_fills(peers.fills(result), theirs.fills)
    peers.assert_money(result.final_equity, theirs.value)
    assert result.final_equity == Decimal(12795)
    peers.assert_money(result.get_strategy_result("OneShare").allocation.cash, theirs.cash)
    assert str(theirs.cash) == "11794.999999999984"
