"""When what holding brings or costs is posted: at which bar, before it acts or at its close."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from portfolios import events, prices

from podium import Carry, Dividend, Funding, Instrument, OrchestratorConfig, Split, Strategy, StrategyOrchestrator
from podium.core.carry import Factor, events_of_factors
from podium.core.errors import ConfigurationError, InputError

D = Decimal
DAY = datetime(2024, 1, 1, tzinfo=UTC)


class Hold(Strategy):
    """Hold ten from the first bar on; sold when asked for."""

    side = "buy"

    def on_bar(self, bar):
        if self.position.is_flat:
            getattr(self, self.side)(quantity=10)


class Short(Hold):
    side = "sell"


def hours(count, *missing):
    """Make hourly bars at 100 that rise by 1 each, without some."""
    bars = prices(*range(100, 100 + count))
    kept = np.ones(count, bool)
    kept[list(missing)] = False
    return bars.select(kept)


def days(*closes):
    return prices(*closes, timeframe="1d")


def posted(bars, strategy=Hold, **carry):
    """Give (bar's close, reason, amount, position) of what is posted."""
    config = OrchestratorConfig(
        instruments={"X": Instrument(tick=D("0.01"), lot=D(1))}, carry={"X": Carry(**carry)}, finish="keep"
    )
    result = StrategyOrchestrator([(strategy(), D(1))], config).run({"X": bars}, D(100_000))
    kinds = ("CARRY_POSTED", "POSITION_ADJUSTED")
    return [
        (event["time"][5:16], event["reason"], event.get("amount", event.get("paid")), event["position"])
        for event in events(result)
        if event["kind"] in kinds
    ]


def funding(hour, rate="0.001", milliseconds=0):
    return Funding(time=DAY + timedelta(hours=hour, milliseconds=milliseconds), rate=D(rate))


def test_funding_at_a_close_takes_that_close():
    """Ten at the 08:00 close of 107 pay 1.07; milliseconds of delay change nothing."""
    expected = [("01-01T08:00", "funding", "-1.07", "10")]
    assert posted(hours(10), funding=(funding(8),)) == expected
    assert posted(hours(10), funding=(funding(8, milliseconds=17),)) == expected


def test_funding_without_a_bar_takes_the_mark_before_the_next_bar():
    """Without the bar that closes at 08:00 the mark is the 07:00 close of 106, told at the next bar's step."""
    assert posted(hours(10, 7), funding=(funding(8),)) == [("01-01T09:00", "funding", "-1.06", "10")]


def test_fundings_within_a_long_bar_are_posted_at_its_close():
    """Three fundings of a day on daily bars: all at the close, on what is held then."""
    due = tuple(funding(24 + hour) for hour in (8, 16, 24))
    assert posted(days(100, 100, 110), funding=due) == [("01-03T00:00", "funding", "-1", "10")] * 3


def test_funding_outside_the_bars_is_not_posted():
    """Before the first bar nothing is held, after the last nothing is known."""
    assert posted(hours(5), funding=(funding(-8), funding(100))) == []


def test_borrowing_is_paid_each_midnight_by_days_of_360():
    """36 % a year of 1,000 is 1 a day."""
    assert posted(days(100, 100, 100, 100), Short, borrow_rate=D("0.36")) == [
        (f"01-0{day}T00:00", "borrow", "-1", "-10") for day in (3, 4, 5)
    ]


def test_a_weekend_costs_borrowing_too():
    """Without bars on two days the next one pays for them before it acts, at the mark before."""
    bars = days(100, 100, 100, 100, 100).select(np.array([True, True, False, False, True]))
    assert [row[0] for row in posted(bars, Short, borrow_rate=D("0.36"))] == [
        "01-03T00:00", "01-06T00:00", "01-06T00:00", "01-06T00:00",
    ]  # fmt: skip


def test_a_day_is_settled_at_its_last_close():
    """Bought at 100 (the open of the second hour): at midnight 23 × 10 are settled, then 24 × 10 more."""
    assert posted(hours(50), settlement=True) == [
        ("01-02T00:00", "settlement", "230", "10"),
        ("01-03T00:00", "settlement", "240", "10"),
    ]


def test_a_day_that_ends_without_a_bar_is_settled_before_the_next_one():
    """The last close of the day is that of 22:00, 121."""
    assert posted(hours(30, 22, 23), settlement=True) == [("01-02T01:00", "settlement", "210", "10")]


def test_a_dividend_is_posted_before_the_first_bar_of_its_day():
    """0.50 for each of ten, at the first hour of the day; on daily bars at the bar of that day."""
    due = (Dividend(day=date(2024, 1, 2), amount=D("0.5")),)
    assert posted(hours(30), dividends=due) == [("01-02T01:00", "dividend", "5", "10")]
    late = (Dividend(day=date(2024, 1, 3), amount=D("0.5")),)
    assert posted(days(100, 100, 100), dividends=late) == [("01-04T00:00", "dividend", "5", "10")]


def test_a_dividend_of_the_day_of_a_split_is_of_the_old_shares():
    """Ten get 0.5 each, then they are twenty."""
    day = date(2024, 1, 3)
    assert posted(
        days(100, 100, 50), dividends=(Dividend(day=day, amount=D("0.5")),), splits=(Split(day=day, new=2),)
    ) == [("01-04T00:00", "dividend", "5", "10"), ("01-04T00:00", "split", "0", "20")]


def test_a_split_inside_a_bar_is_refused():
    """A week that holds a split has prices of both sides."""
    with pytest.raises(ConfigurationError, match="the split of 'X' at 2024-01-03T00:00:00Z falls inside a bar"):
        posted(prices(100, 100, timeframe="1w"), splits=(Split(day=date(2024, 1, 3), new=2),))


def test_factors_say_the_same_as_their_dividends_and_splits():
    """A split of two for one on the 3rd, a dividend of 1 % of 50 on the 4th."""
    rows = (
        Factor(day=date(2024, 1, 2), price_factor=D("0.99"), split_factor=D("0.5"), reference_price=D(100)),
        Factor(day=date(2024, 1, 3), price_factor=D("0.99"), split_factor=D(1), reference_price=D(50)),
        Factor(day=date(2050, 1, 1), price_factor=D(1), split_factor=D(1), reference_price=D(0)),
    )
    dividends, splits = events_of_factors(rows)
    assert dividends == (Dividend(day=date(2024, 1, 4), amount=D("0.5")),)
    assert splits == (Split(day=date(2024, 1, 3), new=2),)
    bars = days(100, 100, 50, 49.5)
    assert posted(bars, factors=rows) == posted(bars, dividends=dividends, splits=splits)
    assert posted(bars, factors=rows, adjusted=True) == []


def test_adjusted_prices_do_not_jump():
    """Before the split half the price, before the dividend 1 % less; behind the last row as it is."""
    rows = (
        Factor(day=date(2024, 1, 2), price_factor=D("0.99"), split_factor=D("0.5"), reference_price=D(100)),
        Factor(day=date(2024, 1, 3), price_factor=D("0.99"), split_factor=D(1), reference_price=D(50)),
    )
    config = OrchestratorConfig(
        instruments={"X": Instrument(tick=D("0.01"))}, carry={"X": Carry(factors=rows, adjusted=True)}
    )
    result = StrategyOrchestrator([(Hold(), D(1))], config).run({"X": days(100, 100, 50, 49.5)}, D(100_000))
    assert result.market.store.series("X").close.tolist() == [49.5, 49.5, 49.5, 49.5]


def test_carry_is_part_of_a_trade_and_has_rows_of_its_own_in_the_attribution():
    """The trade's result holds what was paid for holding; price and funding are told apart, nothing is left over."""
    config = OrchestratorConfig(
        instruments={"X": Instrument(tick=D("0.01"), lot=D(1))}, carry={"X": Carry(funding=(funding(8),))}
    )
    result = StrategyOrchestrator([(Hold(), D(1))], config).run({"X": hours(10)}, D(100_000))
    (trade,) = result.get_strategy_result("Hold").trades
    assert trade.pnl == 90 - D("1.07")
    assert result.final_equity == 100_000 + trade.pnl
    told = result.attribution.select("reason", "amount").rows()
    assert {reason: amount for reason, amount in told if amount} == {"price": D(90), "funding": D("-1.07")}


WRONG = [
    ({"funding": (funding(8), funding(8))}, "funding is out of order"),
    ({"borrow_rate": D(-1)}, "borrow_rate is -1"),
    ({"adjusted": True}, "adjusted is True"),
    ({"splits": (Split(day=date(2024, 1, 2), new=2),),
      "factors": (Factor(day=date(2024, 1, 2), price_factor=D(1), split_factor=D(1), reference_price=D(1)),)},
     "factors is given beside"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "message"), WRONG, ids=[row[1] for row in WRONG])
def test_contradictory_carry_is_refused(given, message):
    """Before anything runs."""
    with pytest.raises(ConfigurationError, match=message):
        Carry(**given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Funding(time=DAY.replace(tzinfo=None), rate=D(0)), "time of a funding"),
        (lambda: Funding(time=DAY, rate=D(2)), "rate of a funding is 2"),
        (lambda: Dividend(day=DAY.date(), amount=D(0)), "amount of a dividend is 0"),
        (lambda: Split(day=DAY.date(), new=0), "new of a split is 0"),
        (lambda: Split(day=DAY.date(), new=1, old=5000), "old of a split is 5000"),
    ],
)
def test_wrong_parts_of_carry_are_refused(make, message):
    """Each says what it expects."""
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_carry_of_a_symbol_without_bars_is_refused():
    """A misspelt symbol would cost nothing."""
    config = OrchestratorConfig(carry={"Y": Carry(settlement=True)})
    with pytest.raises(InputError, match="there are no bars of 'Y'"):
        StrategyOrchestrator([(Hold(), D(1))], config).run({"X": hours(5)}, D(1000))


def test_a_dividend_that_the_ledger_cannot_hold_is_refused():
    """Finer or larger than any company pays."""
    with pytest.raises(ConfigurationError, match="does not fit the ledger"):
        posted(days(100, 100, 100), dividends=(Dividend(day=date(2024, 1, 3), amount=D("1e30")),))


def test_the_manifest_can_hold_what_was_configured():
    """Carry is part of the options that a run records."""
    config = OrchestratorConfig(carry={"X": Carry(funding=(funding(8),))})
    assert "0.001" in config.model_dump_json(fallback=str)
