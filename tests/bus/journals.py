"""Journals to publish from: real ones, and a double of the port that keeps everything in memory."""

from __future__ import annotations

import json

from podium.bus.translation import events_of
from podium.core.times import iso, parse_time
from podium.journal.records import JournalRecord, Stream


class MemoryJournal:
    """Be the port of a journal whose records are durable at once."""

    def __init__(self, epoch="epoch1"):
        self.name, self.epoch = "memory", epoch
        self._records = []

    def append(self, records):
        self._records += records

    def read(self, stream=None, after=0):
        return iter([each for each in self._records if each.stream == stream and each.sequence > after])

    def last(self, stream):
        return max((each.sequence for each in self._records if each.stream == stream), default=0)

    def close(self):
        pass


def records_of(lines):
    """Give the domain records of a run's lines; the correlation id is that of the time step."""
    return [_record(line) for line in lines]


def _record(line):
    members = json.loads(line)
    return JournalRecord(
        stream=Stream.DOMAIN,
        sequence=members["sequence"],
        time=parse_time(members["time"]),
        kind=members["kind"],
        body=line,
        correlation_id=f"bar-{members['time']}",
    )


def expected_entries(records):
    """Say what a stream must hold, as (id, name, strategy, symbol, time, correlation id, body, id before it)."""
    expected, last = [], "0-0"
    for record in records:
        events = events_of(kind=record.kind, time=record.time, body=record.body)
        for part, event in enumerate(event for event in events if event.is_external):
            members = (event.kind, event.strategy_id or "", event.symbol or "", iso(record.time), record.correlation_id)
            expected.append((f"{record.sequence}-{part}", *members, record.body, last))
            last = expected[-1][0]
    return expected
