"""No bar trades more than its share, and no lot of an order is lost."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from random_portfolio import make_portfolio, portfolios

from podium.core.events import EventKind, Reason

FEW = 25 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 120
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW


#: Closings that no limit holds up.
FREE = (Reason.END_OF_DATA, Reason.LIQUIDATION)


def limited(portfolio, limit):
    """Limit every symbol that has volumes."""
    instruments = [
        replace(each, volume_limit=limit) if ticks.volume is not None else each
        for each, ticks in zip(portfolio.instruments, portfolio.symbols, strict=True)
    ]
    return replace(portfolio, instruments=tuple(instruments))


def limited_portfolios():
    """Draw portfolios whose symbols have volumes, and limit them."""
    return st.builds(limited, portfolios(), st.sampled_from([Decimal("0.03"), Decimal("0.5"), Decimal(1)]))


@settings(max_examples=EXAMPLES, deadline=None)
@given(limited_portfolios())
def test_no_bar_trades_more_than_its_share(portfolio):
    """All fills on a symbol in a bar, of all strategies, orders and levels (D-05)."""
    engine = portfolio.run()
    traded: Counter[tuple[int, int]] = Counter()
    for event in np.concatenate(engine.events()):
        if event["kind"] == EventKind.ORDER_FILLED and event["reason"] not in FREE:
            symbol = portfolio.cells[int(event["cell"])].symbol
            row = engine.tables.instruments[symbol]
            steps = engine.timeline.bar_steps[int(row["first_bar"]) : int(row["last_bar"])]
            traded[symbol, int(np.searchsorted(steps, event["step"], side="right")) - 1] += int(event["quantity"])
    for (symbol, bar), lots in traded.items():
        limit = portfolio.instruments[symbol].volume_limit
        if limit is not None:
            assert lots <= int(portfolio.symbols[symbol].volume[bar] * limit)


@settings(max_examples=EXAMPLES, deadline=None)
@given(limited_portfolios())
def test_no_lot_of_an_order_is_lost(portfolio):
    """What was ordered traded, was reduced or was cancelled; without splits, after which a lot is another (D-05)."""
    assert leftovers(replace(portfolio, flows=None)) == {}


def leftovers(portfolio):
    """Give what is unaccounted for, by (cell, order)."""
    left: Counter[tuple[int, int]] = Counter()
    known = set()
    for event in np.concatenate(portfolio.run().events()):
        key, kind = (int(event["cell"]), int(event["order"])), int(event["kind"])
        if kind == EventKind.ORDER_CREATED and event["quantity"] > 0:
            known.add(key)
            left[key] += int(event["quantity"])
        elif kind == EventKind.ORDER_REDUCED and event["exit"] and event["reason"] == Reason.FLAT:
            pass  # more than there is to close was asked for, and never ordered
        elif kind in (EventKind.ORDER_FILLED, EventKind.ORDER_REDUCED, EventKind.ORDER_CANCELLED) and key in known:
            left[key] -= int(event["quantity"])
    return {key: lots for key, lots in left.items() if lots}


def test_limits_bite():
    """The properties above see many orders that wait."""
    count = 0
    for seed in range(30):
        portfolio = limited(make_portfolio(seed=seed, symbols=2, strategies=2, hours=40), Decimal("0.03"))
        events = np.concatenate(portfolio.run().events())
        count += int((events["kind"] == EventKind.ORDER_LIMITED).sum())
    assert count > 100
