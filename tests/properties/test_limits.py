"""Limits hold at every event, whatever the market and the strategies do."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from random_portfolio import Portfolio, portfolios, within_ledger

from podium.core.events import EventKind, Reason
from podium.core.money import RATE_SCALE
from podium.engine.tables import REACHED, LimitAction, LimitScope

FEW = 25 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 150
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW
BLOCKS = {LimitAction.BLOCK, LimitAction.CLOSE, LimitAction.STOP}


class Book:
    """Follow what every cell holds through the fills of one half step, from what it was worth before."""

    def __init__(self, portfolio: Portfolio, engine: Any) -> None:
        tables = engine.tables
        self.portfolio, self.unit = portfolio, tables.instruments["money_per_tick_lot"]
        self.lots = [int(lots) for lots in tables.cells["quantity"]]
        self.worth = [int(worth) for worth in tables.cells["exposure"]]
        account = tables.run[0]
        self.equity = int(account["limits"]["equity"])

    def fill(self, event: Any) -> None:
        """Follow one fill."""
        cell, lots = int(event["cell"]), int(event["quantity"])
        if event["exit"]:
            held = abs(self.lots[cell])
            self.worth[cell] -= round_half_even(self.worth[cell] * lots, held)
        else:
            self.worth[cell] += int(event["notional"])
        self.lots[cell] += int(event["side"]) * lots

    def gross(self, chosen: Any) -> int:
        """Sum what the chosen cells are worth."""
        return sum(worth for worth, cell in zip(self.worth, self.portfolio.cells, strict=True) if chosen(cell))

    def net(self) -> int:
        """Give what long positions are worth beyond short ones."""
        return sum(worth if lots > 0 else -worth for worth, lots in zip(self.worth, self.lots, strict=True))

    def bound(self, ratio: int, bound: int) -> int:
        """Give a limit in units."""
        return max(self.equity, 0) * ratio // RATE_SCALE if ratio else bound

    def check(self, event: Any) -> None:
        """Hold what an entry has made of the portfolio against the limits, in plain whole numbers."""
        limits = self.portfolio.limits
        cell = self.portfolio.cells[int(event["cell"])]
        found = {
            Reason.ORDER_VALUE: int(event["notional"]),
            Reason.OPEN_POSITIONS: sum(lots != 0 for lots in self.lots),
            Reason.GROSS_EXPOSURE: self.gross(lambda _: True),
            Reason.NET_EXPOSURE: self.net() * int(event["side"]),
            Reason.SYMBOL_EXPOSURE: self.gross(lambda each: each.symbol == cell.symbol),
            Reason.STRATEGY_EXPOSURE: self.gross(lambda each: each.strategy == cell.strategy),
        }
        for reason, value in found.items():
            # A position that was there before is no new one.
            grows = reason != Reason.OPEN_POSITIONS or abs(self.lots[int(event["cell"])]) == int(event["quantity"])
            if reason in limits.limits and grows:
                limit = limits.limits[reason]
                assert value <= self.bound(limit.ratio, limit.bound), reason.wire
        for group in limits.groups:
            if cell.symbol in group.symbols:
                value = self.gross(lambda each, group=group: each.symbol in group.symbols)
                assert value <= self.bound(group.ratio, group.bound)


def round_half_even(product: int, divisor: int) -> int:
    """Divide as the ledger does."""
    whole, rest = divmod(product, divisor)
    return whole + (2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1))


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(limited=True))
def test_no_entry_ever_makes_more_of_a_limit_than_it_allows(portfolio):
    """After every fill that enters, recomputed from the events: values, exposures, positions (A-26, A-102)."""
    # Neither closes at the close nor splits: what a cell is worth then follows from its fills alone.
    flows = portfolio.flows[portfolio.flows["kind"] != Reason.SPLIT]
    portfolio = replace(portfolio, options=replace(portfolio.options, fill_at_close=False), flows=flows)
    engine = portfolio.engine()
    seen = 0
    for half_step in range(2 * len(engine.timeline)):
        portfolio.move(engine)
        portfolio.send(engine, half_step / 2, half_step / 2 + 0.5)
        book = Book(portfolio, engine)
        within_ledger(engine.advance, half_step + 1)
        events = np.concatenate(engine.events())
        for event in events[seen:]:
            if event["kind"] == EventKind.ORDER_FILLED:
                book.fill(event)
                if not event["exit"]:
                    book.check(event)
        seen = len(events)
        cells, limits = engine.tables.cells, engine.tables.run[0]["limits"]
        assert [int(worth) for worth in cells["exposure"]] == book.worth or half_step % 2
        whole = limits["scopes"][0]
        assert int(whole["long"]) + int(whole["short"]) == sum(map(int, cells["exposure"]))
        assert int(whole["risk"]) == sum(map(int, cells["risk"]))
        assert int(limits["positions"]) == np.count_nonzero(cells["quantity"])


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(limited=True))
def test_nothing_is_entered_while_the_account_is_blocked(portfolio):
    """Between a breach and its release no entry works or trades; after ``stop`` never again. Fails closed (C-68)."""
    events = np.concatenate(portfolio.run().events())
    blocked: set[int] = set()
    for event in events:
        kind, reason = int(event["kind"]), int(event["reason"])
        action = LimitAction(int(event["order_kind"])) if kind == EventKind.LIMIT_REACHED else None
        if action is LimitAction.STOP and (event["maker"] != LimitScope.CELL or reason <= Reason.POSITION_RISK):
            blocked.add(-1)
        elif action in BLOCKS and event["maker"] == LimitScope.PORTFOLIO:
            blocked.add(reason)
        elif kind == EventKind.LIMIT_RELEASED and event["maker"] == LimitScope.PORTFOLIO:
            blocked.discard(reason)
        elif kind in (EventKind.ORDER_CREATED, EventKind.ORDER_FILLED) and not event["exit"]:
            assert not blocked


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(portfolios(limited=True))
def test_every_refusal_by_a_limit_tells_the_limit_the_value_and_what_was_asked(portfolio):
    """Just before each entry that a limit refuses stands what it would have made of it (A-26)."""
    events = np.concatenate(portfolio.run().events())
    ended = np.isin(events["kind"], [EventKind.SIGNAL_REJECTED, EventKind.ORDER_CANCELLED])
    for row in np.flatnonzero(ended & (events["reason"] >= Reason.ORDERS_PER_MINUTE) & (events["reason"] <= 64)):
        told = [before for before in events[max(row - 9, 0) : row] if before["kind"] == EventKind.LIMIT_REACHED]
        same = [before for before in told if before["reason"] == events[row]["reason"]]
        assert same, Reason(int(events[row]["reason"])).wire
        if same[-1]["maker"] == LimitScope.CELL:
            overlay = same[-1].view(REACHED)
            assert overlay["asked"] > overlay["maximum"] or overlay["value"] > overlay["maximum"]
