"""Prices that a model made worse, recomputed in ``Decimal`` from what was known before each fill."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction

import numpy as np
from hypothesis import example, given, settings
from random_portfolio import make_portfolio, portfolios

from podium.core.events import EventKind, Reason
from podium.engine.tables import OrderKind

FEW = 25 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 120
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW
BILLION = 10**9


def up(value):
    """Round up to a whole number."""
    return value.to_integral_value(ROUND_CEILING)


def distance(portfolio, instrument, measure, fair, lots, *, ratio):
    """Compute by how many ticks a model moves a price."""
    model = instrument.slippage_model
    ratio = Decimal(ratio)
    if model is None:
        return min(up(fair * ratio / BILLION), 1 << 62)
    ratio += up(model.volatility * int(measure["volatility"]))
    if model.impact:
        share = Decimal(lots) / max(int(measure["mean_volume"]), 1)
        root = (min(share, Decimal(40_000)).sqrt() * 10**7).to_integral_value(ROUND_FLOOR)
        ratio += up(up(model.impact * int(measure["volatility"])) * root / 10**7)
    fixed = up((model.money / instrument.tick + model.ticks) * BILLION)
    return min(up(fair * min(ratio, Decimal(BILLION)) / BILLION + fixed / BILLION), fair)


def known_measure(engine, symbol, step):
    """Give what the last bar of a symbol up to a step told."""
    row = engine.tables.instruments[symbol]
    first, last = int(row["first_bar"]), int(row["last_bar"])
    before = int(np.searchsorted(engine.timeline.bar_steps[first:last], step, side="right"))
    return engine.tables.measures[first + before - 1] if engine.tables.run[0]["measured"] else None


def checked_fills(portfolio):
    """Recompute the price of every fill that pays slippage; give how many there were."""
    # How many ticks a fill slipped is read from the money that it cost.
    portfolio = replace(portfolio, conversion=None)
    engine = portfolio.run()
    count = reduced = 0
    for event in np.concatenate(engine.events()):
        # What capital or a limit turns out not to allow has come to the market, too.
        if event["kind"] == EventKind.ORDER_REDUCED and not event["exit"] and event["reason"] != Reason.POSITION_CLOSED:
            reduced += int(event["quantity"])
        if event["kind"] in {EventKind.ORDER_REDUCED, EventKind.LIMIT_REACHED}:
            continue
        wanted, reduced = int(event["quantity"]) + reduced, 0
        if portfolio.instruments[portfolio.cells[int(event["cell"])].symbol].volume_limit is not None:
            continue  # what comes to the market is the least of the wish and the room
        symbol = portfolio.cells[int(event["cell"])].symbol
        instrument = portfolio.instruments[symbol]
        model = instrument.slippage_model
        if event["kind"] != EventKind.ORDER_FILLED or event["reason"] == Reason.END_OF_DATA:
            continue
        slips = event["order_kind"] == OrderKind.MARKET or (
            event["order_kind"] == OrderKind.STOP and model is not None and model.stops
        )
        sized_late = portfolio.options.size_at_fill and not event["exit"] and model is not None and model.impact
        if not slips or sized_late:
            continue
        ratio = portfolio.slippage if instrument.slippage is None else int(instrument.slippage * BILLION)
        if not event["exit"] or portfolio.options.spread_on_exit:
            ratio += portfolio.spread if instrument.spread is None else int(instrument.spread * BILLION)
        side, price = int(event["side"]), int(event["price"])
        moved = Fraction(int(event["slippage"]), int(event["quantity"]) * portfolio.unit.money_per_tick_lot(instrument))
        fair = price - side * int(moved)
        # Liquidations trade at the close, too.
        at_close = event["reason"] == Reason.LIQUIDATION or (
            portfolio.options.fill_at_close and event["order_kind"] == OrderKind.MARKET
        )
        at_close = at_close or event["reason"] == Reason.LIQUIDATION
        measure = known_measure(engine, symbol, int(event["step"]) - (not at_close))
        expected = fair + side * distance(portfolio, instrument, measure, Decimal(fair), wanted, ratio=ratio)
        assert price == max(expected, 1), (event, measure)
        count += 1
    return count


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios())
@example(make_portfolio(seed=3, symbols=1, strategies=3, hours=1))  # a single bar has measures, too
@example(make_portfolio(seed=335201808, symbols=3, strategies=3, hours=26, limited=True))  # a limit reduces at the fill
def test_every_price_is_what_its_model_says(portfolio):
    """Ratio, spread, ticks, money, volatility and impact, rounded once against the trader (D-05)."""
    with localcontext(prec=60):
        checked_fills(portfolio)


def test_there_is_something_to_check():
    """The property above sees fills by the hundred."""
    with localcontext(prec=60):
        portfolios_ = [make_portfolio(seed=seed, symbols=2, strategies=2, hours=40) for seed in range(12)]
        assert sum(checked_fills(each) for each in portfolios_) > 100


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios())
def test_measures_are_those_of_the_bars_up_to_each(portfolio):
    """Volatility to a billionth and mean volume, one window at a time, in exact arithmetic (D-05)."""
    engine = portfolio.engine()
    first = 0
    for ticks, instrument in zip(portfolio.symbols, portfolio.instruments, strict=True):
        closes = [int(ticks.open[0]), *map(int, ticks.close)]
        model = instrument.slippage_model
        for row in range(len(ticks.close) if model is not None else 0):
            measure = engine.tables.measures[first + row]
            rows = range(max(0, row + 1 - model.window), row + 1)
            squares = [Fraction(closes[each + 1] - closes[each], closes[each]) ** 2 for each in rows]
            mean = Decimal(float(sum(squares) / len(rows)))
            assert abs(min(mean.sqrt(), Decimal(10)) * BILLION - int(measure["volatility"])) <= 1
            volumes = [int(ticks.volume[each]) for each in rows]
            assert int(measure["mean_volume"]) == sum(volumes) // len(volumes)
        first += len(ticks.close)
