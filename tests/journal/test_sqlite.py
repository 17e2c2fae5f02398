"""A journal in a folder: what happens when the folder, the disk or the files are not as they should be."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from journal_records import record, records

from podium.core.errors import JournalError, JournalFailed
from podium.journal.journal import open_journal, read_journal
from podium.journal.records import Snapshot, Stream

DURABLE = 10.0


def _made(place, count=20):
    """Make a journal of some records and close it."""
    journal = open_journal(place)
    for sequence in range(1, count + 1):
        journal.append([record(sequence)])
    journal.close()
    return place


def _change(place, statement, *values):
    connection = sqlite3.connect(place / "journal.sqlite")
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def _refusal(place, message):
    """Tell what opening says; it says where, what was expected and what to do."""
    with pytest.raises(JournalError, match=message) as raised:
        open_journal(place)
    problem = raised.value.problems[0]
    assert problem.expected
    assert str(place) in problem.location.file
    return str(raised.value)


def _program(text, *arguments, **options):
    """Run a program that uses a journal; give how it ended and what it said."""
    words = [sys.executable, "-c", text, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **options)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("position", [1, 10, 20])
def test_a_changed_record_is_named_and_nothing_is_started(place, position):
    """One other byte in a body is found at the start, and by verify, which names the record."""
    _change(_made(place), "UPDATE record SET body = ? WHERE position = ?", b'{"sequence":0}', position)
    told = _refusal(place, rf"record {position} \(domain {position}, ORDER_FILLED, 2024-.*was changed")
    reader = read_journal(place)
    found = reader.verify()
    reader.close()
    assert str(found.problem) in told
    assert found.records == position - 1


def test_a_record_that_was_taken_out_is_missed(place):
    """In the middle its place tells; at the end the head file does."""
    _change(_made(place), "DELETE FROM record WHERE position = 7")
    _refusal(place, "record 7 is missing: record 8")


def test_the_last_record_is_missed_when_it_was_taken_out(place):
    """A journal that merely ends earlier is not taken for a whole one."""
    _change(_made(place), "DELETE FROM record WHERE position = 20")
    _refusal(place, "ends with record 19, but record 20 was durable")


def test_another_record_in_the_place_of_the_last_is_found(place):
    """A last record that was made anew, hash and all, is not the one that was durable."""
    _change(_made(place), "DELETE FROM record WHERE position = 20")
    head = (place / "journal.head").read_bytes()
    (place / "journal.head").unlink()
    journal = open_journal(place)
    journal.append([record(20, body=b"forged")]).result(DURABLE)
    journal.close()
    (place / "journal.head").write_bytes(head)
    _refusal(place, "record 20 is another one than was durable")


ENDS_WITHOUT_CLOSING = """
import os, sys
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Stream
journal = open_journal(sys.argv[1])
for sequence in range(1, 21):
    record = JournalRecord(stream=Stream.DOMAIN, sequence=sequence, time=sequence, kind="A", body=b"{}" * 500)
    journal.append([record]).result()
os._exit(0)
"""


@pytest.mark.parametrize("lost", [1, 100, 5000])
def test_a_torn_last_record_is_found(place, lost):
    """A file whose end is gone after a kill ends the start, where SQLite alone would leave the commit out."""
    assert _program(ENDS_WITHOUT_CLOSING, place)[0] == 0
    torn = place / "journal.sqlite-wal"
    os.truncate(torn, torn.stat().st_size - lost)
    _refusal(place, "but record 20 was durable")


def test_a_journal_whose_writer_was_killed_can_be_read(place):
    """A reader needs no writer to tidy up first."""
    assert _program(ENDS_WITHOUT_CLOSING, place)[0] == 0
    reader = read_journal(place)
    assert reader.verify().records == 20
    reader.close()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: file.write_bytes(b"no database at all" * 100), "no journal, or its beginning was changed"),
        (lambda file: os.truncate(file, 10_000), "damaged"),
        (lambda file: file.with_name("journal.head").write_text("x y"), "does not name a record"),
    ],
    ids=["other content", "torn", "head"],
)  # fmt: skip
def test_damaged_files_are_refused(place, damage, message):
    """Whatever SQLite says of a file, the message says which file, and what to do."""
    damage(_made(place, 400) / "journal.sqlite")
    assert "hint:" in _refusal(place, message)


@pytest.mark.parametrize("content", [b"", bytes(86)], ids=["empty", "zeros"])
def test_a_head_that_a_power_failure_left_empty_says_nothing(place, content):
    """It is not synced: a start after a power failure must not be refused for it, and writes it anew."""
    (_made(place) / "journal.head").write_bytes(content)
    journal = open_journal(place)
    journal.append([record(21)]).result(DURABLE)
    journal.close()
    _change(place, "DELETE FROM record WHERE position = 21")
    _refusal(place, "record 21 was durable")


def test_a_journal_that_was_turned_into_another_mode_is_turned_back(place):
    """Without the write-ahead log readers would hold up the run."""
    _made(place)
    connection = sqlite3.connect(place / "journal.sqlite")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    journal = open_journal(place)
    assert journal._storage._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal.verify().problem is None
    journal.close()


def test_a_database_of_something_else_is_refused(place):
    """Nothing is written into it."""
    place.mkdir()
    _change(place, "CREATE TABLE cats (name TEXT)")
    before = (place / "journal.sqlite").read_bytes()
    _refusal(place, "no journal")
    assert (place / "journal.sqlite").read_bytes() == before


def test_a_journal_of_another_form_is_refused(place):
    """A later version of Podium may keep records in another way."""
    _change(_made(place), "UPDATE journal SET value = '99' WHERE key = 'format'")
    assert "use the version of Podium that made it" in _refusal(place, "the form 99")


def test_a_snapshot_that_was_changed_is_passed_over_and_told(place):
    """Recovery replays from further back; verify says why."""
    journal = open_journal(place)
    journal.append(records(1, 5, Stream.INPUT) + records(1, 5))
    for inputs in (2, 4):
        state = Snapshot(schema=1, input_sequence=inputs, domain_sequence=inputs, body=b"state")
        journal.save_snapshot(state).result(DURABLE)
    journal.close()
    _change(place, "UPDATE snapshot SET body = ? WHERE input_sequence = 4", b"other")
    journal = open_journal(place)
    assert journal.latest_snapshot(1).input_sequence == 2
    assert "a snapshot was changed" in str(journal.verify().problem)
    journal.close()


HOLDS = """
import sys
from podium.journal.journal import open_journal
journal = open_journal(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_with_the_number_of_the_first(place):
    """Two writers would part the chain; the lock goes with the process, even when it is killed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"open\n"
    assert "hint: stop that process first" in _refusal(place, f"in use by process {holder.pid}")
    reader = read_journal(place)
    reader.close()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    open_journal(place).close()


def test_one_process_cannot_open_a_journal_twice(place, sqlite_journal):
    """The second one in the same process is refused as well; the first goes on."""
    _refusal(place, f"in use by process {os.getpid()}")
    sqlite_journal.append([record(1)]).result(DURABLE)


APPENDS_UNTIL_IT_FAILS = """
import sys
from podium.core.errors import JournalFailed
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Stream
journal = open_journal(sys.argv[1])
def one(sequence):
    return JournalRecord(stream=Stream.DOMAIN, sequence=sequence, time=sequence, kind="A", body=b"x" * 1000)
sequence = journal.last(Stream.DOMAIN)
try:
    while True:
        sequence += 1
        journal.append([one(sequence)]).result()
        print("confirmed", sequence, flush=True)
except JournalFailed as error:
    print(error)
try:
    journal.append([one(sequence)])
    print("took more")
except JournalFailed as error:
    print("again:", str(error).splitlines()[0])
journal.close()
"""


def _confirmed(said):
    return max(int(line.split()[1]) for line in said.splitlines() if line.startswith("confirmed"))


def test_a_file_that_may_not_grow_ends_the_journal_closed(place):
    """A limit of the system on the size of files: an error that says where, no more records, none confirmed lost."""
    limit = 400_000
    code, said = _program(
        APPENDS_UNTIL_IT_FAILS, place, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    assert code == 0
    assert "could not be made durable" in said
    assert "again:" in said
    assert "took more" not in said
    journal = open_journal(place)
    assert journal.last(Stream.DOMAIN) == _confirmed(said)
    assert journal.verify().problem is None
    journal.append([record(_confirmed(said) + 1)]).result(DURABLE)  # with room it goes on
    journal.close()


@pytest.fixture
def small_disk(tmp_path):
    """Give a disk of one megabyte, and the words before a program that is to see it: it is mounted for it alone."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    mount = f'mount -t tmpfs -o size=1m tmpfs {mounted} && "$0" "$@"'
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    return mounted, words


READS_WHAT_IS_KEPT = """
from podium.journal.journal import read_journal
reader = read_journal(sys.argv[1])
print("kept", reader.last(Stream.DOMAIN), reader.verify().problem)
"""


def test_a_full_disk_is_named_and_ends_the_journal_closed(small_disk):
    """The message says that the disk is full; what was confirmed is still there and unbroken."""
    disk, words = small_disk
    words += [sys.executable, "-c", APPENDS_UNTIL_IT_FAILS + READS_WHAT_IS_KEPT, str(disk / "demo.journal")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "the disk is full" in said
    assert "hint: make room and start again" in said
    assert "took more" not in said
    assert f"kept {_confirmed(said)} None" in said


EXPORTS_UNTIL_THE_DISK_IS_FULL = """
import os, sys
from pathlib import Path
from podium.cli.main import run
from podium.journal.journal import open_journal
from podium.journal.records import JournalRecord, Snapshot, Stream
place, disk = sys.argv[1:]
journal = open_journal(place)
for sequence in range(1, 401):
    body = os.urandom(4000).hex().encode()
    journal.append([JournalRecord(stream=Stream.INPUT, sequence=sequence, time=sequence, kind="A", body=body)])
journal.save_snapshot(Snapshot(schema=1, input_sequence=400, domain_sequence=0, body=b"state"))
journal.close()
print(run(["journal", "export", place, disk + "/all.csv"]), run(["journal", "export", place, disk + "/all.parquet"]))
print(run(["journal", "archive", place, "--to", disk]), list(Path(disk).iterdir()))
run(["journal", "verify", place])
"""


def test_an_export_or_archive_that_fills_the_disk_leaves_nothing_half_written(small_disk, place):
    """The message names the file and the disk; the records stay in the journal."""
    disk, words = small_disk
    words += [sys.executable, "-c", EXPORTS_UNTIL_THE_DISK_IS_FULL, str(place), str(disk)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("No space left on device") == 3, done.stderr
    assert done.stdout.startswith("2 2\n2 []\n"), done.stdout
    assert "400 records follow one another" in done.stdout


OPENS_AS_NOBODY = """
import os, sys
from podium.core.errors import JournalError
from podium.journal import journal, sqlite
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    journal.open_journal(sys.argv[1])
    print("opened")
except JournalError as error:
    print(error)
reader = journal.read_journal(sys.argv[1])
print("read", reader.verify().records)
"""


@pytest.fixture
def public_place():
    """Give a place that other users can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder / "demo.journal"
    for each in (folder / "demo.journal", folder):
        each.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_journal_that_cannot_be_written_is_refused_but_can_be_read(public_place, what):
    """A start says so at once, before anything is traded; looking at it is allowed."""
    _made(public_place)
    for file in public_place.iterdir():
        file.chmod(0o444 if what == "folder" or file.name == "journal.sqlite" else 0o666)
    public_place.chmod(0o555 if what == "folder" else 0o777)
    _, said = _program(OPENS_AS_NOBODY, public_place)
    assert "demo.journal/journal." in said
    assert "expected: a f" in said
    assert "opened" not in said
    assert "read 20" in said


@pytest.mark.parametrize("where", ["/proc/demo.journal", "{file}/demo.journal", "{file}"])
def test_a_place_where_nothing_can_be_made_is_refused(tmp_path, where):
    """A path through a file, or where the system lets nobody write."""
    (tmp_path / "file").write_text("content")
    _refusal(Path(where.format(file=tmp_path / "file")), "cannot be used")


def test_a_journal_that_is_taken_away_while_it_is_written_ends_closed(place, sqlite_journal):
    """SQLite would go on in a file that nobody finds again."""
    sqlite_journal.append([record(1)]).result(DURABLE)
    shutil.move(place, place.with_name("elsewhere.journal"))
    with pytest.raises(JournalFailed, match="is not there any more"):
        sqlite_journal.append([record(2)]).result(DURABLE)
    with pytest.raises(JournalFailed, match="is not there any more"):
        sqlite_journal.append([record(2)])


def test_all_who_wait_are_told_of_a_failure(place, sqlite_journal):
    """A failed group fails what was taken behind it too, in order, and none of it is confirmed."""
    shutil.rmtree(place)
    waiting = []

    def take_many():
        for sequence in range(1, 100_000):
            waiting.append(sqlite_journal.append([record(sequence)]))  # noqa: PERF401  # it ends in the middle

    with pytest.raises(JournalFailed):
        take_many()
    assert waiting
    assert all(isinstance(future.exception(DURABLE), JournalFailed) for future in waiting)
