"""A running system as a picture of a terminal's size: symbols, services, strategies, positions, the last events.

A narrow terminal loses columns and a low one rows, those that need somebody last; colours only repeat what words say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from podium.bus.events import Event, Nature
from podium.core.money import format_money
from podium.core.times import iso
from podium.live.event_text import event_text
from podium.live.health import SymbolHealth, SystemHealth
from podium.live.holdings import Holding, equities, holdings
from podium.live.orchestrator import MultiSymbolTradingOrchestrator
from podium.stats.aligned import aligned, harmless

__all__ = ["Picture"]

#: Lines of a picture beside the rows of its tables: two above, headings, blank lines, and the one of the cursor.
_LINES_BESIDE = 10
_EVENTS_MAXIMUM, _ALERTS_MAXIMUM = 8, 2
#: How wide a terminal must be to show the times of events.
_TIMES_FROM = 100
_FIRST_WIDTH = 11
#: Further names of events that are shown already, and what tables say better.
_LEFT_OUT = frozenset(
    {"SIGNAL_GENERATED", "SIGNAL_VALIDATED", "TRADE_EXECUTED", "TRADE_FAILED", "ACTION_EXECUTED"}
    | {"STOP_LOSS_HIT", "TAKE_PROFIT_HIT", "SERVICE_STARTED", "SERVICE_STOPPED"}
)
#: Told once, and not for every symbol.
_OF_THE_WHOLE = ("ORCHESTRATOR_STARTED", "ORCHESTRATOR_STOPPED")
#: A service in these is about to work, or was asked to end.
_AT_REST = ("created", "starting", "stopping", "stopped")
_STYLES = {"running": "green", "paused": "yellow", "error": "red", "recovering": "yellow"}
_Row = tuple[Text | str, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """Describe a column.

    Args:
        heading: above it.
        least: how wide a terminal must be to show it.
        is_text: whether it stands at the left.
    """

    heading: str
    least: int = 0
    is_text: bool = False


_SYMBOLS = (
    _Column("symbol", is_text=True),
    _Column("state", is_text=True),
    _Column("services", 70, is_text=True),
    _Column("bars", 80),
    _Column("close"),
    _Column("held", 60),
    _Column("errors", 100),
    _Column("restarts", 110),
)
_STRATEGIES = (
    _Column("strategy", is_text=True),
    _Column("equity"),
    _Column("exposure", 70),
    _Column("positions", 90, is_text=True),
    _Column("signals", 110),
    _Column("orders", 60),
    _Column("fills"),
    _Column("refused", 60),
)


class Picture:
    """Draw a system as it is.

    Args:
        orchestrator: the system.
        console: where it will be shown.
        name: of the portfolio.
    """

    def __init__(self, orchestrator: MultiSymbolTradingOrchestrator, console: Console, name: str) -> None:
        self._orchestrator, self._console, self._name = orchestrator, console, harmless(name)
        self._metrics, self._stepper = orchestrator.metrics, orchestrator.runner.stepper
        self._events: deque[tuple[str, ...]] = deque(maxlen=_EVENTS_MAXIMUM)
        self._alerts: deque[tuple[str, ...]] = deque(maxlen=_ALERTS_MAXIMUM)

    def note(self, event: Event) -> None:
        """Remember an event, if it is one to be shown.

        Args:
            event: any event.
        """
        is_left_out = event.kind in _LEFT_OUT or (event.kind in _OF_THE_WHOLE and event.symbol is not None)
        if event.nature is not Nature.MESSAGE and not is_left_out:
            cells = (iso(event.time), event.kind, event.strategy_id or "", event.symbol or "", event_text(event))
            self._events.append(tuple(map(harmless, cells)))

    def note_alert(self, text: str) -> None:
        """Remember an alert; no event pushes it out.

        Args:
            text: what happened and what to do.
        """
        time = self._stepper.time
        self._alerts.append(("" if time is None else iso(time), "ALERT", "", "", harmless(text)))

    def line(self) -> str:
        """Say on one line how it is, without its state."""
        return "   ".join((*self._progress(self._orchestrator.check_health()), *self._money()))

    def draw(self) -> Group:
        """Draw it."""
        health, positions = self._orchestrator.check_health(), holdings(self._stepper)
        width, height = self._console.width, self._console.height
        events = max(min(_EVENTS_MAXIMUM, height // 4), 3)
        room = max(height - _LINES_BESIDE - events, 4)
        strategies = self._strategy_rows(positions)
        kept = min(max(room // 2, room - len(health["symbols"])), len(strategies))
        return Group(
            Text(),
            self._head(health),
            _line("   ".join(self._money())),
            Text(),
            _table(_SYMBOLS, self._symbol_rows(health, positions, room - kept), width),
            Text(),
            _table(_STRATEGIES, _cut(strategies, kept, len(strategies)), width),
            Text(),
            *self._event_lines(events),
        )

    def _head(self, health: SystemHealth) -> Text:
        head = _line("")
        head.append(self._name, style="bold")
        head.append("   ")
        head.append(health["state"], style=_STYLES.get(health["state"], ""))
        return head.append("   " + "   ".join(self._progress(health)))

    def _progress(self, health: SystemHealth) -> Iterator[str]:
        time = self._stepper.time
        yield "no step yet" if time is None else f"at {iso(time)}"
        yield f"{self._orchestrator.runner.steps:,} steps"
        yield f"{health['healthy_symbols']} of {health['total_symbols']} symbols healthy"
        if health["redis_connected"]:
            yield "redis connected"

    def _money(self) -> Iterator[str]:
        counters = self._metrics.counters()
        yield f"equity {self._amount(equities(self._stepper)['portfolio'])} {self._stepper.config.currency}"
        yield f"orders {counters.orders_placed:,} placed, {counters.orders_rejected:,} rejected"
        rate = counters.success_rate
        share = "" if rate is None else f" ({100 * rate:.1f} %)"
        yield f"trades {counters.trades_executed:,} executed, {counters.trades_failed:,} failed{share}"

    def _amount(self, money: Decimal) -> str:
        return format_money(money, self._stepper.config.currency)

    def _symbol_rows(self, health: SystemHealth, positions: Sequence[Holding], most: int) -> list[_Row]:
        instruments, tables = self._stepper.config.instruments, self._stepper.engine.tables
        closes = dict(zip(self._stepper.symbols, tables.instruments["mark"].tolist(), strict=True))
        # Those that need somebody come first, so that they are never cut off.
        in_order = sorted(health["symbols"].values(), key=lambda each: each["is_healthy"])
        rows: list[_Row] = []
        for each in in_order[:most]:
            symbol = each["symbol"]
            close, services = closes[symbol], each["services"].values()
            held = sum((own.quantity for own in positions if own.symbol == symbol), Decimal(0))
            counts = self._orchestrator.orchestrators[symbol].bus.counts
            rows.append(
                (
                    harmless(symbol),
                    Text(each["state"], style=_STYLES.get(each["state"], "")),
                    _services_text(each),
                    f"{counts.get('NEW_CANDLE', 0):,}",
                    f"{close * instruments[symbol].tick:,f}" if close else "",
                    f"{held:+,f}" if held else "",
                    _count(sum(own["error_count"] for own in services)),
                    _count(sum(self._metrics.restarts(symbol, own["service_name"]) for own in services)),
                )
            )
        return _cut(rows, most, len(in_order))

    def _strategy_rows(self, positions: Sequence[Holding]) -> list[_Row]:
        rows: list[_Row] = []
        worth = equities(self._stepper)
        for strategy_id in self._stepper.strategies:
            own = [each for each in positions if each.strategy_id == strategy_id]
            counts = self._metrics.events_of(strategy_id)
            refused = sum(count for (whose, *_), count in self._metrics.refusals.items() if whose == strategy_id)
            rows.append(
                (
                    harmless(strategy_id),
                    self._amount(worth[strategy_id]),
                    self._amount(sum((each.value for each in own), Decimal(0))) if own else "",
                    ", ".join(f"{harmless(each.symbol)} {each.quantity:+,f}" for each in own[:3])
                    + (f", {len(own) - 3} more" if len(own) > 3 else ""),
                    _count(counts["SIGNAL_GENERATED"]),
                    _count(counts["ORDER_CREATED"]),
                    _count(counts["ORDER_FILLED"]),
                    _count(refused),
                )
            )
        return rows

    def _event_lines(self, most: int) -> Iterator[Text]:
        """Show the last events, below the last alerts."""
        yield Text("  last events", style="dim")
        alerts = len(self._alerts)
        rows = [*self._alerts, *list(self._events)[alerts - most :]]
        first = 0 if self._console.width >= _TIMES_FROM else 1
        for number, line in enumerate(aligned([row[first:] for row in rows], left=range(5), gap=2) if rows else ()):
            yield _line(line, style="red" if number < alerts else "")
        yield from (Text() for _ in range(most - len(rows)))


def _services_text(health: SymbolHealth) -> Text:
    """Count the services that are as they should be, and name the others."""
    text = Text(f"{health['healthy_services']} of {health['total_services']} healthy")
    for name, status in health["services"].items():
        if not status["is_healthy"] and status["state"] not in _AT_REST:
            text.append(f"   {name} {status['state']}", style=_STYLES.get(status["state"], "yellow"))
    return text


def _line(text: str, style: str = "") -> Text:
    return Text("  " + text, style=style, no_wrap=True, overflow="ellipsis")


def _table(columns: Sequence[_Column], rows: Iterable[_Row], width: int) -> Padding:
    shown = [place for place, column in enumerate(columns) if width >= column.least]
    table = Table.grid(padding=(0, 3, 0, 0))
    for place in shown:
        justify: Literal["left", "right"] = "left" if columns[place].is_text else "right"
        least = _FIRST_WIDTH if place == 0 else None
        table.add_column(justify=justify, no_wrap=True, overflow="ellipsis", min_width=least)
    table.add_row(*(Text(columns[place].heading, style="dim") for place in shown))
    for row in rows:
        cells = [row[place] for place in shown]
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))
    return Padding(table, (0, 0, 0, 2))


def _cut(rows: list[_Row], most: int, number: int) -> list[_Row]:
    """Leave rows out where there is no room for all, and tell how many."""
    if number <= most:
        return rows
    left_out = Text(f"… {number - most + 1:,} more", style="dim")
    return [*rows[: most - 1], (left_out, *[""] * (len(rows[0]) - 1))]


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
