"""The picture of a running system, and the lines where there is no terminal."""

from __future__ import annotations

import asyncio
import io

import pytest
from live_system import A
from observed_system import Observed
from rich.console import Console

from podium.live.picture import Picture
from podium.live.terminal_view import TerminalView


def terminal(width=120, height=40, **options):
    return Console(file=io.StringIO(), width=width, height=height, **{"force_terminal": True, **options})


def picture(system, console):
    with console.capture() as captured:
        console.print(Picture(system.orchestrator, console, "demo").draw())
    return captured.get()


@pytest.fixture(scope="module")
def shown():
    """A system that runs and has played its bars, and how it looks without colours."""

    async def program(system):
        return system, picture(system, terminal(color_system=None, force_terminal=False))

    return Observed(bars=150).run(program)


def row(text, first):
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [first])


def test_the_whole_is_told_in_two_lines(shown):
    """Name, state, time, steps, health; equity, orders, trades. (C-58, C-72, C-77)"""
    system, text = shown
    head, money = text.splitlines()[1:3]
    assert head == "  demo   running   at 2024-01-07T06:00:00Z   150 steps   2 of 2 symbols healthy"
    counters = system.metrics.counters()
    assert money.startswith("  equity ")
    assert f"orders {counters.orders_placed} placed, 0 rejected" in money
    assert money.endswith(f"trades {counters.trades_executed} executed, 0 failed (100.0 %)")


def test_every_symbol_tells_services_bars_price_and_position(shown):
    """In the order of the portfolio. (C-59, C-77)"""
    system, text = shown
    close = f"{system.bars['X'].close[-1]:.2f}"
    assert row(text, "X")[:8] == ["X", "running", "4", "of", "4", "healthy", "150", close]
    assert row(text, "Y")[0:2] == ["Y", "running"]


def test_every_strategy_tells_equity_positions_and_counts(shown):
    """As the engine and the buses have them. (C-77)"""
    system, text = shown
    for strategy_id in ("cross", "reversal"):
        counts = system.metrics.events_of(strategy_id)
        line = row(text, strategy_id)
        assert f"{counts['SIGNAL_GENERATED']:,}" in line
        assert f"{counts['ORDER_FILLED']:,}" in line


def test_what_is_wrong_is_named_and_comes_first():
    """In words, not by colour alone. (C-61, C-77)"""

    async def program(system):
        system.orchestrator.orchestrators["Y"].service("trade_execution").fail(OSError("gone"))
        return picture(system, terminal(color_system=None, force_terminal=False))

    lines = Observed(bars=20).run(program).splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("  symbol"))
    assert lines[heading + 1].split()[:9] == [
        "Y",
        "running",
        "3",
        "of",
        "4",
        "healthy",
        "trade_execution",
        "error",
        "20",
    ]
    assert "1 of 2 symbols healthy" in lines[1]


@pytest.mark.parametrize(("width", "height"), [(120, 24), (80, 24), (60, 20)])
def test_it_fits_the_terminal(width, height):
    """Many symbols are cut with their number told, lines are cut with an ellipsis; nothing wraps. (C-77)"""
    symbols = tuple(f"SYMBOL{number}" for number in range(30))

    async def program(system):
        return picture(system, terminal(width, height, color_system=None))

    lines = Observed(bars=20, symbols=symbols).run(program).splitlines()
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert any(line.strip().startswith("…") and "more" in line for line in lines)


def test_names_cannot_command_the_terminal():
    """Escapes in a portfolio's name are shown, not obeyed."""

    async def program(system):
        console = terminal(force_terminal=False)
        with console.capture() as captured:
            console.print(Picture(system.orchestrator, console, "a\x1b[2Jb").draw())
        return captured.get()

    assert "\x1b[2J" not in Observed(bars=20).run(program)


def watch(console, *, bars=150, spoil=None):
    """Play a system under its view; give what was written."""
    system = Observed(bars=bars)

    async def whole():
        async with TerminalView(system.orchestrator, console, "demo"):
            await system.play()
            if spoil is not None:
                await spoil(system)
            await system.orchestrator.stop()

    asyncio.run(whole())
    return system, console.file.getvalue()


def test_on_a_terminal_the_last_picture_stays():
    """With the last events; the cursor comes back. (C-77)"""
    _, written = watch(terminal())
    last = written[written.rindex("demo") :]
    assert "stopped" in last
    assert last.count("ORCHESTRATOR_STOPPED") == 1
    assert "data_fetching stopped" not in last
    assert "POSITION_" in last
    assert "SIGNAL_VALIDATED" not in written
    assert written.index("\x1b[?25l") < written.rindex("\x1b[?25h")


def test_elsewhere_lines_are_printed(monkeypatch):
    """Now and then; no escape among them. (C-69, C-77)"""
    monkeypatch.setattr("podium.live.terminal_view._PICTURE_EVERY", 0.0)
    monkeypatch.setattr("podium.live.terminal_view._LINE_EVERY", 0.0)
    _, written = watch(terminal(force_terminal=False, width=200))
    assert "\x1b" not in written
    assert written.count("\n  running   at 2024-01-0") > 2
    assert "2 of 2 symbols healthy   equity " in written


def test_elsewhere_nothing_is_printed_while_all_is_well(monkeypatch):
    """A run of a second leaves its result alone; what goes wrong is told at once. (C-69, C-77)"""
    monkeypatch.setattr("podium.live.terminal_view._PICTURE_EVERY", 0.0)
    assert watch(terminal(force_terminal=False), bars=20)[1] == ""

    async def spoil(system):
        system.orchestrator.orchestrators["X"].service("trade_execution").fail(OSError("gone"))
        while not console.file.getvalue():  # noqa: ASYNC110 - the view has its turns
            await asyncio.sleep(0)

    console = terminal(force_terminal=False, width=200)
    first, *_ = watch(console, bars=20, spoil=spoil)[1].splitlines()
    assert "1 of 2 symbols healthy" in first


def test_alerts_are_shown():
    """Whoever watches must see them at once. (C-65, C-77)"""

    async def alert(system):
        system.orchestrator.operations.alert("symbol_out", f"{A} was taken out", symbol=A)

    assert f"  alert     {A} was taken out" in watch(terminal(force_terminal=False), spoil=alert, bars=20)[1]
    assert "ALERT" in watch(terminal(), spoil=alert, bars=20)[1]


def test_nobody_is_listened_to_afterwards():
    """The view leaves nothing behind. (C-77)"""
    system, _ = watch(terminal(), bars=20)
    assert system.orchestrator.operations.alert_listeners == []
    assert "terminal view" not in {each.owner for each in system.orchestrator.bus._subscriptions}
