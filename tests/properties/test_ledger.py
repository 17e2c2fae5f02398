"""The ledger is exact: an independent recomputation in ``Decimal`` agrees to the last unit, at every event."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from random_portfolio import make_portfolio, portfolios, within_ledger

from podium.backtest.postings import attribute
from podium.core.errors import InvariantBroken
from podium.core.events import EventKind, Reason
from podium.engine.audit import audit_events

#: Plain Python (for coverage) is a hundred times slower than the compiled kernels.
FEW = 25 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 120
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW
MONEY = ("deposited", "allocated", "cash", "used", "reserved", "realised", "fees", "carried", "transferred", "equity")


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios())
def test_recomputation_from_the_fills_agrees_to_the_last_unit(portfolio):
    """Cash, used, allocated, realised, fees and positions at every event, and the accounts at the end (B-20 to B-24)."""
    engine = portfolio.run()
    accounts, positions = portfolio.audit(engine)
    assert all(position.quantity == 0 for position in positions)
    for account, row in zip(accounts, engine.tables.accounts, strict=True):
        for name in ("deposited", "cash", "used", "realised", "fees", "carried", "transferred"):
            assert engine.unit.to_decimal(int(row[name])) == getattr(account, name), name
        assert row["equity"] == row["cash"]
        assert row["reserved"] == 0


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios())
def test_the_result_is_attributed_to_the_last_unit_at_every_event(portfolio):
    """Whatever is on, events alone explain every account at each of them, and the change of equity at the end (D-05)."""
    engine = portfolio.run(finish=portfolio.options.optimistic)
    total = engine.tables.run[0]["portfolio"]
    change = int(total["equity"]) - int(total["deposited"]) - int(total["transferred"])
    attribution = attribute(
        engine,
        strategies=[str(strategy) for strategy in range(len(portfolio.deposits))],
        members=[cell.strategy for cell in portfolio.cells],
        symbols=[str(cell.symbol) for cell in portfolio.cells],
        change=engine.unit.to_decimal(change),
        currency="USDT",
        is_checked=True,
    )
    assert attribution.residual == 0
    moved = sum((row.amount for row in attribution.rows if row.reason == "rebalancing"), Decimal(0))
    assert moved == 0
    for strategy, account in enumerate(engine.tables.accounts):
        mine = sum((row.amount for row in attribution.rows if row.strategy_id == str(strategy)), Decimal(0))
        assert mine == engine.unit.to_decimal(int(account["equity"]) - int(account["deposited"]))


def _open_result(tables, cell, value):
    """What a position would bring now beyond what it binds: collateral and result, exchanged back at the last rate."""
    instrument = tables.instruments[cell["symbol"]]
    result = int(cell["quantity"]) * int(instrument["mark"]) * value - int(cell["cost"])
    if instrument["currency"] == 0:
        return result
    rate = Fraction(int(instrument["rate_numerator"]), int(instrument["rate_denominator"]))
    return round((int(cell["collateral"]) + result) * rate) - int(cell["margin"])


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(hours=25))
def test_accounts_and_unallocated_sum_to_the_portfolio_at_every_half_step(portfolio):
    """Every movement is posted twice; equity is what positions are worth at the marks; used ≤ allocated (design 4)."""
    engine = portfolio.engine()
    steps = len(engine.timeline)
    tables = engine.tables
    value = tables.instruments["money_per_tick_lot"]
    for half_step in range(2 * steps + 1):
        portfolio.send(engine, half_step / 2, half_step / 2 + 0.5)
        within_ledger(engine.advance, min(half_step + 1, 2 * steps))
        portfolio.move(engine)
        for name in MONEY:
            saved = int(tables.run[0]["netting"][name])
            assert sum(map(int, tables.accounts[name])) + saved == int(tables.run[0]["portfolio"][name]), name
        for strategy, account in enumerate(tables.accounts):
            cells = tables.cells[tables.cells["strategy"] == strategy]
            open_result = sum(_open_result(tables, cell, int(value[cell["symbol"]])) for cell in cells)
            working = [
                int(cell["orders"]["reserved"][slot])
                for cell in cells
                for slot in range(8)
                if int(cell["working"]) >> slot & 1
            ]
            assert int(account["equity"]) == int(account["cash"]) + int(account["used"]) + open_result
            assert int(account["used"]) == sum(map(int, cells["margin"]))
            assert int(account["reserved"]) == sum(working)
            assert 0 <= account["used"] <= account["allocated"]
    recorded = tables.equity.T.sum(axis=1)
    assert steps == 0 or int(recorded[-1]) == int(tables.run[0]["portfolio"]["equity"])


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(portfolios(hours=25))
def test_what_is_due_is_posted_to_every_position_once(portfolio):
    """Each flow meets each position of its symbol: before the bar acts, or at its close (design 4)."""
    engine = portfolio.engine()
    held = []
    for half_step in range(2 * len(engine.timeline)):
        portfolio.send(engine, half_step / 2, half_step / 2 + 0.5)
        held.append(engine.tables.cells["quantity"].copy())
        within_ledger(engine.advance, half_step + 1)
    held.append(engine.tables.cells["quantity"].copy())
    events = np.concatenate(engine.events())
    # What falls due at a close meets a position before it is liquidated at the same close.
    liquidated = {
        (int(fill["step"]), int(fill["cell"])): -int(fill["side"]) * int(fill["quantity"])
        for fill in events[(events["kind"] == EventKind.ORDER_FILLED) & (events["reason"] == Reason.LIQUIDATION)]
    }
    events = events[np.isin(events["kind"], [15, 16])]
    posted = {(int(row["step"]), int(row["cell"]), int(row["reason"])) for row in events}
    splits = {(int(flow["step"]), int(flow["symbol"])) for flow in portfolio.flows if flow["kind"] == 74}
    due = set()
    for flow in portfolio.flows:
        if flow["kind"] != 74 and (int(flow["step"]), int(flow["symbol"])) in splits:
            continue  # a split may leave nothing to hold
        for index, cell in enumerate(engine.tables.cells):
            step, phase = int(flow["step"]), int(flow["phase"])
            quantity = held[2 * step + phase][index] or (liquidated.get((step, index), 0) if phase else 0)
            if cell["symbol"] == flow["symbol"] and (quantity < 0 if flow["kind"] == 71 else quantity != 0):
                due.add((int(flow["step"]), index, int(flow["kind"])))
    assert due == {row for row in posted if (row[0], int(engine.tables.cells["symbol"][row[1]])) not in splits
                   or row[2] == 74}  # fmt: skip


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(portfolios(hours=25))
def test_equity_covers_the_maintenance_margin_after_every_settlement(portfolio):
    """Whoever holds positions after a step is settled has the equity that must stand behind them (design 4)."""
    engine = portfolio.engine()
    tables = engine.tables
    for half_step in range(2 * len(engine.timeline)):
        portfolio.send(engine, half_step / 2, half_step / 2 + 0.5)
        within_ledger(engine.advance, half_step + 1)
        for strategy, account in enumerate(tables.accounts):
            least = Decimal(0)
            for cell in tables.cells[tables.cells["strategy"] == strategy]:
                instrument, row = portfolio.instruments[cell["symbol"]], tables.instruments[cell["symbol"]]
                quantity = abs(int(cell["quantity"])) * instrument.lot
                worth = quantity * int(row["mark"]) * instrument.tick * instrument.multiplier
                rate = Decimal(int(row["rate_numerator"])) / int(row["rate_denominator"]) if row["currency"] else 1
                least += (
                    rate * quantity * (instrument.maintenance_margin or 0) + rate * worth * instrument.maintenance_rate
                )
            if half_step % 2 == 0 and least > 0:
                # The engine rounds what each position needs to the unit.
                slack = engine.unit.to_decimal(len(tables.cells))
                assert engine.unit.to_decimal(int(account["equity"])) >= least - slack


def _tampered(name, amount):
    portfolio = make_portfolio(seed=4, symbols=2, strategies=2, hours=40)
    engine = portfolio.run()
    blocks = [block.copy() for block in engine.events()]
    fills = np.flatnonzero(blocks[0]["kind"] == 6)
    blocks[0][name][fills[len(fills) // 2]] += amount
    cells = [(cell.strategy, cell.symbol) for cell in portfolio.cells]
    return blocks, {
        "cells": cells,
        "instruments": portfolio.instruments,
        "deposits": portfolio.deposits,
        "digits": portfolio.unit.digits,
        "compounding": portfolio.options.compounding,
        "flows": portfolio.flows,
        "netted": portfolio.options.netted,
        "rates": portfolio.rates,
    }


@pytest.mark.parametrize(
    "name", ["notional", "fee", "realised", "cash", "used", "allocated", "position", "price", "quantity"]
)
def test_the_audit_notices_a_single_unit(name):
    """A check that cannot fail proves nothing: one unit, tick or lot more in one fill is found."""
    blocks, given_ = _tampered(name, 1)
    with pytest.raises(InvariantBroken):
        audit_events(blocks, **given_)


def test_the_audit_passes_what_is_right():
    """The counterpart of the test above."""
    blocks, given_ = _tampered("cash", 0)
    accounts, _ = audit_events(blocks, **given_)
    assert sum(account.deposited for account in accounts) == sum(given_["deposits"], Decimal(0))


def test_the_audit_notices_a_missing_fill():
    """Leaving out one fill breaks every sum behind it."""
    blocks, given_ = _tampered("cash", 0)
    fills = np.flatnonzero(blocks[0]["kind"] == 6)
    with pytest.raises(InvariantBroken):
        audit_events([np.delete(blocks[0], fills[0])], **given_)


@settings(max_examples=EXAMPLES // 4, deadline=None)
@given(portfolios())
def test_a_strategy_alone_gets_what_it_gets_in_company(portfolio):
    """Signals, orders, fills and equity of a strategy are those it has in a portfolio of its own (B-30, B-32)."""
    portfolio = portfolio.alone()
    together = portfolio.run()
    for strategy in range(len(portfolio.deposits)):
        mine = [index for index, cell in enumerate(portfolio.cells) if cell.strategy == strategy]
        commands = []
        for command in portfolio.commands:
            if int(command["cell"]) in mine:
                own = command.copy()
                own["cell"] = mine.index(int(command["cell"]))
                commands.append(own)
        alone = replace(
            portfolio,
            deposits=(portfolio.deposits[strategy],),
            cells=tuple(replace(portfolio.cells[index], strategy=0) for index in mine),
            commands=commands,
        ).run()
        expected = np.concatenate(alone.events())
        found = np.concatenate(together.events())
        found = found[np.isin(found["cell"], mine) & (found["kind"] != 3)].copy()
        found["cell"] = np.searchsorted(mine, found["cell"])
        assert found.tobytes() == expected[expected["kind"] != 3].tobytes()
        assert together.equity[:, strategy].tobytes() == alone.equity[:, 0].tobytes()
