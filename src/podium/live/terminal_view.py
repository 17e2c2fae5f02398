"""What a person sees while a portfolio runs in front of them: symbols, strategies, positions, the last events.

Colours only repeat what words say.
"""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from podium.bus.events import Event, Nature
from podium.core.times import iso
from podium.live.holdings import equities, holdings
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.live.position_lifecycle import PositionLifecycle
from podium.live.service import Service
from podium.live.sides import EntrySide, ExitSide
from podium.live.symbol_orchestrator import SymbolOrchestrator

__all__ = ["TerminalView"]

_PAUSE = 0.25
_EVENTS, _ROWS = 8, 12
_PATIENT = {"running": "green", "paused": "yellow", "stopped": "dim"}


class TerminalView:
    """Show a running system, and count what it shows from the start on.

    Args:
        orchestrator: the system, before it starts.
        console: where it is shown.
    """

    def __init__(self, orchestrator: MultiSymbolTradingOrchestrator, console: Console) -> None:
        self._orchestrator, self._console = orchestrator, console
        self._strategies = {
            strategy_id: (
                EntrySide(orchestrator.bus, strategy_id),
                ExitSide(orchestrator.bus, strategy_id),
                PositionLifecycle(orchestrator.bus, strategy_id),
            )
            for strategy_id in orchestrator.runner.stepper.strategies
        }
        self._last: deque[Event] = deque(maxlen=_EVENTS)
        orchestrator.bus.subscribe(Event, self._note, owner="terminal_view")

    def _note(self, event: Event) -> None:
        if event.nature is not Nature.MESSAGE:
            self._last.append(event)

    async def run(self) -> None:
        """Show it, four times a second, until cancelled."""
        with Live(self.render(), console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                await asyncio.sleep(_PAUSE)
                live.update(self.render(), refresh=True)

    def render(self) -> Group:
        """Draw what is now."""
        return Group(
            self._head(), self._symbols_table(), self._strategies_table(), self._positions_table(), self._events_table()
        )

    def _head(self) -> Text:
        health = self._orchestrator.check_health()
        stepper, steps = self._orchestrator.runner.stepper, self._orchestrator.runner.steps
        time = "no bar yet" if stepper.time is None else iso(stepper.time)
        head = Text("  ")
        head.append(health["state"], style=_PATIENT.get(health["state"], "red"))
        head.append(f"   {time}   {steps:,} steps   up {health['uptime']:,.0f} s   ")
        head.append(f"{health['healthy_symbols']} of {health['total_symbols']} symbols healthy")
        if health["redis_connected"]:
            head.append("   event bus connected")
        return head

    def _symbols_table(self) -> Table:
        table = _table("symbol", "state", "services")
        orchestrators = list(self._orchestrator.orchestrators.values())
        # What is not as it should be comes first; then the order of the portfolio.
        orchestrators.sort(key=lambda each: each.check_health()["is_healthy"])
        for orchestrator in orchestrators[:_ROWS]:
            table.add_row(orchestrator.symbol, _state(orchestrator), _services(orchestrator))
        return _with_rest(table, len(orchestrators))

    def _strategies_table(self) -> Table:
        table = _table("strategy", "equity", "entries", "exits", "refused", "trades", numbers_from=1)
        worth = equities(self._orchestrator.runner.stepper)
        for name, amount in worth.items():
            views = self._strategies.get(name)
            if views is None:
                table.add_row(name, f"{amount:,.2f}")
                continue
            entries, exits, positions = views
            counts = (entries.signals, exits.fills.total(), entries.refusals.total(), positions.completed)
            table.add_row(name, f"{amount:,.2f}", *(f"{count:,}" for count in counts))
        return table

    def _positions_table(self) -> Table:
        table = _table("position", "symbol", "quantity", "value", numbers_from=2)
        held = holdings(self._orchestrator.runner.stepper)
        held.sort(key=lambda each: abs(each.value), reverse=True)
        for each in held[:_ROWS]:
            table.add_row(each.strategy_id, each.symbol, _plain(each.quantity), f"{each.value:,.2f}")
        return _with_rest(table, len(held))

    def _events_table(self) -> Table:
        table = _table("last events", "event", "strategy", "symbol")
        for event in self._last:
            table.add_row(iso(event.time), event.kind, event.strategy_id or "", event.symbol or "")
        return table


def _table(*headers: str, numbers_from: int | None = None) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for place, header in enumerate(headers):
        is_number = numbers_from is not None and place >= numbers_from
        is_last = place == len(headers) - 1
        table.add_column(header, justify="right" if is_number else "left", no_wrap=is_number or not is_last)
    return table


def _with_rest(table: Table, count: int) -> Table:
    if count > _ROWS:
        table.add_row(f"and {count - _ROWS} more", style="dim")
    return table


def _state(orchestrator: SymbolOrchestrator) -> Text:
    state = orchestrator.state.value
    return Text("out" if orchestrator.is_out else state, style=_PATIENT.get(state, "red"))


def _services(orchestrator: SymbolOrchestrator) -> str:
    """Say what is not as it should be."""
    states = {service.state.value for service in orchestrator.services}
    if len(states) == 1 and not any(service.trouble for service in orchestrator.services):
        return f"all {states.pop()}"
    return ", ".join(_told(service) for service in orchestrator.services if not service.is_healthy)


def _told(service: Service) -> str:
    error = service.trouble or service.status()["last_error"]
    return f"{service.name} {service.state.value}" + (f": {error}" if error else "")


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
