"""Records for the tests of the journal."""

from __future__ import annotations

from podium.journal.records import JournalRecord, Stream

NANOSECONDS = 1_704_067_200_000_000_000


def record(sequence, stream=Stream.DOMAIN, *, kind="ORDER_FILLED", body=None, correlation_id="BTC/USDT-1"):
    """Make one record; its body names its place."""
    return JournalRecord(
        stream=stream,
        sequence=sequence,
        time=NANOSECONDS + sequence,
        kind=kind,
        body=body if body is not None else f'{{"sequence":{sequence},"symbol":"BTC/USDT"}}'.encode(),
        correlation_id=correlation_id,
    )


def records(first, last, stream=Stream.DOMAIN):
    """Make the records of some sequences, both ends included."""
    return [record(sequence, stream) for sequence in range(first, last + 1)]
