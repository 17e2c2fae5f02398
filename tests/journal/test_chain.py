"""The chain ties each record to the one before it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_records import record, records

from podium.journal.chain import Chain
from podium.journal.records import JournalRecord, Stream

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
RECORDS = st.builds(
    JournalRecord,
    stream=st.sampled_from(Stream),
    sequence=st.integers(1, 2**62),
    time=st.integers(0, 2**62),
    kind=TEXT,
    body=st.binary(max_size=12),
    correlation_id=TEXT,
)


@given(RECORDS, RECORDS)
def test_different_records_have_different_hashes(one, other):
    """No two records read the same, wherever the borders between their texts lie."""
    hashes = [Chain().rows([each])[0].hash for each in (one, other)]
    assert (hashes[0] == hashes[1]) == (one == other)


def test_texts_cannot_be_shifted_into_each_other():
    """A space more in one text and less in the next is another record."""
    one = dataclasses.replace(record(1), kind="A 1", correlation_id="B")
    other = dataclasses.replace(record(1), kind="A", correlation_id="1 B")
    assert Chain().rows([one])[0].hash != Chain().rows([other])[0].hash


def _rows():
    return Chain().rows([record(1, Stream.INPUT), *records(1, 4), record(2, Stream.INPUT)])


def test_rows_as_they_were_made_follow():
    """The chain ends at the last of them and knows how far each stream came."""
    chain = Chain()
    assert chain.check(_rows()) is None
    assert (chain.position, chain.hash) == (6, _rows()[-1].hash)
    assert chain.sequences[Stream.DOMAIN] == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [("time", 5), ("kind", "ORDER_CREATED"), ("correlation_id", ""), ("body", b"{}"), ("stream", "operational"),
     ("sequence", 9), ("hash", bytes(32))],
)  # fmt: skip
def test_the_first_changed_row_is_named(field, value):
    """Whatever part of a row was changed, that row is named and not the next one."""
    rows = _rows()
    rows[3] = rows[3]._replace(**{field: value})
    chain = Chain()
    assert "record 4 (" in chain.check(rows)
    assert chain.position == 3


def test_a_missing_row_is_named():
    """A row that was taken out is found by its place."""
    rows = _rows()
    del rows[2]
    assert "record 3 is missing: record 4 (domain 3, ORDER_FILLED, 2024-01-01T00:00:00Z)" in Chain().check(rows)


def test_a_row_that_was_made_anew_breaks_the_next_one():
    """Who changes a record and its hash has to change all that follow."""
    rows = _rows()
    begin = Chain(2, rows[1].hash, {})
    rows[2] = begin.rows([record(2, body=b"forged")])[0]
    assert "record 4 (" in Chain().check(rows)


def test_a_gap_in_a_stream_is_named():
    """Rows whose hashes follow, but whose sequence has a gap, are no journal."""
    rows = Chain().rows([record(1), record(3)])
    assert "record 2 (domain 3, ORDER_FILLED, 2024-01-01T00:00:00Z) is out of sequence: it follows domain 1" in (
        Chain().check(rows)
    )
