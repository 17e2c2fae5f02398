"""Steps in which nothing can happen are passed in one go, and that changes nothing."""

from __future__ import annotations

import os
from decimal import Decimal as D

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_portfolio import Portfolio, within_ledger
from test_chunks import differences

from podium.core.events import Reason
from podium.core.instruments import Instrument
from podium.engine.engine import CellInput, EngineOptions, EngineOverflow
from podium.engine.quiet_kernel import quiet_steps
from podium.engine.tables import FLOW, PLAN, LevelMode, SizeMode
from podium.engine.timeline import SymbolTicks

FEW = 10 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 100
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW


def bars(closes, hours):
    """Make bars of one tick's reach around their closes."""
    closes = np.asarray(closes, np.int64)
    return SymbolTicks(
        close_time=np.asarray(hours, np.int64) * 3_600_000_000_000,
        open=closes,
        high=closes + 1,
        low=closes - 1,
        close=closes,
    )


def plan(quantity, stop=0, max_bars=0):
    """Enter with a quantity, perhaps a stop so many ticks away, perhaps for so many bars."""
    row = np.zeros(1, PLAN)[0]
    row["size_mode"], row["size"], row["series"], row["max_bars"] = SizeMode.QUANTITY, quantity, -1, max_bars
    if stop:
        row["mode"][0], row["value"][0] = LevelMode.DISTANCE, stop
    return row


def portfolio(symbols, cells, capital="1000000", flows=()):
    """Put cells over symbols."""
    strategies = 1 + max(cell.strategy for cell in cells)
    return Portfolio(
        symbols=tuple(symbols),
        instruments=tuple(Instrument(tick=D("0.01"), lot=D(1), taker_fee=D("0.001")) for _ in symbols),
        deposits=tuple(D(capital) for _ in range(strategies)),
        cells=tuple(cells),
        options=EngineOptions(entry_buffer=0),
        commands=(),
        slippage=0,
        spread=0,
        flows=np.array(list(flows), FLOW),
    )


@st.composite
def calm_portfolios(draw):
    """Draw long runs whose signals are few, on symbols that miss bars or not."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    count, strategies = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    present = draw(st.sampled_from([1.0, 0.9, 0.3]))
    symbols, cells = [], []
    for symbol in range(count):
        hours = np.union1d(np.flatnonzero(rng.random(300) < present), [0])
        symbols.append(bars(10_000 + np.cumsum(rng.integers(-5, 6, len(hours))), hours))
        for strategy in range(strategies):
            signals = np.where(rng.random(len(hours)) < 0.02, rng.integers(1, 16, len(hours)), 0).astype(np.uint8)
            wanted = plan(1 + strategy, stop=draw(st.sampled_from([0, 0, 40])), max_bars=draw(st.sampled_from([0, 30])))
            cells.append(CellInput(strategy=strategy, symbol=symbol, signals=signals, plan=wanted))
    steps = np.unique(np.concatenate([each.close_time for each in symbols]))
    due = np.sort(rng.choice(len(steps), draw(st.sampled_from([0, 3])), replace=False))
    held = [np.searchsorted(symbols[0].close_time, steps[step]) for step in due]
    flows = [
        (step, 1, 0, int(Reason.FUNDING), 10**8, 10**12)
        for step, bar in zip(due.tolist(), held, strict=True)
        if bar < len(symbols[0].close_time) and symbols[0].close_time[bar] == steps[step]
    ]
    return portfolio(symbols, cells, flows=flows)


def step_by_step(given_portfolio):
    """Run in pieces that are too short to pass quietly."""
    engine = given_portfolio.engine()
    for step in range(len(engine.timeline)):
        within_ledger(engine.advance, 2 * step + 2)
    within_ledger(engine.finish, close_positions=True)
    return engine


@settings(max_examples=EXAMPLES, deadline=None)
@given(calm_portfolios())
def test_passing_quietly_gives_the_same_bytes(given_portfolio):
    """Events, equity of every step, accounts, cells: as if every step had been taken (design 1.1)."""
    assert differences(given_portfolio.run(), step_by_step(given_portfolio)) == []


def quiet(engine, most):
    """Ask the kernel how many quiet steps lie ahead."""
    tables = engine._kernel_tables
    return quiet_steps(
        tables.run[0], tables.instruments, tables.accounts, tables.cells, tables.outlooks, tables.signals, most
    )


@pytest.mark.parametrize(
    ("signal_at", "most", "expected"),
    [(40, 100, 40), (40, 30, 30), (99, 100, 99), (None, 100, 100), (3, 100, 3), (0, 100, 0)],
)
def test_it_is_quiet_until_a_signal_asks_for_something(signal_at, most, expected):
    """A signal that the cell could act on ends it."""
    signals = np.zeros(100, np.uint8)
    signals[5] = 2  # an exit, of nothing
    if signal_at is not None:
        signals[signal_at] = 1
    cell = CellInput(strategy=0, symbol=0, signals=signals, plan=plan(1))
    assert quiet(portfolio([bars([100] * 100, range(100))], [cell]).engine(), most) == expected


def test_the_time_exit_ends_it():
    """The bar in which a position's time is up is decided on."""
    signals = np.zeros(100, np.uint8)
    signals[0] = 1
    cell = CellInput(strategy=0, symbol=0, signals=signals, plan=plan(1, max_bars=50))
    engine = portfolio([bars([100] * 100, range(100))], [cell]).engine()
    engine.advance(2 * 3)
    assert quiet(engine, 97) == int(engine.tables.cells["bars_left"][0]) - 1 == 47


def test_an_overflow_is_told_where_it_happens():
    """A position that outgrows the ledger in a long quiet stretch ends the run at that very step (design 4)."""
    closes = [100] * 50 + [10**12] * 50
    signals = np.zeros(100, np.uint8)
    signals[0] = 1
    cell = CellInput(strategy=0, symbol=0, signals=signals, plan=plan(10**5))
    given_portfolio = portfolio([bars(closes, range(100))], [cell], capital="1000000000")
    engine = given_portfolio.engine()
    with pytest.raises(EngineOverflow) as caught:
        engine.advance(200)
    assert caught.value.step == 50
