"""What every journal promises, wherever it keeps its records."""

from __future__ import annotations

import asyncio
import threading

import pytest
from journal_records import record, records

from podium.core.errors import InvariantBroken, JournalError, JournalFailed
from podium.journal.journal import open_journal, read_journal
from podium.journal.records import Snapshot, Stream

DURABLE = 10.0


def test_what_was_appended_is_read_in_order(journal):
    """Records come back as they were given: all in the order of their commits, and each stream in its own."""
    first = [record(1, Stream.CONFIGURATION), record(1, Stream.INPUT), record(1), record(2)]
    second = [record(2, Stream.INPUT), record(3), record(1, Stream.OPERATIONAL, correlation_id="", kind="alert")]
    journal.append(first)
    journal.append(second).result(DURABLE)
    assert list(journal.read()) == first + second
    assert list(journal.read(Stream.DOMAIN)) == [first[2], first[3], second[1]]
    assert list(journal.read(Stream.DOMAIN, after=2)) == [second[1]]
    assert list(journal.read(after=4)) == second
    assert [journal.last(stream) for stream in Stream] == [2, 3, 1, 1]


@pytest.mark.parametrize(
    "body", [b"", b'"\xc3\xa9\xe2\x82\xac\\u0000"', b'{"a":1}' * 20_000], ids=["empty", "text", "long"]
)
def test_a_body_comes_back_byte_for_byte(journal, body):
    """Nothing is encoded anew, cut or padded."""
    journal.append([record(1, body=body)]).result(DURABLE)
    assert next(journal.read()).body == body


def test_a_future_is_done_only_when_the_records_can_be_read(journal):
    """What is confirmed is there; so is everything before it."""
    for sequence in range(1, 50):
        journal.append([record(sequence)]).result(DURABLE)
        assert journal.last(Stream.DOMAIN) == sequence


def test_many_small_appends_and_a_large_one_are_all_kept(journal):
    """However appends are gathered into groups, none is lost and none changes places."""
    waiting = [journal.append([record(sequence)]) for sequence in range(1, 2_001)]
    waiting.append(journal.append(records(2_001, 22_000)))
    waiting.append(journal.append([record(22_001)]))
    for future in waiting:
        future.result(DURABLE)
    assert [each.sequence for each in journal.read()] == list(range(1, 22_002))
    assert journal.verify().problem is None


def test_an_append_of_nothing_is_done_when_all_before_it_is_durable(journal):
    """It serves to wait for what others appended."""
    journal.append(records(1, 5_000))
    journal.append([]).result(DURABLE)
    assert journal.last(Stream.DOMAIN) == 5_000


@pytest.mark.parametrize("sequence", [0, 2, -1])
def test_a_gap_in_a_sequence_is_a_defect_and_nothing_of_it_is_taken(journal, sequence):
    """Each stream counts 1, 2, 3; the records beside the wrong one are not taken either."""
    with pytest.raises(InvariantBroken, match="no gaps"):
        journal.append([record(1, Stream.INPUT), record(sequence)])
    journal.append([record(1, Stream.INPUT), record(1)]).result(DURABLE)
    assert len(list(journal.read())) == 2


def test_a_record_that_cannot_be_stored_ends_the_journal_closed(journal):
    """A defect of whoever made it: who waits is told, nobody waits for ever, and nothing comes after it."""
    journal.append([record(1)])
    broken = journal.append([record(2, kind="\ud800")])
    with pytest.raises(JournalFailed, match="could not be made durable: UnicodeEncodeError"):
        broken.result(DURABLE)
    with pytest.raises(JournalFailed):
        journal.append([record(2)])


def test_threads_append_without_mixing_their_groups(journal):
    """Streams may be written from different threads."""

    def write(stream):
        for sequence in range(1, 301):
            journal.append([record(sequence, stream)])

    threads = [threading.Thread(target=write, args=(stream,)) for stream in Stream]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.append([]).result(DURABLE)
    assert [journal.last(stream) for stream in Stream] == [300] * 4
    assert journal.verify().problem is None


def test_a_task_that_stops_waiting_takes_no_record_back(journal):
    """A cancelled task does not undo an append, and the writer goes on."""

    async def give_up():
        waiting = asyncio.ensure_future(asyncio.wrap_future(journal.append([record(1)])))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wrap_future(journal.append([record(2)]))

    asyncio.run(give_up())
    assert journal.last(Stream.DOMAIN) == 2


def test_a_journal_goes_on_where_it_ended(any_place):
    """Closing makes everything durable; the next start continues the sequences, the chain and the epoch."""
    first = open_journal(any_place)
    first.append(records(1, 3))
    epoch = first.epoch
    first.close()
    first.close()
    second = open_journal(any_place, epoch="another1")
    assert (second.epoch, second.last(Stream.DOMAIN)) == (epoch, 3)
    second.append([record(4)]).result(DURABLE)
    assert second.verify().records == 4
    second.close()


def test_two_journals_have_two_epochs(tmp_path):
    """An epoch is drawn for each journal: eight characters that fit into an order id; it can be given, too."""
    places = [open_journal(tmp_path / name, epoch=epoch) for name, epoch in (("a", None), ("b", None), ("c", "fixed0"))]
    epochs = [each.epoch for each in places]
    for each in places:
        each.close()
    assert epochs[0] != epochs[1]
    assert epochs[2] == "fixed0"
    assert all(len(epoch) == 8 and epoch.isalnum() and epoch == epoch.lower() for epoch in epochs[:2])


def test_a_closed_journal_takes_nothing(any_place):
    """An append behind the end is a defect, not a silent loss."""
    journal = open_journal(any_place)
    journal.close()
    with pytest.raises(InvariantBroken, match="closed journal"):
        journal.append([record(1)])


def test_a_reader_sees_what_is_durable_while_another_writes(any_place, journal):
    """Tailing a journal needs no lock and holds none."""
    journal.append(records(1, 10)).result(DURABLE)
    reader = read_journal(any_place)
    assert [each.sequence for each in reader.read(after=7)] == [8, 9, 10]
    journal.append([record(11)]).result(DURABLE)
    assert [each.sequence for each in reader.read(after=10)] == [11]
    assert (reader.epoch, reader.last(Stream.DOMAIN)) == (journal.epoch, 11)
    reader.close()


def test_there_is_nothing_to_read_where_no_journal_is(any_place):
    """Reading makes no journal."""
    for _ in range(2):
        with pytest.raises(JournalError, match="there is no journal") as raised:
            read_journal(any_place)
        assert raised.value.problems[0].expected


def snapshot(schema=1, inputs=2, domain=3, body=b"state"):
    return Snapshot(schema=schema, input_sequence=inputs, domain_sequence=domain, body=body)


def test_the_newest_snapshot_of_the_form_asked_for_is_given(any_place, journal):
    """A snapshot of an unknown form is passed over, as is a journal without any."""
    assert journal.latest_snapshot(1) is None
    journal.append(records(1, 9, Stream.INPUT) + records(1, 9))
    journal.save_snapshot(snapshot(inputs=2))
    journal.save_snapshot(snapshot(inputs=5, body=bytes(range(256)))).result(DURABLE)
    assert journal.latest_snapshot(1) == snapshot(inputs=5, body=bytes(range(256)))
    journal.save_snapshot(snapshot(schema=2, inputs=7)).result(DURABLE)
    assert journal.latest_snapshot(1).input_sequence == 5
    assert journal.latest_snapshot(2).input_sequence == 7
    assert journal.latest_snapshot(3) is None
    assert journal.verify().snapshots == 2


def test_a_snapshot_of_what_is_not_in_the_journal_is_a_defect(journal):
    """Its records come before it."""
    journal.append(records(1, 2, Stream.INPUT) + records(1, 2))
    with pytest.raises(InvariantBroken, match="only records that are in the journal"):
        journal.save_snapshot(snapshot(inputs=2, domain=3))
