"""A strategy among others does what it does alone: the strongest statement about separate accounts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import FORMS, PROOF, Cross, Plain, Reversal, Swing, configuration, events, named, orchestrate, walk

from podium import Strategy

CAPITAL = Decimal(1_000_000)


def alone(form, strategy_id, symbols, bars, capital, **options):
    config = configuration(*bars, **options)
    config = config.model_copy(update={"instruments": {symbol: config.instruments[symbol] for symbol in symbols}})
    run = orchestrate([(named(form(), strategy_id), Decimal(1), None)], config)
    return run.run({symbol: bars[symbol] for symbol in symbols}, capital)


def without_sequence(records, strategy_id):
    return [
        {name: value for name, value in record.items() if name != "sequence"}
        for record in records
        if record.get("strategy_id") == strategy_id
    ]


def differences(result, solo, strategy_id):
    """Compare a strategy's part of a portfolio with its run alone; name what differs."""
    mine, theirs = result.get_strategy_result(strategy_id), solo.get_strategy_result(strategy_id)
    times = mine.equity_curve.times_nanoseconds
    # Equity at the strategy's own steps: other symbols may have more of them.
    own = np.searchsorted(times, theirs.equity_curve.times_nanoseconds)
    between = np.setdiff1d(np.arange(len(times)), own)
    before = np.maximum(np.searchsorted(own, between) - 1, -1)
    start = int(theirs.allocation.initial_capital.scaleb(theirs.equity_curve.digits))
    carried = np.where(before >= 0, theirs.equity_curve.units[before], start)
    compared = {
        "events": without_sequence(events(result), strategy_id) == without_sequence(events(solo), strategy_id),
        "trades": mine.trades == theirs.trades,
        "equity": np.array_equal(mine.equity_curve.units[own], theirs.equity_curve.units),
        "equity between its steps": np.array_equal(mine.equity_curve.units[between], carried),
        "metrics": replace(mine.metrics) == theirs.metrics,
        "allocation": mine.allocation == theirs.allocation,
        "blocked": mine.blocked == theirs.blocked,
        "signals": mine.signals == theirs.signals,
    }
    return [name for name, is_equal in compared.items() if not is_equal]


SYMBOLS = ("A", "B", "C")
MEMBER = st.tuples(
    st.sampled_from(FORMS), st.sets(st.sampled_from(SYMBOLS), min_size=1).map(lambda chosen: tuple(sorted(chosen)))
)


@settings(max_examples=400 if PROOF else 60, deadline=None)
@given(
    members=st.lists(MEMBER, min_size=2, max_size=5),
    seed=st.integers(0, 10_000),
    weights=st.lists(st.integers(1, 200), min_size=5, max_size=5),
    options=st.fixed_dictionaries(
        {
            "compounding": st.booleans(),
            "fill": st.sampled_from(["next_open", "close"]),
            "size_at": st.sampled_from(["decision", "fill"]),
            "protect": st.sampled_from(["entry_bar", "next_bar"]),
            "finish": st.sampled_from(["close", "keep"]),
            "slippage": st.sampled_from([Decimal(0), Decimal("0.0007")]),
            "chunk_steps": st.sampled_from([7, 4096]),
        }
    ),
)
def test_a_strategy_does_among_others_what_it_does_alone(members, seed, weights, options):
    """Rules, coded and adapted strategies mixed: equal events, trades, equity, metrics and capital. (B-30, B-32, B-14)"""
    bars = {symbol: walk(symbol, 160, seed, missing=0.1) for symbol in SYMBOLS}
    shares = [Decimal(weight).scaleb(-3) for weight in weights]
    entries = [
        (named(form(), f"{form.__name__}-{number}"), share, symbols)
        for number, ((form, symbols), share) in enumerate(zip(members, shares, strict=False))
    ]
    result = orchestrate(entries, configuration(*SYMBOLS, **options)).run(bars, CAPITAL)
    for number, ((form, symbols), share) in enumerate(zip(members, shares, strict=False)):
        name = f"{form.__name__}-{number}"
        solo = alone(form, name, symbols, bars, CAPITAL * share, **options)
        assert differences(result, solo, name) == [], name


def test_three_shares_are_three_solo_runs():
    """The aggregate is the sum of the solo runs and the cash nobody was given, at every bar. (B-32, B-10, B-30)"""
    bars = {symbol: walk(symbol, 400, 3) for symbol in SYMBOLS}
    forms = [(Cross, "0.5"), (Swing, "0.3"), (Plain, "0.15")]
    entries = [(named(form(), form.__name__), Decimal(weight), None) for form, weight in forms]
    result = orchestrate(entries, configuration(*SYMBOLS)).run(bars, CAPITAL)
    solos = [alone(form, form.__name__, SYMBOLS, bars, CAPITAL * Decimal(weight)) for form, weight in forms]
    total = sum(solo.aggregate_equity_curve.units for solo in solos)
    unallocated = int(result.unallocated.scaleb(result.aggregate_equity_curve.digits))
    assert np.array_equal(result.aggregate_equity_curve.units, total + unallocated)
    assert result.final_equity == sum(solo.final_equity for solo in solos) + result.unallocated
    assert [row.allocated_capital for row in result.comparison_table.rows] == [
        500_000,
        300_000,
        150_000,
        50_000,
        CAPITAL,
    ]


class Bull(Strategy):
    """Want to be long in three bars of eight."""

    def on_bar(self, bar):
        if self.position.is_flat and bar.index % 8 < 3:
            self.buy(quantity=3)
        elif self.position.bars_held == 2:
            self.close()


class Bear(Strategy):
    """Want to be short where Bull wants to be long, and more of it."""

    def on_bar(self, bar):
        if self.position.is_flat and bar.index % 8 < 3:
            self.sell(quantity=4)
        elif self.position.bars_held == 3:
            self.close()


MODES = ["first_wins", "priority", "net_signal", "cancel_both"]


def opposed(symbols, mode, **options):
    """Run Bull and Bear on their symbols; name who does not do what it does alone."""
    bars = {symbol: walk(symbol, 60, 1) for symbol in ("A", "B")}
    share = Decimal("0.4")
    members = list(zip((Bull, Bear), symbols, strict=True))
    entries = [(named(form(), form.__name__), share, chosen) for form, chosen in members]
    result = orchestrate(entries, configuration(*bars, conflicts=mode, **options)).run(bars, CAPITAL)
    return [
        form.__name__
        for form, chosen in members
        if differences(result, alone(form, form.__name__, chosen, bars, CAPITAL * share), form.__name__)
    ]


@pytest.mark.parametrize("mode", MODES)
def test_each_conflict_mode_alone_is_a_tie_between_strategies(mode):
    """With it the strategies differ from their runs alone, without it they do not. (B-30, B-33)"""
    both = (("A",), ("A",))
    assert opposed(both, "allow") == []
    assert opposed(both, mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_conflict_mode_ties_nobody_where_nobody_disagrees(mode):
    """On symbols of their own, or on one that lets all act, strategies do what they do alone. (B-30, B-33)"""
    assert opposed((("A",), ("B",)), mode) == []
    assert opposed((("A",), ("A",)), {"default": mode, "A": "allow"}) == []


@pytest.mark.parametrize(
    ("first", "second", "loser"), [(2, 1, "Bear"), (1, 2, "Bull")], ids=["the first prevails", "the second prevails"]
)
def test_who_prevails_does_what_it_does_alone(first, second, loser):
    """Priority ties the other one only. (B-30, B-33)"""
    priorities = {"Bull": first, "Bear": second}
    assert opposed((("A",), ("A",)), "priority", priorities=priorities) == [loser]


#: Without the defaults, so that each case shows one limit alone.
NOTHING = dict.fromkeys(
    ("trade_risk", "position_risk", "total_risk", "daily_loss", "open_positions", "loss_streak"), "off"
)
HALF = Decimal("0.5")
#: Bull holds 300 or so and Bear 400; alone each stays within what both together do not, or the other way round.
OF_THE_WHOLE = {
    "open_positions": {"open_positions": 1},
    "orders_per_minute": {"orders_per_minute": 1},
    "total_risk": {"total_risk": {"money": 550}},
    "gross_exposure": {"gross_exposure": {"money": 550}},
    "net_exposure": {"net_exposure": {"money": 350}},
    "symbol_exposure": {"symbol_exposure": {"money": 550}},
    "group_exposure": {"groups": {"all": ["A"]}, "group_exposure": {"all": {"money": 550}}},
    "daily_loss": {"daily_loss": {"money": 3, "action": "close"}},
    "drawdown": {"drawdown": {"money": 9, "action": "close", "cool_down": "5h"}},
    "loss_streak of all": {"loss_streak": {"sizes": {2: HALF}, "per": "portfolio"}},
    "a ratio of all equity": {"order_value": {"limit": Decimal("0.0009"), "action": "reduce"}},
    "stop, whoever comes to it": {"order_value": {"money": 350, "action": "stop"}},
}
OF_ONE = {
    "order_value": {"order_value": {"money": 350, "action": "reduce"}},
    "trade_risk": {"trade_risk": {"money": 350}},
    "position_risk": {"position_risk": {"money": 350, "action": "reduce"}},
    "strategy_exposure": {"strategy_exposure": {"money": 350, "action": "close"}},
    "price_deviation": {"price_deviation": Decimal("0.0005")},
    "loss_streak of each": {"loss_streak": {2: HALF, 3: HALF / 2}},
}
BOTH = (("A",), ("A",))


def limited(symbols, risk):
    """Run Bull and Bear under limits, and each alone under the same; name who differs, and whom the limits touch."""
    bars = {symbol: walk(symbol, 60, 1) for symbol in ("A", "B")}
    share, risk = Decimal("0.4"), {**NOTHING, **risk}
    members = list(zip((Bull, Bear), symbols, strict=True))
    entries = [(named(form(), form.__name__), share, chosen) for form, chosen in members]
    result = orchestrate(entries, configuration(*bars, risk=risk)).run(bars, CAPITAL)
    tied, touched = [], []
    for form, chosen in members:
        solo = alone(form, form.__name__, chosen, bars, CAPITAL * share, risk=risk)
        free = alone(form, form.__name__, chosen, bars, CAPITAL * share)
        tied += [form.__name__] if differences(result, solo, form.__name__) else []
        touched += [form.__name__] if differences(solo, free, form.__name__) else []
    return tied, touched


@pytest.mark.parametrize("risk", OF_THE_WHOLE.values(), ids=OF_THE_WHOLE)
def test_each_limit_of_the_whole_portfolio_alone_is_a_tie_between_strategies(risk):
    """Under the same limit a strategy does among others what it does not alone, and nothing without it. (B-30, A-102)"""
    assert limited(BOTH, {}) == ([], [])
    assert limited(BOTH, risk)[0]


@pytest.mark.parametrize("risk", OF_ONE.values(), ids=OF_ONE)
def test_a_limit_on_what_one_strategy_does_is_no_tie(risk):
    """It cuts or refuses, but the same among others and alone. (B-30, A-102)"""
    tied, touched = limited(BOTH, risk)
    assert tied == []
    assert touched


def test_a_limit_that_nobody_comes_near_is_no_tie():
    """Named, but far away: strategies do what they do alone, and what they do without. (B-30, A-102)"""
    far = {name: {"money": 1_000_000} for name in ("total_risk", "gross_exposure", "net_exposure", "daily_loss")}
    assert limited(BOTH, {**far, "open_positions": 9, "orders_per_minute": 99, "drawdown": HALF}) == ([], [])


def test_a_tie_between_strategies_would_be_seen():
    """The comparison notices a strategy that learns of another: here both count in one list. (B-30)"""
    shared: list[object] = []

    class Knowing(Reversal):
        def on_bar(self, bar):
            shared.append(None)
            if self.position.is_flat and len(shared) % 4 == 0:
                self.buy(fraction=0.1)
            elif self.position.bars_held == 2:
                self.close()

    bars = {"A": walk("A", 60, 1)}
    entries = [(named(Knowing(), name), Decimal("0.4"), None) for name in ("one", "two")]
    result = orchestrate(entries, configuration("A")).run(bars, CAPITAL)
    shared.clear()
    solo = alone(Knowing, "two", ("A",), bars, CAPITAL * Decimal("0.4"))
    assert {"events", "trades", "equity"} <= set(differences(result, solo, "two"))


@pytest.mark.parametrize("kind", [list, dict, set])
def test_what_stands_in_a_class_is_not_shared(kind):
    """A list in the class body is each cell's own: else strategies would see each other through it. (B-14, B-30)"""

    class Counting(Reversal):
        seen = kind()

        def on_bar(self, bar):
            if kind is dict:
                self.seen[bar.index] = bar.close
            else:
                (self.seen.add if kind is set else self.seen.append)(bar.index)
            if len(self.seen) != bar.index + 1 - 11:
                raise AssertionError(f"{len(self.seen)} bars seen at {bar.index}")

    bars = {symbol: walk(symbol, 40, 1) for symbol in ("A", "B")}
    entries = [(named(Counting(), name), Decimal("0.4"), None) for name in ("one", "two")]
    orchestrate(entries, configuration("A", "B")).run(bars, CAPITAL)
    assert Counting.seen == kind()
