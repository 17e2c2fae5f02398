"""How the timeline is cut never changes the result; what comes later never changes the past."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from random_portfolio import portfolios

from podium.engine.engine import CellInput
from podium.engine.timeline import SymbolTicks

#: Plain Python (for coverage) is a hundred times slower than the compiled kernels.
FEW = 25 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 100
EXAMPLES = 2000 if os.environ.get("PODIUM_PROOF") else FEW
#: Where a call stands, not what happened.
BOOKKEEPING = {"events", "event_count", "event_limit", "command", "command_count", "status"}


def state(engine):
    """Give everything a run has come to, as bytes."""
    run = engine.tables.run[0]
    return {
        "events": np.concatenate(engine.events()).tobytes(),
        "equity": engine.equity.tobytes(),
        "accounts": engine.tables.accounts.tobytes(),
        "cells": engine.tables.cells.tobytes(),
        "instruments": engine.tables.instruments.tobytes(),
        **{name: run[name].tobytes() for name in run.dtype.names if name not in BOOKKEEPING},
    }


def differences(one, other):
    """Name what two runs did not come to alike."""
    first, second = state(one), state(other)
    return [name for name in first if first[name] != second[name]]


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(), st.lists(st.integers(0, 80), max_size=8), st.booleans())
def test_any_cut_gives_the_same_bytes(portfolio, cuts, finish):
    """Events, tables and equity, for cuts between any half steps (design 1.1)."""
    whole = portfolio.run(finish=finish)
    cut = portfolio.run([half_step for half_step in cuts if half_step <= 2 * len(whole.timeline)], finish=finish)
    assert differences(cut, whole) == []


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(portfolios())
def test_a_small_event_buffer_gives_the_same_bytes(portfolio):
    """The kernel stops whenever another half step might not fit, and goes on (design 4)."""
    assert differences(portfolio.run(event_limit=1), portfolio.run()) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(), st.booleans())
def test_one_step_after_the_other_gives_the_same_bytes(portfolio, finish):
    """What is known only as it happens comes to the same as what is known whole (D-01, design 1.1)."""
    whole = portfolio.run(finish=finish)
    engine, events, equity = portfolio.stream(finish=finish)
    assert events.tobytes() == np.concatenate(whole.events()).tobytes()
    assert equity.tobytes() == whole.equity.tobytes()
    assert engine.tables.accounts.tobytes() == whole.tables.accounts.tobytes()


def _changed(ticks: SymbolTicks, time: int, factor: int) -> SymbolTicks:
    """Multiply all prices after a time; with factor 0 there is nothing after it."""
    late = ticks.close_time > time
    volume = np.zeros(len(late), np.int64) if ticks.volume is None else ticks.volume
    if factor == 0:
        return SymbolTicks(
            close_time=ticks.close_time[~late],
            open=ticks.open[~late],
            high=ticks.high[~late],
            low=ticks.low[~late],
            close=ticks.close[~late],
            volume=volume[~late],
        )
    return SymbolTicks(
        close_time=ticks.close_time,
        open=np.where(late, ticks.open * factor, ticks.open),
        high=np.where(late, ticks.high * factor, ticks.high),
        low=np.where(late, ticks.low * factor, ticks.low),
        close=np.where(late, ticks.close * factor, ticks.close),
        volume=np.where(late, volume * factor, volume),
    )


def _with_other_future(cell: CellInput, past: int, bars: int) -> CellInput:
    """Turn signals and levels behind the first ``past`` bars into others, or leave them away."""
    if cell.signals is None:
        return cell
    signals = np.concatenate([cell.signals[:past], cell.signals[past:bars] ^ 15])
    levels = [np.concatenate([level[:past], level[past:bars] + 7]) for level in cell.levels]
    return replace(cell, signals=signals, levels=levels)


@settings(max_examples=EXAMPLES, deadline=None)
@given(portfolios(), st.integers(0, 40), st.sampled_from([0, 2]))
def test_another_future_gives_the_same_past(portfolio, hour, factor):
    """Changing or removing what comes after a step changes no event, no equity up to it (B-01, design 1.1)."""
    time = hour * 3_600_000_000_000
    if factor == 0 and not any((ticks.close_time <= time).all() for ticks in portfolio.symbols):
        hour = 40  # a symbol without any bar has no place in the timeline
    symbols = tuple(_changed(ticks, time, factor) for ticks in portfolio.symbols)
    past = [int((ticks.close_time <= time).sum()) for ticks in portfolio.symbols]
    cells = tuple(
        _with_other_future(cell, past[cell.symbol], len(symbols[cell.symbol].close_time)) for cell in portfolio.cells
    )
    original = portfolio.run(finish=False)
    steps = int((original.timeline.times <= time).sum())
    commands = [command for command in portfolio.commands if command["step"] < steps]
    other = replace(portfolio, symbols=symbols, cells=cells, commands=commands).run(finish=False)
    before, after = (np.concatenate(engine.events()) for engine in (original, other))
    assert before[before["step"] < steps].tobytes() == after[after["step"] < steps].tobytes()
    assert original.equity[:steps].tobytes() == other.equity[:steps].tobytes()
