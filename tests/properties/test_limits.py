"""Limits hold at every event, whatever the market and the strategies do."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_portfolio import Portfolio, make_portfolio, portfolios, within_ledger

from podium.core.events import EventKind, Reason
from podium.core.money import RATE_SCALE
from podium.engine.limits import Limit
from podium.engine.tables import REACHED, Action, LevelMode, LimitAction, LimitScope

FEW = 25 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 150
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW
MINUTE = 60_000_000_000
EXPOSURES = (Reason.GROSS_EXPOSURE, Reason.NET_EXPOSURE, Reason.SYMBOL_EXPOSURE, Reason.STRATEGY_EXPOSURE)
BLOCKS = {LimitAction.BLOCK, LimitAction.CLOSE, LimitAction.STOP}


#: Where every entry of :func:`stopped` has its stop, of its price.
STOP = RATE_SCALE // 20


class Book:
    """Follow cash, positions and what they risk through the events alone, at closes read from the bars."""

    def __init__(self, portfolio: Portfolio) -> None:
        self.portfolio, unit = portfolio, portfolio.unit
        self.units = [unit.money_per_tick_lot(each) for each in portfolio.instruments]
        self.cash = sum(unit.to_units(deposit) for deposit in portfolio.deposits) + portfolio.limits.unallocated
        self.lots = [0 for _ in portfolio.cells]
        self.stops = list(self.lots)
        self.minute, self.orders = -1, 0

    def open(self, time: int) -> None:
        """Mark everything at the closes before a time."""
        before = [int(np.searchsorted(each.close_time, time)) - 1 for each in self.portfolio.symbols]
        closes = zip(self.portfolio.symbols, before, strict=True)
        self.marks = [int(each.close[row]) if row >= 0 else 0 for each, row in closes]
        values = [lots * self.price_of(cell, self.mark(cell)) for cell, lots in enumerate(self.lots)]
        self.equity = self.cash + sum(values)
        self.worth = [abs(value) for value in values]
        self.risk = [abs(lots) * self.risk_of(cell, self.mark(cell)) for cell, lots in enumerate(self.lots)]

    def mark(self, cell: int) -> int:
        """Give the last close of a cell's symbol, in ticks."""
        return self.marks[self.portfolio.cells[cell].symbol]

    def price_of(self, cell: int, ticks: int) -> int:
        """Give what a lot is worth at a price, in units."""
        return ticks * self.units[self.portfolio.cells[cell].symbol]

    def risk_of(self, cell: int, ticks: int) -> int:
        """Give what a lot loses from a price to the stop: everything where the price has passed it."""
        distance = (ticks - self.stops[cell]) * (1 if self.lots[cell] > 0 else -1)
        return self.price_of(cell, distance if distance > 0 else ticks)

    def follow(self, event: Any) -> None:
        """Follow one event."""
        kind, cell, lots = int(event["kind"]), int(event["cell"]), int(event["quantity"])
        if kind in (EventKind.ORDERS_NETTED, EventKind.CARRY_POSTED):
            # A settlement pays what the positions have earned at the marks already.
            self.cash += int(event["realised"]) if event["reason"] != Reason.SETTLEMENT else 0
        elif kind == EventKind.ORDER_FILLED:
            side, price = int(event["side"]), int(event["price"])
            notional = lots * self.price_of(cell, price)
            self.cash -= side * notional + int(event["fee"])
            held = abs(self.lots[cell])
            self.lots[cell] += side * lots
            if event["exit"]:
                self.worth[cell] -= round_half_even(self.worth[cell] * lots, held)
                self.risk[cell] -= round_half_even(self.risk[cell] * lots, held)
            else:
                self.worth[cell] += notional
                self.stops[cell] = max(price - side * round_half_even(STOP * price, RATE_SCALE), 1)
                self.risk[cell] = abs(self.lots[cell]) * self.risk_of(cell, price)

    def gross(self, chosen: Any) -> int:
        """Sum what the chosen cells are worth."""
        return sum(worth for worth, cell in zip(self.worth, self.portfolio.cells, strict=True) if chosen(cell))

    def net(self) -> int:
        """Give what long positions are worth beyond short ones."""
        return sum(worth if lots > 0 else -worth for worth, lots in zip(self.worth, self.lots, strict=True))

    def bound(self, limit: Any) -> int:
        """Give a limit in units."""
        return max(self.equity, 0) * limit.ratio // RATE_SCALE if limit.ratio else limit.bound

    def amounts(self, event: Any) -> dict[Reason, int]:
        """Give what an entry has made of everything that is limited and does not depend on a stop."""
        cell = self.portfolio.cells[int(event["cell"])]
        return {
            Reason.ORDER_VALUE: int(event["quantity"]) * self.price_of(int(event["cell"]), int(event["price"])),
            Reason.OPEN_POSITIONS: sum(lots != 0 for lots in self.lots),
            Reason.GROSS_EXPOSURE: self.gross(lambda _: True),
            Reason.NET_EXPOSURE: self.net() * int(event["side"]),
            Reason.SYMBOL_EXPOSURE: self.gross(lambda each: each.symbol == cell.symbol),
            Reason.STRATEGY_EXPOSURE: self.gross(lambda each: each.strategy == cell.strategy),
        }

    def risks(self, event: Any) -> dict[Reason, int]:
        """Give what an entry has made of what may be lost."""
        cell = int(event["cell"])
        each = self.risk_of(cell, int(event["price"]))
        return {
            Reason.TRADE_RISK: int(event["quantity"]) * each,
            Reason.POSITION_RISK: abs(self.lots[cell]) * each,
            Reason.TOTAL_RISK: sum(self.risk),
        }

    def check(self, event: Any, found: dict[Reason, int]) -> None:
        """Hold what an entry has made of the portfolio against the limits, in plain whole numbers."""
        limits, index = self.portfolio.limits, int(event["cell"])
        if abs(self.lots[index]) > int(event["quantity"]):
            # A position that was there before is no new one.
            found.pop(Reason.OPEN_POSITIONS, None)
        for reason, value in found.items():
            if reason in limits.limits:
                assert value <= self.bound(limits.limits[reason]), reason.wire
        for group in limits.groups:
            if self.portfolio.cells[index].symbol in group.symbols:
                assert self.gross(lambda each, group=group: each.symbol in group.symbols) <= self.bound(group)
        deviation = limits.limits.get(Reason.PRICE_DEVIATION)
        if deviation is not None:
            mark = self.mark(index)
            assert abs(int(event["price"]) - mark) <= mark * deviation.ratio // RATE_SCALE

    def count(self, event: Any, time: int) -> None:
        """Count an order that was made; an entry must have been within those of its minute."""
        limit = self.portfolio.limits.limits.get(Reason.ORDERS_PER_MINUTE)
        if time // MINUTE != self.minute:
            self.minute, self.orders = time // MINUTE, 0
        self.orders += 1
        assert limit is None or event["exit"] or self.orders <= limit.bound


def stopped(portfolio: Portfolio) -> Portfolio:
    """Give every entry the same stop and no other level, so that what it risks follows from its price."""
    cells, commands = [], []
    for cell in portfolio.cells:
        if cell.signals is None:
            cells.append(cell)
            continue
        plan = cell.plan.copy()
        for name in ("mode", "value", "target_count", "trail_after", "break_even_after"):
            plan[name] = 0
        plan["mode"][0], plan["value"][0], plan["series"] = LevelMode.RATIO, STOP, -1
        cells.append(replace(cell, plan=plan, levels=()))
    for command in portfolio.commands:
        if command["action"] != Action.PROTECT:
            row = command.copy()
            for name in ("trail_mode", "trail_after", "target_count", "break_even_after"):
                row[name] = 0
            row["stop_mode"], row["stop"] = LevelMode.RATIO, STOP
            commands.append(row)
    return replace(portfolio, cells=tuple(cells), commands=commands)


def round_half_even(product: int, divisor: int) -> int:
    """Divide as the ledger does."""
    whole, rest = divmod(product, divisor)
    return whole + (2 * rest > divisor or (2 * rest == divisor and whole % 2 == 1))


def seldom(portfolio: Portfolio, pace: int) -> Portfolio:
    """Let strategies decide in one step of so many, so that entries rest while the market moves and nobody looks."""
    cells = []
    for cell in portfolio.cells:
        if cell.signals is not None:
            signals = cell.signals.copy()
            signals[np.arange(len(signals)) % pace != 0] = 0
            cell = replace(cell, signals=signals)  # noqa: PLW2901
        cells.append(cell)
    commands = [row for row in portfolio.commands if row["step"] % pace == 0]
    return replace(portfolio, cells=tuple(cells), commands=commands)


def hold(portfolio: Portfolio, found: Any) -> None:
    """Run a portfolio half step by half step, and hold every entry against the limits through a book of our own."""
    # Neither closes at the close nor splits: what a cell is worth then follows from its fills alone.
    flows = portfolio.flows[portfolio.flows["kind"] != Reason.SPLIT]
    # The book counts in one currency; what is converted is held against limits in the engine's own tests.
    options = replace(portfolio.options, fill_at_close=False)
    portfolio = replace(portfolio, options=options, flows=flows, conversion=None)
    engine, book, seen = portfolio.engine(), Book(portfolio), 0
    for half_step in range(2 * len(engine.timeline)):
        time = int(engine.timeline.times[half_step // 2])
        portfolio.move(engine)
        portfolio.send(engine, half_step / 2, half_step / 2 + 0.5)
        if half_step % 2 == 0:
            book.open(time)
        within_ledger(engine.advance, half_step + 1)
        events = np.concatenate(engine.events())
        for event in events[seen:]:
            book.follow(event)
            if event["kind"] == EventKind.ORDER_FILLED and not event["exit"]:
                book.check(event, found(book, event))
            elif event["kind"] == EventKind.ORDER_CREATED:
                book.count(event, time)
        seen = len(events)
        cells, limits = engine.tables.cells, engine.tables.run[0]["limits"]
        whole = limits["scopes"][0]
        assert int(whole["long"]) + int(whole["short"]) == sum(map(int, cells["exposure"]))
        assert int(whole["risk"]) == sum(map(int, cells["risk"]))
        assert int(limits["positions"]) == np.count_nonzero(cells["quantity"])


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(limited=True), st.integers(1, 8))
def test_no_entry_ever_makes_more_of_a_limit_than_it_allows(portfolio, pace):
    """After every fill that enters, recomputed from bars and fills: values, exposures, counts, prices (A-26, A-102)."""
    hold(seldom(portfolio, pace), Book.amounts)


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(portfolios(80, limited=True), st.sampled_from(EXPOSURES), st.sampled_from((10, 5, 2)), st.integers(1, 8))
# Another fee tier holds from the step on at which what is held against the limit must be added up anew.
@example(make_portfolio(seed=51, symbols=3, strategies=3, hours=51, limited=True), Reason.NET_EXPOSURE, 10, 3)
def test_an_exposure_holds_where_no_other_limit_comes_first(portfolio, reason, part, pace):
    """One limit of a part of the equity alone, so that the market carries portfolios to it from all sides (A-26)."""
    alone = {reason: Limit(action=LimitAction.REDUCE, ratio=RATE_SCALE // part)}
    limits = replace(portfolio.limits, limits=alone, groups=(), streak=())
    hold(seldom(replace(portfolio, limits=limits), pace), Book.amounts)


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(limited=True), st.integers(1, 8))
def test_no_entry_ever_risks_more_than_it_may(portfolio, pace):
    """The same for what a trade, a position and the portfolio lose when every stop is hit (A-26, A-102)."""
    hold(seldom(stopped(portfolio), pace), Book.risks)


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(limited=True))
def test_nothing_is_entered_while_the_account_is_blocked(portfolio):
    """Between a breach and its release no entry works or trades; after ``stop`` never again. Fails closed (C-68)."""
    events = np.concatenate(portfolio.run().events())
    blocked: set[int] = set()
    for event in events:
        kind, reason = int(event["kind"]), int(event["reason"])
        action = LimitAction(int(event["order_kind"])) if kind == EventKind.LIMIT_REACHED else None
        if action is LimitAction.STOP:
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
