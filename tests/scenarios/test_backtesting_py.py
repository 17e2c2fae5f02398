"""Podium gives the numbers that backtesting.py 0.6.6 gives on real bars.

The options that make the two alike: ``compounding`` (size follows equity), ``size_at="fill"``, no buffer, whole units. Where
the peer *finalizes* (closes what is open at the end) it takes the last bar's open, or under ``trade_on_close`` the close
before it; Podium takes the last close. So those cases compare every trade but the last, and the final equity with a figure
worked out by hand from the peer's trades and the last close, which is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import ClassVar

import peers
import pytest

from podium import Instrument, OrchestratorResult, Strategy
from podium.rules import close, crosses_above, crosses_below, highest, low, lowest, rsi, sma
from podium.rules import high as high_price

CENT_TICK = Decimal("0.01")


class SmaCross(Strategy):
    """Be always in the market after the first cross: on each one close what is open and enter the other side."""

    fast, slow = 10, 20
    fast_mean, slow_mean = sma(close, "fast"), sma(close, "slow")
    long_entry = short_exit = crosses_above(fast_mean, slow_mean)
    short_entry = long_exit = crosses_below(fast_mean, slow_mean)


class SmaCross1030(SmaCross):
    slow = 30


class SmaCross2060(SmaCross):
    fast, slow = 20, 60


class BuyAndHold(Strategy):
    """Buy as soon as there is a previous bar: the peer never decides on the first one."""

    long_entry = close[1] > 0


class Bracket(Strategy):
    """Enter on a cross only when flat, with a stop 5 % and a target 10 % away from the signal's close."""

    crossed_up = crosses_above(sma(close, 10), sma(close, 20))
    crossed_down = crosses_below(sma(close, 10), sma(close, 20))

    def on_bar(self, bar):
        if not self.position.is_flat:
            return
        if self.crossed_up[0]:
            self.buy(stop=bar.close * 0.95, target=bar.close * 1.10)
        elif self.crossed_down[0]:
            self.sell(stop=bar.close * 1.05, target=bar.close * 0.90)


class Donchian(Strategy):
    """Buy what breaks above 20 bars with 90 %; the stop is the low of 10 bars and is only ever raised."""

    warm_up = 20  # the peer's first decision: the bar after the one where every indicator first has a value
    upper, lower = highest(high_price, 20), lowest(low, 10)

    def on_bar(self, bar):
        if self.position.is_flat:
            self.cancel()
            self.buy(fraction=Decimal("0.9"), trigger=self.upper[0], stop=self.lower[0])
        elif self.lower[0] > self.position.stop:
            self.protect(stop=self.lower[0])


class Dip(Strategy):
    """Bid 2 % under the close for one bar with half of the money, target +4 % and stop -3 % of the bid."""

    warm_up = 1

    def on_bar(self, bar):
        if self.position.is_flat:
            bid = bar.close * 0.98
            self.buy(fraction=Decimal("0.5"), limit=bid, target=bid * 1.04, stop=bid * 0.97, expire_bars=1)


class Oversold(Strategy):
    """Buy weakness with half of the money, sell strength."""

    long_entry = rsi(close, 14) < 30
    long_exit = rsi(close, 14) > 70
    size: ClassVar = {"fraction": 0.5}


@dataclass(frozen=True, kw_only=True)
class Case:
    """State one case of the table: what is run, and what the peer says."""

    strategy: type[Strategy]
    reference: str | None
    trades: int
    bars: str = "GOOG_1d"
    tick: Decimal = CENT_TICK
    capital: Decimal = Decimal(10_000)
    fee: Decimal = Decimal(0)
    options: Mapping[str, object] = field(default_factory=dict)
    equity: Decimal | None = None
    """ours where the peer finalizes, exact"""
    peer_equity: str
    drawdown: float
    commissions: str


NOT_FINALIZED = {"finish": "keep"}
CASES = {
    "B1": Case(
        strategy=SmaCross1030, reference="testsuite_goog_smacross_10_30_c0", trades=66, equity=Decimal("51959.95"),
        peer_equity="51422.98999999996", drawdown=47.98012705007588, commissions="0",
    ),
    "B2": Case(
        strategy=SmaCross, reference="goog_smacross_10_20_c002_nofinalize", trades=93, fee=Decimal("0.002"),
        options=NOT_FINALIZED, peer_equity="56263.51934000004", drawdown=33.93159182905461,
        commissions="10563.951540000002",
    ),
    "B2s": Case(
        strategy=SmaCross, reference=None, trades=93, tick=Decimal("0.00001"),
        options={"spread": Decimal("0.002"), "spread_on": "entry", **NOT_FINALIZED}, peer_equity="68935.11986000004",
        drawdown=33.08217208809915, commissions="0",
    ),
    "B3": Case(
        strategy=SmaCross, reference="quickstart_goog_smacross_10_20_c002_finalize", trades=94, fee=Decimal("0.002"),
        equity=Decimal("56152.26512"), peer_equity="55574.51294000004", drawdown=33.93159182905461,
        commissions="10770.957060000002",
    ),
    "B4": Case(
        strategy=SmaCross, reference="goog_smacross_nocomm", trades=94, equity=Decimal("81812.37"),
        peer_equity="80964.98", drawdown=32.79366156491895, commissions="0",
    ),
    "B5": Case(
        strategy=SmaCross, reference="goog_smacross_toc", trades=94, fee=Decimal("0.002"), options={"fill": "close"},
        equity=Decimal("49885.94822"), peer_equity="49577.18698000001", drawdown=34.64961974117434,
        commissions="10140.043019999994",
    ),
    "B6": Case(
        strategy=Bracket, reference="goog_smacross_sl5_tp10_c002", trades=55, tick=Decimal("0.0001"),
        fee=Decimal("0.002"), options=NOT_FINALIZED, peer_equity="11394.575792000003", drawdown=54.53962878454561,
        commissions="1541.7372080000002",
    ),
    "B7": Case(
        strategy=BuyAndHold, reference="goog_buyhold_c002", trades=1, fee=Decimal("0.002"),
        equity=Decimal("72424.5508"), peer_equity="71670.961", drawdown=65.28247326247556, commissions="163.539",
    ),
    "B8": Case(
        strategy=SmaCross2060, reference="eurusd_smacross_20_60_c0002", trades=90, bars="EURUSD_BTPY_1h",
        tick=Decimal("0.000000001"), fee=Decimal("0.0002"), equity=Decimal("9700.056714566"), peer_equity="9659.87705023999",
        drawdown=10.579533474839808, commissions="343.3696297599998",
    ),  # stated as 9,700.056715; the tick is so fine that a unit of money holds every fee exactly
    "B9": Case(
        strategy=Donchian, reference="goog_donchian20_10_stop_c001", trades=43, fee=Decimal("0.001"),
        options={"protect": "next_bar"}, equity=Decimal("58321.71614"), peer_equity="57776.91148999998",
        drawdown=25.597956701101765, commissions="2479.01851",
    ),
    "B10": Case(
        strategy=Dip, reference="goog_limit2_tp4_sl3_c001", trades=250, tick=Decimal("0.000001"),
        fee=Decimal("0.001"), options={"protect": "next_bar", **NOT_FINALIZED}, peer_equity="12786.826383955977",
        drawdown=27.126237291150048, commissions="3197.124460043999",
    ),
    "B11": Case(
        strategy=Oversold, reference="goog_rsi14_half_c001", trades=9, capital=Decimal(100_000), fee=Decimal("0.001"),
        options=NOT_FINALIZED, peer_equity="126981.57213", drawdown=25.67267487441265, commissions="1017.73787",
    ),
}  # fmt: skip
FINALIZED = [name for name, case in CASES.items() if case.equity is not None]


@cache
def run(name: str, market_data: Path) -> OrchestratorResult:
    case = CASES[name]
    instrument = Instrument(tick=case.tick, lot=Decimal(1), taker_fee=case.fee)
    bars = market_data / f"{case.bars}.parquet"
    return peers.run(case.strategy(), bars, case.capital, instrument, **case.options)


def deals_of_peer(name: str, references: Path) -> list[peers.Deal]:
    case = CASES[name]
    if case.reference is None:
        return spread_deals(references)
    return peers.backtesting_py_deals(references, case.reference, case.tick)


def spread_deals(references: Path) -> list[peers.Deal]:
    """Work out the trades of B2s, of which the peer's list is not at hand: the crosses of B2 at prices with the spread.

    Only the entry is worse, by 0.2 %; the size is what the money then pays for.
    """
    equity, made = Decimal(10_000), []
    for deal in peers.backtesting_py_deals(references, "goog_smacross_10_20_c002_nofinalize", CENT_TICK):
        side = 1 if deal.side == "long" else -1
        price = deal.entry_price * (1 + side * Decimal("0.002"))
        quantity = equity // price
        pnl = side * quantity * (deal.exit_price - price)
        equity += pnl
        made.append(replace(deal, quantity=quantity, entry_price=price, pnl=pnl, commission=Decimal(0)))
    return made


@pytest.mark.parametrize("name", CASES)
def test_trades_equal_the_peers_one_by_one(name: str, market_data: Path, references: Path) -> None:
    """Side, quantity, bars and prices of every trade are the peer's; of a finalized run all but the last (B-46)."""
    ours, theirs = peers.deals(run(name, market_data)), deals_of_peer(name, references)
    assert len(ours) == CASES[name].trades
    if name in FINALIZED:
        ours, theirs = ours[:-1], theirs[:-1]
    peers.assert_same_deals(ours, theirs)


@pytest.mark.parametrize("name", [name for name in CASES if name not in FINALIZED])
def test_final_equity_equals_the_peers(name: str, market_data: Path) -> None:
    """With positions left open at the end the final equity is the peer's, to the float's noise (B-29)."""
    peers.assert_money(run(name, market_data).final_equity, Decimal(CASES[name].peer_equity))


@pytest.mark.parametrize("name", FINALIZED)
def test_final_equity_of_a_finalized_run_is_exact(name: str, market_data: Path) -> None:
    """Closed at the last close, the run ends with exactly the stated money (B-29)."""
    assert run(name, market_data).final_equity == CASES[name].equity


@pytest.mark.parametrize("name", FINALIZED)
def test_a_finalized_run_differs_only_in_the_price_of_its_last_exit(
    name: str, market_data: Path, references: Path
) -> None:
    """The peer's money with its last exit moved to the last close is ours: equity and commissions (B-29, B-46)."""
    case, result = CASES[name], run(name, market_data)
    ours, theirs = peers.deals(result)[-1], deals_of_peer(name, references)[-1]
    assert replace(ours, exit_time=theirs.exit_time, exit_price=theirs.exit_price, pnl=theirs.pnl,
                   commission=theirs.commission) == theirs  # fmt: skip
    bars = result.market.store.series(case.bars)
    assert ours.exit_price == peers.on_tick(str(bars.close[-1]), case.tick)
    moved = (ours.exit_price - theirs.exit_price) * ours.quantity
    peers.assert_money(
        result.final_equity,
        Decimal(case.peer_equity) + (moved if ours.side == "long" else -moved) - moved * case.fee,
    )
    peers.assert_money(fees(result), Decimal(case.commissions) + moved * case.fee)


@pytest.mark.parametrize("name", [name for name in CASES if name not in FINALIZED])
def test_commissions_of_closed_trades_equal_the_peers(name: str, market_data: Path) -> None:
    """The peer counts the commissions of closed trades only (B-46)."""
    closed = sum((deal.commission for deal in peers.deals(run(name, market_data))), Decimal(0))
    peers.assert_money(closed, Decimal(CASES[name].commissions))


def test_fees_count_an_open_position_too(market_data: Path) -> None:
    """B2 ends with an open position whose entry fee is paid but in no trade (B-08)."""
    assert fees(run("B2", market_data)) == Decimal("10660.86066")


def test_fees_of_a_finalized_run_are_exact(market_data: Path) -> None:
    """B3's fees as they were worked out independently (B-46)."""
    assert fees(run("B3", market_data)) == Decimal("10772.11488")


@pytest.mark.parametrize("name", CASES)
def test_drawdown_equals_the_peers(name: str, market_data: Path) -> None:
    """The largest drawdown over the equity of all bars is the peer's, in per cent to 1e-9 (B-09)."""
    assert peers.drawdown_percent(run(name, market_data)) == pytest.approx(CASES[name].drawdown, rel=0, abs=1e-9)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.reference])
def test_the_table_says_what_the_files_say(name: str, references: Path) -> None:
    """The figures of the cases are those of the peer's own statistics."""
    case = CASES[name]
    statistics = peers.backtesting_py_statistics(references, str(case.reference))
    assert statistics["# Trades"] == case.trades
    assert statistics["Max. Drawdown [%]"] == -case.drawdown
    assert statistics["Equity Final [$]"] == pytest.approx(float(case.peer_equity), rel=1e-15)
    assert statistics.get("Commissions [$]", 0.0) == pytest.approx(float(case.commissions), rel=1e-15)


def test_the_readme_run_of_the_peer_is_b2(market_data: Path, references: Path) -> None:
    """What the peer's README runs is B2 with a commission; the 68,935 printed there need the spread of B2s (B-46)."""
    theirs = peers.backtesting_py_deals(references, "readme_goog_smacross_10_20_c002_excl", CENT_TICK)
    peers.assert_same_deals(peers.deals(run("B2", market_data)), theirs)
    assert run("B2s", market_data).final_equity == Decimal("68935.11986")


class CodedCross(Strategy):
    """Be SmaCross, written with ``on_bar``: close, then enter the other side in the same step."""

    crossed_up = crosses_above(sma(close, 10), sma(close, 20))
    crossed_down = crosses_below(sma(close, 10), sma(close, 20))

    def on_bar(self, bar):
        if self.crossed_up[0]:
            self.close()
            self.buy()
        elif self.crossed_down[0]:
            self.close()
            self.sell()


@pytest.mark.parametrize("name", ["B2", "B2s", "B3", "B5"])
@pytest.mark.parametrize("lazy", [True, False])
def test_a_coded_class_gives_the_same_trades_as_rules(name: str, lazy: bool, market_data: Path) -> None:
    """One strategy in two forms has the same trades and the same equity at every bar, lazily advanced or not (B-14)."""
    case = CASES[name]
    instrument = Instrument(tick=case.tick, lot=Decimal(1), taker_fee=case.fee)
    bars = market_data / f"{case.bars}.parquet"
    coded = peers.run(CodedCross(), bars, case.capital, instrument, lazy=lazy, **case.options)
    rules = run(name, market_data)
    assert peers.deals(coded) == peers.deals(rules)
    assert list(coded.aggregate_equity_curve.units) == list(rules.aggregate_equity_curve.units)


@pytest.mark.parametrize("options", [{"lazy": False}, {"chunk_steps": 1}, {"lazy": False, "chunk_steps": 7}])
@pytest.mark.parametrize("name", ["B3", "B6", "B9", "B10"])
def test_how_the_engine_advances_changes_nothing(name: str, options: dict[str, object], market_data: Path) -> None:
    """Lazily or step by step, in chunks of any size: the same trades and the same equity at every bar (B-14)."""
    case = CASES[name]
    instrument = Instrument(tick=case.tick, lot=Decimal(1), taker_fee=case.fee)
    bars = market_data / f"{case.bars}.parquet"
    other = peers.run(case.strategy(), bars, case.capital, instrument, **case.options, **options)
    assert peers.deals(other) == peers.deals(run(name, market_data))
    assert list(other.aggregate_equity_curve.units) == list(run(name, market_data).aggregate_equity_curve.units)


def test_two_peers_runs_side_by_side_are_one_portfolio(market_data: Path) -> None:
    """B1 and B4 with a quarter of 40,000 each end as they do alone; the half that nobody has stays (B-10, B-30, B-32)."""
    instrument = Instrument(tick=CENT_TICK, lot=Decimal(1))
    strategies = [(SmaCross1030(), Decimal("0.25")), (SmaCross(), Decimal("0.25"))]
    result = peers.run_portfolio(strategies, market_data / "GOOG_1d.parquet", Decimal(40_000), instrument)
    for strategy, name in (("SmaCross1030", "B1"), ("SmaCross", "B4")):
        (alone,) = run(name, market_data).strategy_results.values()
        beside = result.get_strategy_result(strategy)
        assert beside.final_equity == CASES[name].equity
        assert beside.trades == alone.trades
        assert list(beside.equity_curve.units) == list(alone.equity_curve.units)
        assert beside.metrics == alone.metrics
    assert result.unallocated == Decimal(20_000)
    assert result.final_equity == Decimal("51959.95") + Decimal("81812.37") + Decimal(20_000)


def fees(result: OrchestratorResult) -> Decimal:
    """Give all fees paid, those of an open position included."""
    return sum((fill.commission for fill in peers.fills(result)), Decimal(0))
