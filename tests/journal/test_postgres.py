"""A journal in PostgreSQL: what the server, the network and others who use the database can do to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import count

import psycopg
import pytest
from journal_records import record, records

from podium.cli.main import run
from podium.core.errors import ConfigurationError, JournalError, JournalFailed
from podium.journal.journal import open_journal, read_journal
from podium.journal.records import Snapshot, Stream

DURABLE = 10.0
_NUMBERS = count(1)


@pytest.fixture
def address(postgres):
    """Give the address of a journal that is not there yet; its schema has a name that needs quoting."""
    return postgres.address(f'a "new" one-{next(_NUMBERS)}')


def _execute(postgres, address, statement):
    schema = address.rpartition("schema=")[2]
    with psycopg.connect(f"postgresql://podium@/postgres?host={postgres.folder}", autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', quote_ident(%s), false)", (schema,))
        connection.execute(statement)


def _refusal(address, message):
    with pytest.raises((JournalError, ConfigurationError), match=message) as raised:
        open_journal(address)
    assert raised.value.problems[0].expected
    return str(raised.value)


def _made(address, count=20):
    journal = open_journal(address)
    journal.append(records(1, count))
    journal.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "UPDATE record SET body = 'other' WHERE position = 7",
            r"record 7 \(domain 7, ORDER_FILLED, 2024.*was changed",
        ),
        ("DELETE FROM record WHERE position = 7", "record 7 is missing: record 8"),
        ("DELETE FROM record WHERE position = 20", "ends with record 19, but record 20 was durable"),
        ("UPDATE journal SET value = '99' WHERE key = 'format'", "the form 99"),
    ],
    ids=["changed", "taken out", "the last taken out", "another form"],
)
def test_a_journal_that_was_changed_is_refused(postgres, address, statement, message):
    """The same promise as in a folder: the first bad record is named and nothing is started."""
    _made(address)
    _execute(postgres, address, statement)
    _refusal(address, message)


def test_the_connection_that_writes_waits_for_the_disk(address):
    """A confirmed commit is on the disk of the server, whatever its settings for others are."""
    journal = open_journal(address)
    writer = journal._storage._writer
    assert writer.execute("SHOW synchronous_commit").fetchone() == ("on",)
    assert writer.execute("SHOW fsync").fetchone() == ("on",)
    journal.close()


def test_a_server_that_keeps_nothing_is_refused(postgres, address):
    """With fsync off a power failure takes what was confirmed."""
    postgres.crash()
    postgres.start("fsync=off")
    try:
        _refusal(address, "its setting fsync is off")
    finally:
        postgres.crash()
        postgres.start()


def test_a_server_that_crashes_ends_the_journal_closed(postgres, address):
    """The append fails, nothing more is taken, and after a restart all that was confirmed is there."""
    journal = open_journal(address)
    journal.append(records(1, 50)).result(DURABLE)
    postgres.crash()
    try:
        with pytest.raises(JournalFailed, match="could not be made durable"):
            journal.append([record(51)]).result(DURABLE)
        with pytest.raises(JournalFailed):
            journal.append([record(51)])
        journal.close()
        _refusal(address, "cannot be used")
    finally:
        postgres.start()
    journal = open_journal(address)
    assert journal.last(Stream.DOMAIN) == 50
    assert journal.verify().problem is None
    journal.append([record(51)]).result(DURABLE)
    journal.close()


def test_a_connection_that_is_cut_ends_the_journal_closed(postgres, address):
    """With it went the lock: another process may write by now."""
    journal = open_journal(address)
    journal.append([record(1)]).result(DURABLE)
    _execute(
        postgres,
        address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'podium'",
    )
    with pytest.raises(JournalFailed):
        journal.append([record(2)]).result(DURABLE)
    journal.close()


HOLDS = """
import sys
from podium.journal.journal import open_journal
journal = open_journal(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_with_the_number_of_the_first(address):
    """The server's lock goes with the process, even when it is killed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"open\n"
    _refusal(address, f"in use by process {holder.pid} on ")
    read_journal(address).close()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    open_journal(address).close()


def test_schemas_of_one_database_are_journals_of_their_own(address):
    """Two portfolios may share a database; neither sees the other's records or waits for its lock."""
    one, other = open_journal(address), open_journal(f"{address}-other")
    one.append(records(1, 3)).result(DURABLE)
    assert (one.last(Stream.DOMAIN), other.last(Stream.DOMAIN)) == (3, 0)
    assert one.epoch != other.epoch
    one.close()
    other.close()


def test_a_user_without_rights_is_told(postgres, address):
    """What the server refuses is said in its own words, with what is needed."""
    _execute(postgres, address, "CREATE ROLE stranger LOGIN")
    try:
        _refusal(address.replace("podium@", "stranger@"), "permission denied for database")
    finally:
        _execute(postgres, address, "DROP ROLE stranger")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("postgresql://trader:secret@localhost:1/books?password=secret", "cannot be used: connection.*refused"),
        ("postgresql://trader:secret@localhost:port/books", "cannot be used"),
        ("postgresql://trader:secret@localhost/books?colour=red", "cannot be used: invalid URI query parameter"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(address, message):
    """The message can be pasted into a ticket."""
    told = _refusal(address, message)
    assert "trader@localhost" in told
    assert "secret" not in told


def test_a_schema_whose_name_the_server_would_cut_is_refused(postgres):
    """Else two portfolios with long names would write one journal."""
    _refusal(postgres.address("é" * 32), "64 bytes")


def test_without_psycopg_the_extra_is_named():
    """Who installs Podium alone gets a hint, not a traceback."""
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from podium.cli.main import run; sys.exit(run(['journal', 'verify', 'postgresql://host/database']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "hint: pip install 'podium[postgres]'" in done.stderr


def test_the_commands_take_an_address(address, tmp_path, capsys):
    """Verify, show, export and archive work as they do in a folder; an archive needs a folder to go to."""
    journal = open_journal(address)
    journal.append(records(1, 5, Stream.INPUT) + records(1, 5))
    journal.save_snapshot(Snapshot(schema=1, input_sequence=5, domain_sequence=3, body=b"state")).result(DURABLE)
    journal.close()
    assert run(["journal", "verify", address]) == 0
    assert "10 records follow one another" in capsys.readouterr().out
    assert run(["journal", "archive", address]) == 2
    assert "expected: --to FOLDER" in capsys.readouterr().err
    assert run(["journal", "archive", address, "--to", str(tmp_path / "cold")]) == 0
    assert "records 1 to 8" in capsys.readouterr().out
    assert run(["journal", "show", address, "--stream", "domain", "--last", "3"]) == 0
    assert capsys.readouterr().out.count("domain") == 3
    assert run(["journal", "export", address, str(tmp_path / "all.csv")]) == 0
    assert "10 records" in capsys.readouterr().out
    journal = open_journal(address)
    assert [each.sequence for each in journal.read(Stream.DOMAIN)] == [1, 2, 3, 4, 5]
    journal.close()
