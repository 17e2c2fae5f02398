"""A person sees what runs in front of them."""

from __future__ import annotations

import asyncio
import io

from live_replay import Waited, live
from rich.console import Console

from podium.journal.journal import open_journal
from podium.live.terminal_view import TerminalView
from podium.testing.clock import VirtualClock, run_virtually


def test_the_view_shows_symbols_strategies_positions_and_the_last_events(market, tmp_path):
    """What is shown is what is: states, equity, what is held, what happened last. (C-69)"""
    console = Console(file=io.StringIO(), width=140, force_terminal=False)
    views = []
    journal = open_journal(tmp_path / "x.journal")
    system = live(market, Waited(journal), before=lambda made: views.append(TerminalView(made, console)))
    journal.close()
    console.print(views[0].render())
    text = console.file.getvalue()
    result = market[1]
    assert "stopped   2024-01-13T12:00:00Z   300 steps" in text
    assert "0 of 3 symbols healthy" in text
    for symbol in ("X", "Y", "Z"):
        assert f"  {symbol}         stopped    all stopped" in text
    for name, strategy in result.strategy_results.items():
        [line] = [line for line in text.splitlines() if line.startswith(f"  {name} ") and line.count("  ") > 5][:1]
        assert f"{strategy.final_equity:,.2f}" in line
    assert f"{result.final_equity:,.2f}" in text
    assert "ORCHESTRATOR_STOPPED" in text
    assert "NEW_CANDLE" not in text
    assert system.orchestrators["X"].is_out is False


def test_the_view_is_drawn_anew_until_it_is_ended(market, tmp_path):
    """It ends with the run and leaves the terminal as it was. (C-69)"""
    console = Console(file=io.StringIO(), width=140, force_terminal=True)
    journal = open_journal(tmp_path / "x.journal")
    system = live(market, Waited(journal))
    journal.close()

    async def program():
        showing = asyncio.create_task(TerminalView(system, console).run())
        await asyncio.sleep(0.6)
        showing.cancel()
        await asyncio.wait([showing])
        return showing.cancelled()

    assert run_virtually(program(), VirtualClock())
    assert console.file.getvalue().count("symbols healthy") >= 3
