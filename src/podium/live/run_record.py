"""What a journal says of the files its run was started with, and how they differ from those of today."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.core.errors import ConfigurationError, Location, Problem
from podium.core.ids import digest
from podium.journal.journal import Journal
from podium.journal.records import JournalRecord, Stream
from podium.portfolio.file import PortfolioFile

__all__ = ["Change", "changes_since", "record_files"]

_KIND = "FILES"
#: What concerns the system around the engine only: the run goes on with it as it is now.
_AROUND = ("services.", "orchestrator.", "event_bus.", "event_bus", "journal.", "data.to", "data.path", "data.from")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Be one thing that differs.

    Args:
        place: a key such as ``portfolio.capital``, or a file.
        before: what the journal says; ``None`` when it says nothing.
        after: what holds now; ``None`` when nothing does.
    """

    place: str
    before: str | None
    after: str | None

    @property
    def is_around(self) -> bool:
        """Tell whether it leaves engine and strategies as they were."""
        return self.place.startswith(_AROUND)

    def __str__(self) -> str:
        return f"{self.place}: {self.before or 'nothing'} → {self.after or 'nothing'}"


def _description(portfolio: PortfolioFile) -> dict[str, str]:
    """Say everything that a run depends on, by place."""
    folder = portfolio.path.parent
    found = {place: json.dumps(value, ensure_ascii=False, default=str) for place, value in _flat(portfolio.settings)}
    for file in portfolio.files[1:]:
        found[f"file {_name(file, folder)}"] = digest(file.read_bytes())[:16]
    return found


def _name(file: Path, folder: Path) -> str:
    try:
        return str(file.resolve().relative_to(folder.resolve()))
    except ValueError:
        return file.name


def _flat(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            name = inner.get("id", number) if isinstance(inner, Mapping) else number
            yield from _flat(inner, f"{place}.{name}")
    else:
        yield place, value


def changes_since(journal: Journal, portfolio: PortfolioFile) -> list[Change]:
    """Compare the files of today with those the journal's run was started with last.

    Args:
        journal: where they are recorded.
        portfolio: the file of today.

    Returns:
        What differs, in the order of the file; nothing for a new journal.
    """
    last: JournalRecord | None = None
    for record in journal.read(Stream.CONFIGURATION):
        last = record
    if last is None:
        return []
    before: dict[str, Any] = json.loads(last.body)
    after = _description(portfolio)
    return [
        Change(place=place, before=before.get(place), after=after.get(place))
        for place in dict.fromkeys([*after, *before])
        if before.get(place) != after.get(place)
    ]


def record_files(journal: Journal, portfolio: PortfolioFile, time: int, *, is_accepted: bool) -> list[Change]:
    """Record the files of a start, unless they differ from those before in a way that nobody has accepted.

    Args:
        journal: where.
        portfolio: the file of today.
        time: now, nanoseconds since 1970 UTC.
        is_accepted: whether differences are accepted.

    Returns:
        What differs and was accepted.

    Raises:
        ConfigurationError: for differences that were not accepted, or that the run cannot go on with.
    """
    changes = changes_since(journal, portfolio)
    deep = [change for change in changes if not change.is_around]
    if deep:
        raise ConfigurationError(
            Problem(
                message="the files are no longer those of this run:\n" + _listed(deep),
                location=Location(file=str(portfolio.path)),
                expected="the strategies, symbols, capital and limits that the run was started with",
                hint="put them back, or begin a new run with another --journal",
            )
        )
    if changes and not is_accepted:
        raise ConfigurationError(
            Problem(
                message="the file has changed since this run was started last:\n" + _listed(changes),
                location=Location(file=str(portfolio.path)),
                expected="the same file, or --accept",
                hint="look at the differences and start again with --accept",
            )
        )
    if changes or journal.last(Stream.CONFIGURATION) == 0:
        body = json.dumps(_description(portfolio), ensure_ascii=False, separators=(",", ":")).encode()
        sequence = journal.last(Stream.CONFIGURATION) + 1
        journal.append(
            [JournalRecord(stream=Stream.CONFIGURATION, sequence=sequence, time=time, kind=_KIND, body=body)]
        ).result()
    return changes


def _listed(changes: list[Change]) -> str:
    return "\n".join(f"    {change}" for change in changes)
