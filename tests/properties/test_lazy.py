"""How the engine advances never shows: lazy or eager, in chunks of any size."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from portfolios import FORMS, PROOF, Reversal, SlowCode, configuration, named, orchestrate, reproduced, walk

from podium import Strategy

SYMBOLS = ("A", "B")


MODES = st.sampled_from(["allow", "first_wins", "priority", "net_signal", "cancel_both"])


def files(forms, seed, **options):
    """Run a portfolio and give the bytes of what it leaves behind."""
    bars = {symbol: walk(symbol, 220, seed, missing=0.07) for symbol in SYMBOLS}
    weight = Decimal(1) / Decimal(8)
    entries = [(named(form(), f"{form.__name__}-{number}"), weight, None) for number, form in enumerate(forms)]
    result = orchestrate(entries, configuration(*SYMBOLS, **options)).run(bars, Decimal(100_000))
    with tempfile.TemporaryDirectory() as folder:
        return reproduced(result, Path(folder))


MEMBERS = st.lists(st.sampled_from(FORMS), min_size=1, max_size=4)


@settings(max_examples=300 if PROOF else 20, deadline=None)
@given(forms=MEMBERS, seed=st.integers(0, 10_000), fill=st.sampled_from(["next_open", "close"]), conflicts=MODES)
def test_lazy_equals_eager_bit_for_bit(forms, seed, fill, conflicts):
    """Advancing only when somebody looks leaves the same bytes as advancing at every step. (B-30, B-33, D-09)"""
    options = {"fill": fill, "conflicts": conflicts}
    assert files(forms, seed, lazy=True, **options) == files(forms, seed, lazy=False, **options)


@settings(max_examples=300 if PROOF else 20, deadline=None)
@given(forms=MEMBERS, seed=st.integers(0, 10_000), chunk=st.integers(1, 300), lazy=st.booleans())
def test_chunks_never_change_a_byte(forms, seed, chunk, lazy):
    """Cut anywhere, the timeline gives the same events, result, trades and equity. (B-38, D-09)"""
    assert files(forms, seed, chunk_steps=chunk, lazy=lazy) == files(forms, seed)


class Busy(Strategy):
    """Place several orders a step without looking at anything, then look at everything in some order."""

    def on_bar(self, bar):
        for _ in range(bar.index % 4 + 1):
            self.buy(quantity=1, limit=bar.close * 0.99, expire_bars=2)
        if bar.index % 97 == 0:
            self.cancel()
            self.close()


def test_orders_of_many_steps_pile_up_and_keep_their_order():
    """Hundreds of steps may wait with their orders before anybody looks. (B-12)"""
    bars = {"A": walk("A", 900, 5)}
    results = []
    for lazy in (True, False):
        run = orchestrate([(Busy(), Decimal(1), None)], configuration("A", lazy=lazy))
        with tempfile.TemporaryDirectory() as folder:
            results.append(reproduced(run.run(bars, Decimal(100_000)), Path(folder)))
    assert results[0] == results[1]
    assert results[0]["events.jsonl"].count(b"ORDER_CREATED") > 900


@settings(max_examples=100 if PROOF else 12, deadline=None)
@given(seed=st.integers(0, 10_000), reads=st.lists(st.integers(0, 9), min_size=3, max_size=12))
def test_reading_never_changes_what_happens(seed, reads):
    """Positions, accounts, orders and bars may be read in any order and as often as one likes. (B-15)"""

    class Curious(Reversal):
        def on_bar(self, bar):
            look(self, bar, reads[bar.index % len(reads)])
            super().on_bar(bar)
            look(self, bar, reads[(bar.index + 1) % len(reads)])

    bars = {"A": walk("A", 150, seed)}
    results = []
    for form in (Curious, Reversal):
        run = orchestrate([(named(form(), "same"), Decimal(1), None)], configuration("A"))
        with tempfile.TemporaryDirectory() as folder:
            results.append(reproduced(run.run(bars, Decimal(100_000)), Path(folder)))
    assert results[0] == results[1]


def look(strategy, bar, what):
    position, account = strategy.position, strategy.account
    _ = (
        lambda: position.open_profit,
        lambda: (account.equity, account.cash, account.used),
        lambda: strategy.orders,
        lambda: (position.is_flat, position.is_long, position.is_short),
        lambda: position.entry_price,
        lambda: position.stop,
        lambda: (account.available, account.reserved, account.realised, account.fees, account.allocated),
        lambda: strategy.z[3],
        lambda: bar.copy().time,
        lambda: (position.quantity, position.bars_held, position.open_return, position.exact_entry_price),
    )[what]()


def test_two_coded_strategies_in_slow_time_stay_in_step():
    """Cells that decide at different times are called in portfolio order within each step. (B-04)"""
    calls = []

    class Telling(SlowCode):
        def on_bar(self, bar):
            calls.append((bar.time, bar.symbol, self.strategy_id))

    class Fast(Strategy):
        def on_bar(self, bar):
            calls.append((bar.time, bar.symbol, self.strategy_id))

    bars = {symbol: walk(symbol, 60, 2, missing=0.1) for symbol in SYMBOLS}
    entries = [(named(Telling(), "0"), Decimal("0.5"), None), (named(Fast(), "1"), Decimal("0.5"), None)]
    orchestrate(entries, configuration(*SYMBOLS, chunk_steps=7)).run(bars, Decimal(100_000))
    fast = [call for call in calls if call[2] == "1"]
    assert len(fast) == sum(len(series) for series in bars.values())
    assert fast == sorted(fast)
    assert len({call[0] for call in calls if call[2] == "0"}) > 20
