"""What is confirmed is on the disk: seen from outside, by the system's own account, and after a kill."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys

import pytest
from system_calls import Synced, trace

from podium.journal.journal import open_journal
from podium.journal.records import Stream

HANDS_OVER = """
import os, sys
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Stream

journal = open_journal(sys.argv[1])
if sys.argv[2] == "careless":
    journal._storage._writer.execute("PRAGMA synchronous = OFF")
begin = journal.last(Stream.DOMAIN) + 1
for sequence in range(begin, begin + int(sys.argv[3])):
    body = b'{"order":"token-%d-"}' % sequence
    record = JournalRecord(stream=Stream.DOMAIN, sequence=sequence, time=sequence, kind="ORDER_CREATED", body=body)
    journal.append([record]).result()
    os.write(1, b"venue receives token-%d-\\n" % sequence)
"""
TOKEN = re.compile(r"token-(\d+)-")


def _unsynced(place, tmp_path, how):
    """List the records that were handed over before an fsync of theirs had ended."""
    synced, early, count = Synced(TOKEN), [], 0
    for line in trace(["-c", HANDS_OVER, str(place), how, "40"], tmp_path / "trace"):
        if "venue receives" in line:
            count += 1
            early += set(TOKEN.findall(line)) - synced.names
        synced.see(line)
    assert count == 40
    return early


def test_an_fsync_ends_before_the_future_is_done(place, tmp_path):
    """By the system's account each record was synced before it was handed over. (design 8)"""
    assert _unsynced(place, tmp_path, "careful") == []


def test_the_account_would_tell_of_a_hand_over_without_fsync(place, tmp_path):
    """The check above can fail: a connection that does not sync is seen."""
    assert len(_unsynced(place, tmp_path, "careless")) == 40


def test_the_writer_syncs_each_commit(sqlite_journal):
    """Where no tracer is at hand: the connection that commits is set to WAL and to sync in full."""
    writer = sqlite_journal._storage._writer
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_was_confirmed_is_lost_by_a_kill(any_place, seed):
    """After `kill -9` at a random moment the journal holds all that was confirmed, in order and unbroken. (D-02)"""
    draw = random.Random(seed)
    confirmed = 0
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", HANDS_OVER, str(any_place), "careful", "1000000"], stdout=subprocess.PIPE
        )
        for _ in range(draw.randrange(1, 120)):
            confirmed = int(TOKEN.search(process.stdout.readline().decode())[1])
        os.kill(process.pid, signal.SIGKILL)
        rest = process.communicate()[0].decode()
        confirmed = max([confirmed, *map(int, TOKEN.findall(rest))])
        journal = open_journal(any_place)  # the lock of the dead is gone
        assert confirmed <= journal.last(Stream.DOMAIN) <= confirmed + 1
        assert [each.sequence for each in journal.read()] == list(range(1, journal.last(Stream.DOMAIN) + 1))
        assert journal.verify().problem is None
        journal.close()
