"""How a record of a journal, or an entry of a stream, is printed as one line."""

from __future__ import annotations

import json

from podium.core.times import iso
from podium.journal.records import JournalRecord, Row
from podium.journal.selection import body_of

__all__ = ["json_line", "text_line"]

#: What the head of a line says already.
_SAID_BEFORE = ("sequence", "time", "kind", "strategy_id", "symbol")


def text_line(record: Row | JournalRecord) -> str:
    """Write a record for people.

    Args:
        record: what to write.

    Returns:
        Time, place, kind, whom it is about, and its fields.
    """
    body = body_of(record)
    about = [str(body[name]) for name in ("strategy_id", "symbol") if body.get(name) is not None]
    rest = {name: value for name, value in body.items() if name not in _SAID_BEFORE}
    head = [f"{iso(record.time):<20}", f"{record.stream} {record.sequence:,}", record.kind, *about]
    fields = (
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in rest.items()
    )
    return "  ".join([*head, " ".join(fields)]).rstrip()


def json_line(record: Row | JournalRecord) -> str:
    """Write a record for programs.

    Args:
        record: what to write.

    Returns:
        A JSON object; a row of a journal has its position there.
    """
    position = {"position": record.position} if isinstance(record, Row) else {}
    named = {
        **position,
        "stream": record.stream,
        "sequence": record.sequence,
        "time": iso(record.time),
        "kind": record.kind,
        "correlation_id": record.correlation_id,
        "body": body_of(record),
    }
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))
