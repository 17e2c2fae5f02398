"""Podium's journal: how fast records become durable, how long one step waits, how long a start takes to read them all.

Prints one line. Records are appended a step at a time, as a run does, and nobody waits but at the end; then steps are
appended one by one, each awaited. Nothing is left behind.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from podium.journal.journal import Journal, open_journal
from podium.journal.records import JournalRecord, Stream
from sides.serving import request

_BODY = (
    b'{"sequence":%d,"time":"2024-01-01T00:00:00Z","kind":"ORDER_FILLED","strategy_id":"trend","symbol":"BTC/USDT",'
    b'"order":17,"side":"buy","quantity":"0.123","price":"42123.4","fee":"5.18","cash":"94813.05"}'
)


def _steps(first: int, steps: int, size: int) -> Iterator[list[JournalRecord]]:
    for start in range(first, first + steps * size, size):
        yield [
            JournalRecord(
                stream=Stream.DOMAIN,
                sequence=sequence,
                time=1_704_067_200_000_000_000 + sequence,
                kind="ORDER_FILLED",
                body=_BODY % sequence,
                correlation_id="BTC/USDT-1704067200",
            )
            for sequence in range(start, start + size)
        ]


def _write(journal: Journal, events: int, size: int) -> float:
    started = time.perf_counter()
    for step in _steps(1, events // size, size):
        last = journal.append(step)
    last.result()
    return time.perf_counter() - started


def _wait(journal: Journal, first: int, steps: int, size: int) -> list[float]:
    found = []
    for step in _steps(first, steps, size):
        started = time.perf_counter()
        journal.append(step).result()
        found.append(time.perf_counter() - started)
    return found


def _measure() -> None:
    wanted = request()
    events, size, waited = (int(str(wanted[name])) for name in ("events", "size", "waited"))
    place = Path(str(wanted["data"])) / "demo.journal"
    shutil.rmtree(place, ignore_errors=True)
    journal = open_journal(place)
    found: dict[str, object] = {"write": _write(journal, events, size)}
    journal.close()
    started = time.perf_counter()
    journal = open_journal(place)  # there is no snapshot: every record is verified
    found["verify"] = time.perf_counter() - started
    started = time.perf_counter()
    found["count"] = sum(1 for _ in journal.read(Stream.DOMAIN))
    found["read"] = time.perf_counter() - started
    found["bytes"] = sum(file.stat().st_size for file in place.iterdir()) / events
    found["waits"] = _wait(journal, events + 1, waited, size)
    journal.close()
    shutil.rmtree(place)
    print(json.dumps(found))


if __name__ == "__main__":
    _measure()
