"""What the report reads from the events of a real run."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Instrument, OrchestratorConfig, Strategy, StrategyOrchestrator
from podium.core.events import Reason
from podium.core.times import Timeframe
from podium.data.bars import BarSeries
from podium.report.activity import activity_of
from podium.report.drawn import DrawnPortfolio
from podium.report.levels import EntryLevels
from podium.rules import atr, close, crosses_above, crosses_below, sma

HOUR = 3_600_000_000_000
INSTRUMENT = Instrument(tick=Decimal("0.01"), lot=Decimal("0.01"), taker_fee=Decimal("0.001"))


def bars(closes, symbol="X"):
    last = np.array(closes, dtype=np.float64)
    first = np.concatenate((last[:1], last[:-1]))
    return BarSeries(
        symbol=symbol, timeframe=Timeframe.parse("1h"), close_time=HOUR * np.arange(1, len(last) + 1),
        open=first, high=np.maximum(first, last), low=np.minimum(first, last), close=last, volume=np.ones(len(last)),
    )  # fmt: skip


class Once(Strategy):
    """Buy at the first close, sell short at the third, hold that."""

    def on_bar(self, bar):
        self.seen = getattr(self, "seen", 0) + 1
        if self.seen == 1:
            self.buy(quantity=2)
        elif self.seen == 3:
            self.close()
            self.sell(quantity=1)
        elif self.seen == 4:
            self.sell(quantity=1_000)


class Cross(Strategy):
    long_entry = crosses_above(sma(close, 2), sma(close, 4))
    long_exit = crosses_below(sma(close, 2), sma(close, 4))
    short_entry = crosses_below(sma(close, 2), sma(close, 4))
    short_exit = crosses_above(sma(close, 2), sma(close, 4))
    size = {"fraction": Decimal("0.3")}  # noqa: RUF012  # as users write it


class Slower(Cross):
    long_entry = crosses_above(sma(close, 3), sma(close, 9))
    long_exit = crosses_below(sma(close, 3), sma(close, 9))


def run(members, market, **options):
    config = OrchestratorConfig(instruments=dict.fromkeys(market, INSTRUMENT), **options)
    result = StrategyOrchestrator(members, config).run(market, Decimal(10_000))
    return result, activity_of(result, DrawnPortfolio(result).rows)


def test_attribution_by_hand():
    """Long 2 from 100 to 110, short 1 from 110 to 105, held: 20 and 5 by price, 0.1 % of each fill in fees (D-05)."""
    result, activity = run([(Once(), Decimal(1))], {"X": bars([100, 100, 110, 110, 105])}, finish="keep")
    amounts = {(row.side, row.reason): row.amount for row in activity.attribution.rows}
    assert amounts == {
        ("long", "price"): 20,
        ("long", "fees"): Decimal("-0.42"),
        ("long", "slippage"): 0,
        ("short", "price"): 5,
        ("short", "fees"): Decimal("-0.11"),
        ("short", "slippage"): 0,
    }
    assert activity.attribution.residual == 0
    assert activity.attribution.change == result.final_equity - 10_000 == Decimal("24.47")
    (traded,) = activity.attribution.traded
    assert (traded.value, traded.fills) == (530, 3)


def test_slippage_is_apart_from_the_price():
    """Fills worse by 1 %: the price earned what it would have without, and slippage took its part (D-05)."""
    _, activity = run(
        [(Once(), Decimal(1))], {"X": bars([100, 100, 110, 110, 105])}, finish="keep", slippage=Decimal("0.01")
    )
    amounts = {(row.side, row.reason): row.amount for row in activity.attribution.rows}
    assert (amounts["long", "price"], amounts["long", "slippage"]) == (20, Decimal("-4.2"))
    assert (amounts["short", "price"], amounts["short", "slippage"]) == (5, Decimal("-1.1"))


def test_exposure_use_and_blocks_by_hand():
    """What is held is valued at the closes; what was bound and refused is told at its time (B-07, B-31)."""
    _, activity = run([(Once(), Decimal("0.5"))], {"X": bars([100, 100, 110, 110, 105])}, finish="keep")
    exposure = activity.exposures["Once"]
    assert exposure.long.tolist() == [0, 200, 220, 0, 0]
    assert exposure.short.tolist() == [0, 0, 0, -110, -105]
    assert exposure.capital_use == pytest.approx([0, 0.04, 0.04, 0.04, 110 / 5_000])
    assert exposure.blocked.times.tolist() == [4 * HOUR]
    assert exposure.blocked.reasons.tolist() == [Reason.CAPITAL_LIMIT]


def test_capital_use_between_drawn_moments_is_not_lost():
    """A position that came and went between two drawn points shows with what it bound (B-31)."""
    result, _ = run([(Once(), Decimal("0.5"))], {"X": bars([100, 100, 110, 110, 105])})
    activity = activity_of(result, np.array([0, 4]))
    assert activity.exposures["Once"].capital_use == pytest.approx([0, 0.04])
    assert activity_of(result, np.zeros(0, dtype=np.int64)).exposures["Once"].capital_use.tolist() == []


class Protected(Cross):
    stop = {"percent": Decimal("0.02")}  # noqa: RUF012  # as users write it
    targets = (
        {"percent": Decimal("0.03"), "close": Decimal("0.5")},
        {"percent": Decimal("0.05"), "close": Decimal("0.25")},
    )


class Ranged(Cross):
    timeframe = "4h"
    stop = 0.5 * atr(3)


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_levels_are_those_that_were_hit(fill):
    """A trade that ended at its stop inside a bar ended at the level that the chart draws (B-46)."""
    random = np.random.Generator(np.random.PCG64(7))
    market = {"X": bars(np.maximum(10_000 + np.cumsum(random.integers(-90, 91, 1_500)), 500) / 100)}
    result, activity = run([(Protected(), Decimal("0.5")), (Ranged(), Decimal("0.5"))], market, fill=fill)
    opens = set(market["X"].open.round(2).tolist())
    hit = {"Protected": 0, "Ranged": 0}
    for name, one in result.strategy_results.items():
        for trade in one.trades:
            levels = activity.levels[name, "X", trade.number]
            sign = 1 if trade.side == "long" else -1
            assert (trade.entry_price - levels.stop) * sign > 0
            assert all((target - trade.entry_price) * sign > 0 for target in levels.targets)
            assert len(levels.targets) == (2 if name == "Protected" else 0)
            # A stop that the bar opened beyond fills at the open; a part closed at a target moves the average.
            if trade.exit_reason == "stop_loss" and name == "Ranged" and float(trade.exit_price) not in opens:
                assert trade.exit_price == levels.stop
                hit[name] += 1
    assert hit["Ranged"] > 5
    first = result.strategy_results["Protected"].trades[0]
    targets = activity.levels["Protected", "X", first.number].targets
    sign = 1 if first.side == "long" else -1
    assert [float(target / first.entry_price - 1) * sign for target in targets] == pytest.approx([0.03, 0.05], abs=2e-4)


class Guarded(Strategy):
    """Enter with a stop and four targets, with one target, with nothing."""

    def on_bar(self, bar):
        if bar.index == 0:
            self.buy(quantity=2, stop=95, targets=[(130, 0.25), (120, 0.25), (125, 0.25), (128, 0.25)])
        elif bar.index == 2:
            self.close()
            self.sell(quantity=1, stop=121, target=90)
        elif bar.index == 4:
            self.close()
        elif bar.index == 5:
            self.buy(quantity=1)


def test_levels_that_code_sets_are_shown_too():
    """As they were at the entry, targets in the order in which the price comes to them; none where none was set (B-46)."""
    result, activity = run([(Guarded(), Decimal(1))], {"X": bars([100, 100, 110, 110, 105, 105, 105])}, finish="keep")
    assert len(result.strategy_results["Guarded"].trades) == 2
    assert activity.levels == {
        ("Guarded", "X", 1): EntryLevels(stop=Decimal(95), targets=tuple(map(Decimal, (120, 125, 128, 130)))),
        ("Guarded", "X", 2): EntryLevels(stop=Decimal(121), targets=(Decimal(90),)),
    }


@settings(max_examples=15)
@given(st.lists(st.integers(-300, 300), min_size=20, max_size=80), st.sampled_from(["keep", "close"]))
def test_attribution_leaves_nothing(moves, finish):
    """For any market, several strategies and symbols, costs on: the rows sum to the account's change exactly (B-10)."""
    prices = np.maximum(10_000 + np.cumsum(moves), 100) / 100
    market = {"X": bars(prices), "Y": bars(prices[::-1], "Y")}
    members = [(Cross(), Decimal("0.5")), (Slower(), Decimal("0.3"))]
    result, activity = run(members, market, finish=finish, slippage=Decimal("0.0013"))
    assert activity.attribution.residual == 0
    for name, one in result.strategy_results.items():
        mine = sum((row.amount for row in activity.attribution.rows if row.strategy_id == name), Decimal(0))
        assert mine == one.final_equity - one.allocated_capital
        assert np.all((activity.exposures[name].capital_use >= 0) & (activity.exposures[name].capital_use <= 1))


def test_a_result_draws_itself(tmp_path):
    """``result.plot()`` writes the page from the run alone (B-51)."""
    result, _ = run([(Cross(), Decimal("0.5"))], {"X": bars(100 + 10 * np.sin(np.arange(200)))})
    page = result.plot(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "nothing is left unexplained" in page
    assert len(page) < 400_000


class Eager(Strategy):
    """Want to enter at every bar, more than there is."""

    def on_bar(self, bar):
        self.buy(quantity=4)


def test_every_blocked_entry_is_told_with_its_reason():
    """As many as the events have, by limits as by capital; orders that traded are none of them (A-26, B-31)."""
    risk = {**dict.fromkeys(("trade_risk", "position_risk", "total_risk", "daily_loss", "loss_streak"), "off")}
    market = {"X": bars([100, 100, 100, 100]), "Y": bars([100, 100, 100, 100], "Y")}
    members = [(Eager(), Decimal("0.1")), (Once(), Decimal("0.5"))]
    result, activity = run(members, market, risk={**risk, "open_positions": 2, "order_value": {"money": 450}})
    told = Counter(
        (event["strategy_id"], event["reason"])
        for event in result.events()
        # Where there is nothing to close, an exit is refused.
        if event["kind"] in ("SIGNAL_REJECTED", "ORDER_CANCELLED") and event["reason"] != "flat"
    )
    found = Counter(
        (name, Reason(int(reason)).wire)
        for name, exposure in activity.exposures.items()
        for reason in exposure.blocked.reasons
    )
    assert found == told
    assert {reason for _, reason in found} >= {"capital_limit", "open_positions"}


def test_capital_use_follows_what_is_moved():
    """A strategy that holds 1,000 of 5,000 and is left with less has more of it in use, without another fill (B-31, B-34)."""
    market = {"X": bars([100] * 4 + [200] * 4), "Y": bars([100] * 8, "Y")}

    class Holds(Strategy):
        def on_bar(self, bar):
            if bar.index == 0 and bar.symbol == "X":
                self.buy(quantity=20)

    idle = type("Idle", (Strategy,), {"on_bar": lambda self, bar: None})
    options = {
        "rebalancing": {"rule": "weights", "when": "drift", "every": "hour"},
        "rebalance_threshold": Decimal("0.01"),
    }
    result, activity = run([(Holds(), Decimal("0.5")), (idle(), Decimal("0.5"))], market, finish="keep", **options)
    holds, other = result.strategy_results.values()
    assert holds.transferred == -other.transferred < 0
    use = activity.exposures["Holds"].capital_use
    allocation = holds.allocation
    assert use[3] == pytest.approx(0.4)
    assert use[-1] == pytest.approx(float(allocation.used_capital / allocation.allocated_capital))
    assert use[-1] > 0.4
