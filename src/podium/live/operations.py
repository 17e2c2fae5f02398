"""What happens to the system itself: recorded in the journal with a sequence of its own, and told to the log."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

from podium.bus.events import Event, Nature
from podium.core.clock import Clock
from podium.core.errors import JournalFailed
from podium.journal.journal import Journal
from podium.journal.records import JournalRecord, Stream
from podium.live.log import Log

__all__ = ["Operations"]

_BASE = ("time", "correlation_id")
#: Events that tell of something that went wrong.
_WARNINGS = ("SERVICE_ERROR", "DATA_FETCH_FAILED")


class Operations:
    """Record operational events.

    Args:
        journal: where they are kept.
        log: where they are told.
        clock: the run's clock.
    """

    def __init__(self, journal: Journal, log: Log, clock: Clock) -> None:
        self._journal, self.log, self._clock = journal, log, clock
        self._sequence = journal.last(Stream.OPERATIONAL)
        #: Are told of every alert: its name and its text.
        self.alert_listeners: list[Callable[[str, str], None]] = []
        #: Is told when nothing can be recorded any more.
        self.on_failure: Callable[[Exception], None] = lambda _error: None

    def note(self, kind: str, **members: object) -> None:
        """Record something that is as it should be.

        Args:
            kind: its name.
            members: the particulars; ``None`` is left out.
        """
        self._record("info", kind, self._clock.now(), members)

    def warn(self, kind: str, **members: object) -> None:
        """Record something that is not as it should be, and that the system has dealt with.

        Args:
            kind: its name.
            members: the particulars; ``None`` is left out.
        """
        self._record("warning", kind, self._clock.now(), members)

    def alert(self, alert: str, text: str, **members: object) -> None:
        """Record something that a person must look at.

        Args:
            alert: its name, such as ``symbol_out``.
            text: what happened and what to do, one sentence.
            members: the particulars; ``None`` is left out.
        """
        self._record("error", "ALERT", self._clock.now(), {"alert": alert, "text": text, **members})
        for listener in self.alert_listeners:
            listener(alert, text)

    def take(self, event: Event) -> None:
        """Record an event of a bus, if it is an operational one.

        Args:
            event: any event.
        """
        if event.nature is Nature.OPERATIONAL:
            members = {
                field.name: getattr(event, field.name) for field in dataclasses.fields(event) if field.name not in _BASE
            }
            level = "warning" if event.kind in _WARNINGS else "info"
            self._record(level, event.kind, event.time, members, event.correlation_id)

    def _record(self, level: str, kind: str, time: int, members: dict[str, object], correlation_id: str = "") -> None:
        told = {name: value for name, value in members.items() if value not in (None, "")}
        tied = {"correlation_id": correlation_id} if correlation_id else {}
        self.log.write(level, kind.lower(), **told, **tied)
        record = JournalRecord(
            stream=Stream.OPERATIONAL,
            sequence=self._sequence + 1,
            time=time,
            kind=kind,
            body=json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(),
            correlation_id=correlation_id,
        )
        try:
            self._journal.append([record])
        except JournalFailed as error:
            self.on_failure(error)
        else:
            self._sequence += 1
