"""``podium events``: print what happens, from the journal or from the stream that other systems read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.options import read_whole_number
from podium.core.errors import ConfigurationError, Problem, did_you_mean

if TYPE_CHECKING:
    from podium.bus.stream import EventStream
    from podium.bus.tail import EventFilter
    from podium.journal.records import JournalRecord

__all__ = ["events"]

_FILES = (".yaml", ".yml")
_SERVERS = ("redis://", "rediss://", "unix://")


def events(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="a portfolio file, for its journal; or a journal's folder or postgresql://…; or a Redis server, "
            "redis://localhost:6379/0",
        ),
    ],
    *,
    follow: Annotated[bool, typer.Option("--follow", help="wait for more; Ctrl-C ends it")] = False,
    strategy: Annotated[
        str | None, typer.Option("--strategy", metavar="ID", help="only events about this strategy")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option("--symbol", metavar="NAME", help="only events about this symbol")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", metavar="KIND", help="only events of this name, such as STOP_LOSS_HIT")
    ] = None,
    last: Annotated[
        str, typer.Option("--last", metavar="COUNT", help="begin with the last ones there are; 0 shows all")
    ] = "20",
    stream: Annotated[
        str | None, typer.Option("--stream", metavar="KEY", help="the key of a stream on a server, such as podium:demo")
    ] = None,
    external: Annotated[
        bool, typer.Option("--external", help="of a portfolio file what other systems get, the stream of its event_bus")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object a line")] = False,
) -> None:
    """Print events, the oldest first, and with --follow those that come."""
    from podium.bus.tail import EventFilter
    from podium.cli.record_lines import json_line, text_line

    wanted = EventFilter(kind=_known_kind(kind), strategy_id=strategy, symbol=symbol)
    printer = _Printer(read_whole_number(last, "--last"), json_line if as_json else text_line)
    found = _source(source, stream, is_external=external)
    if isinstance(found, str | Path):
        _print_journal(found, wanted, printer, follow=follow)
    else:
        _print_stream(found, wanted, printer, follow=follow)


class _Printer:
    """Print of the events that there are the last ones, then all that come."""

    def __init__(self, count: int, line: Callable[[JournalRecord], str]) -> None:
        self._line = line
        self._held: deque[JournalRecord] | None = deque(maxlen=count) if count else None

    def take(self, record: JournalRecord | None) -> None:
        """Print a record, or hold it back until it is clear that it is one of the last.

        Args:
            record: what happened; ``None`` when there is nothing more for now.
        """
        if record is None:
            held, self._held = self._held or (), None
            self._print(held)
        elif self._held is None:
            self._print([record])
        else:
            self._held.append(record)

    def _print(self, records: Iterable[JournalRecord]) -> None:
        for record in records:
            typer.echo(self._line(record))


def _print_journal(place: str | Path, wanted: EventFilter, printer: _Printer, *, follow: bool) -> None:
    from podium.bus.tail import journal_events
    from podium.journal.journal import reading_journal

    with reading_journal(place) as journal:
        for record in journal_events(journal, wanted, follow=follow):
            printer.take(record)


def _print_stream(stream: EventStream, wanted: EventFilter, printer: _Printer, *, follow: bool) -> None:
    import asyncio

    from podium.bus.tail import stream_events

    async def run() -> None:
        try:
            async for record in stream_events(stream, wanted, follow=follow, on_notice=_notice):
                printer.take(record)
        finally:
            await stream.close()

    asyncio.run(run())


def _notice(text: str) -> None:
    typer.echo(text, err=True)


def _source(words: str, key: str | None, *, is_external: bool) -> str | Path | EventStream:
    """Find what is to be read: the place of a journal, or a stream."""
    from podium.bus.factory import EventBusFactory
    from podium.portfolio.event_bus import EventBusOptions

    if words.startswith(_SERVERS):
        if key is None:
            raise _refusal(f"{words} may hold many streams", "--stream and the key of one, such as podium:demo")
        return EventBusFactory.create(EventBusOptions(url=words, stream=key), "")
    if key is not None:
        raise _refusal("--stream stands beside no server", "--stream beside redis://localhost:6379/0")
    if Path(words).suffix in _FILES:
        return _source_of_file(Path(words), is_external=is_external)
    if is_external:
        raise _refusal("--external stands beside no portfolio file", "a portfolio file with 'event_bus'")
    return words


def _source_of_file(file: Path, *, is_external: bool) -> str | Path | EventStream:
    from podium.bus.factory import EventBusFactory
    from podium.portfolio.file import load_portfolio

    document = load_portfolio(file).document
    name = document.portfolio.name
    if not is_external:
        return document.journal.at(file.parent, name)
    if document.event_bus is None:
        raise _refusal(f"{file} has no 'event_bus'", "event_bus: {url: redis://localhost:6379/0}")
    return EventBusFactory.create(document.event_bus, name)


def _refusal(message: str, expected: str) -> ConfigurationError:
    return ConfigurationError(Problem(message=message, expected=expected))


def _known_kind(kind: str | None) -> str | None:
    """Refuse a name that is nearly one of an event: it would wait forever."""
    from podium.bus.events import EVENTS
    from podium.core.events import EventKind

    known = EVENTS.keys() | EventKind.__members__.keys()
    if kind is None or kind in known or (hint := did_you_mean(kind, sorted(known))) is None:
        return kind
    raise ConfigurationError(Problem(message=f"--kind is '{kind}'", expected="the name of an event", hint=hint))
