"""Netting changes nothing for strategies, and what it saves is exact."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from random_portfolio import make_portfolio, portfolios

from podium.core.errors import InvariantBroken
from podium.core.events import EventKind

#: Plain Python (for coverage) is a hundred times slower than the compiled kernels.
FEW = 15 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 100
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW


def executed(portfolio, *, netted):
    """Run a portfolio with one kind of execution; without what looks at the whole account: its volume, its equity."""
    portfolio = replace(portfolio, fee_tiers=(), limits=None, options=replace(portfolio.options, netted=netted))
    return portfolio, portfolio.run()


def told(events):
    """Give events as bytes; some stand beside the portfolio's account, to which savings belong."""
    events = events.copy()
    events["cash"][np.isin(events["kind"], (EventKind.CONFLICT_DETECTED, EventKind.FEE_TIER_CHANGED))] = 0
    return events.tobytes()


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios())
def test_netted_and_separate_execution_give_each_strategy_the_same(portfolio):
    """Signals, orders, fills, positions, accounts and equity, to the last byte; the portfolio has what was saved."""
    _, separate = executed(portfolio, netted=False)
    _, netted = executed(portfolio, netted=True)
    events = np.concatenate(netted.events())
    is_netting = events["kind"] == EventKind.ORDERS_NETTED
    assert told(events[~is_netting]) == told(np.concatenate(separate.events()))
    for name in ("accounts", "cells"):
        assert getattr(netted.tables, name).tobytes() == getattr(separate.tables, name).tobytes()
    strategies = len(portfolio.deposits)
    assert np.array_equal(netted.equity[:, :strategies], separate.equity)
    whole, plain, saving = netted.tables.run[0], separate.tables.run[0], netted.tables.run[0]["netting"]
    for name in ("deposited", "allocated", "cash", "used", "reserved", "realised", "fees", "equity"):
        assert int(whole["portfolio"][name]) == int(plain["portfolio"][name]) + int(saving[name]), name
    assert int(saving["cash"]) == int(events["realised"][is_netting].sum()) == int(saving["equity"])
    # What was saved up to each step is the last column of the equity.
    steps = np.bincount(
        events["step"][is_netting], weights=events["realised"][is_netting], minlength=len(netted.timeline)
    )
    assert np.allclose(np.cumsum(steps), netted.equity[:, strategies], rtol=1e-12, atol=1)


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios())
def test_what_goes_out_and_what_crosses_is_what_strategies_traded(portfolio):
    """No lot is lost or made: the difference of both sides goes out, the smaller side crosses."""
    _, engine = executed(portfolio, netted=True)
    events = np.concatenate(engine.events())
    symbols = engine.tables.cells["symbol"][events["cell"]]
    fills = (events["kind"] == EventKind.ORDER_FILLED) & (events["order_kind"] == 1)
    previous = -1
    for row in np.flatnonzero(events["kind"] == EventKind.ORDERS_NETTED):
        event = events[row]
        mine = np.flatnonzero(fills & (symbols == symbols[row]) & (events["step"] == event["step"]))
        mine = mine[(mine < row) & (mine > previous)] if portfolio.options.fill_at_close else mine[mine < row]
        mine = mine[-int(event["order"]) :]
        signed = events["side"][mine].astype(np.int64) * events["quantity"][mine]
        assert int(event["side"]) * int(event["quantity"]) == int(signed.sum())
        assert int(event["position"]) == min(int(signed[signed > 0].sum()), -int(signed[signed < 0].sum()))
        paid = int(events["fee"][mine].sum() + events["slippage"][mine].sum())
        assert int(event["realised"]) == paid - int(event["fee"]) - int(event["slippage"])


def _blocks():
    portfolio, engine = executed(make_portfolio(seed=3, symbols=2, strategies=3, hours=40), netted=True)
    return portfolio, engine, [block.copy() for block in engine.events()]


def _audit(portfolio, engine, blocks):
    engine.events = lambda: blocks
    return portfolio.audit(engine)


@pytest.mark.parametrize(
    "name",
    ["order", "side", "quantity", "position", "price", "notional", "fee", "slippage", "realised", "cash", "used"],
)
def test_the_audit_notices_a_single_unit_of_netting(name):
    """One unit, tick, lot or order more in one event is found (B-29)."""
    portfolio, engine, blocks = _blocks()
    rows = np.flatnonzero(blocks[0]["kind"] == EventKind.ORDERS_NETTED)
    blocks[0][name][rows[len(rows) // 2]] += 1
    with pytest.raises(InvariantBroken):
        _audit(portfolio, engine, blocks)


def test_the_audit_notices_orders_that_were_not_netted():
    """Leaving out the last one moves no later balance, and is found all the same."""
    portfolio, engine, blocks = _blocks()
    _audit(portfolio, engine, blocks)
    rows = np.flatnonzero(blocks[0]["kind"] == EventKind.ORDERS_NETTED)
    with pytest.raises(InvariantBroken, match="market orders are netted"):
        _audit(portfolio, engine, [np.delete(blocks[0], rows[-1])])
