"""Keep a journal in a folder: SQLite in WAL mode, committed with ``synchronous=FULL``.

``journal.sqlite`` holds everything. ``journal.head`` names the last durable record; it is written after each commit, so
a journal that has fewer records than it says, or another one there, has lost some (SQLite by itself takes a torn end
for a commit that never was). ``journal.lock`` holds the number of the process that writes.

A group of rows is one statement: each return from SQLite has to wait for the interpreter, and a run that is busy makes
it wait for milliseconds.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from podium.core.errors import JournalError, JournalFailed, Location, Problem
from podium.core.ids import new_epoch
from podium.journal.lock import FileLock
from podium.journal.records import Row, Snapshot, Stored, Stream, snapshot_digest
from podium.journal.storage import FORMAT, Head, Segment, StoredSnapshot

__all__ = ["SqliteStorage"]

_FILE, _HEAD, _LOCK, _ARCHIVE = "journal.sqlite", "journal.head", "journal.lock", "archive"
_TABLES = """
CREATE TABLE journal (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE record (
  position INTEGER PRIMARY KEY, stream TEXT NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL,
  kind TEXT NOT NULL, correlation_id TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL
);
CREATE UNIQUE INDEX record_by_stream ON record (stream, sequence);
CREATE TABLE snapshot (
  number INTEGER PRIMARY KEY, schema INTEGER NOT NULL, input_sequence INTEGER NOT NULL,
  domain_sequence INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL
);
CREATE TABLE segment (
  first INTEGER PRIMARY KEY, last INTEGER NOT NULL, file TEXT NOT NULL, hash BLOB NOT NULL, sequences TEXT NOT NULL
)
"""
# A body that somebody replaced by a text is read as its bytes, and found by its hash.
_SELECT = "SELECT position, stream, sequence, time, kind, correlation_id, CAST(body AS BLOB), hash FROM record"
_ROWS_OF_A_STATEMENT = 256
# Copying the log into the database holds up the commit that it falls on: with more pages it falls on fewer.
_PAGES_OF_THE_LOG = 4000
_SNAPSHOTS_KEPT = 2
_BUSY_SECONDS = 5.0


class SqliteStorage:
    """Keep rows in a folder; see the module.

    Args:
        folder: where; it is made, with a new journal in it, unless it is only read.
        read_only: open what is there without the lock, to read it while another process may write.
        epoch: of a new journal; drawn when left out.

    Raises:
        JournalError: when there is no journal to read, it cannot be written, another process holds it, or it is not one
            that this version knows.
    """

    def __init__(self, folder: Path, *, read_only: bool = False, epoch: str | None = None) -> None:
        self._path, self._head_path = folder / _FILE, folder / _HEAD
        self._lock = None if read_only else _locked(folder)
        self._writer: sqlite3.Connection | None = None
        self._head: int | None = None
        try:
            with _told(self._path):
                if self._lock is not None:
                    self._writer = self._open_writer(epoch)
                self._reader = self._open_reader()
                self._facts = dict(self._reader.execute("SELECT key, value FROM journal").fetchall())
            self._check_format()
            self._inode = self._path.stat().st_ino
            if self._lock is not None:
                self._head = os.open(self._head_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """Name the file."""
        return str(self._path)

    @property
    def archive_folder(self) -> Path:
        """Give the folder in the journal's own where archives are kept unless another is named."""
        return self._path.parent / _ARCHIVE

    @property
    def epoch(self) -> str:
        """Give the name that was made once with the journal."""
        return str(self._facts["epoch"])

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none; they are durable on return.

        Args:
            rows: at least one.

        Raises:
            JournalFailed: when they are not durable.
        """
        with self._writing() as connection:
            if len(rows) <= _ROWS_OF_A_STATEMENT:
                _insert(connection, rows)
            else:
                with _transaction(connection):
                    for start in range(0, len(rows), _ROWS_OF_A_STATEMENT):
                        _insert(connection, rows[start : start + _ROWS_OF_A_STATEMENT])
        self._note(rows[-1].position, rows[-1].hash)

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; only it and the one before it stay.

        Args:
            snapshot: the state.

        Raises:
            JournalFailed: when it is not durable.
        """
        values = (snapshot.schema, snapshot.input_sequence, snapshot.domain_sequence, snapshot.body)
        with self._writing() as connection, _transaction(connection):
            connection.execute(
                "INSERT INTO snapshot (schema, input_sequence, domain_sequence, body, digest) VALUES (?, ?, ?, ?, ?)",
                (*values, snapshot_digest(snapshot)),
            )
            connection.execute(
                "DELETE FROM snapshot WHERE number <= (SELECT max(number) FROM snapshot) - ?", (_SNAPSHOTS_KEPT,)
            )

    def page(self, after: int, limit: int) -> list[Stored]:
        """Give the rows behind a position.

        Args:
            after: a position.
            limit: the most rows.
        """
        query = f"{_SELECT} WHERE position > ? ORDER BY position LIMIT ?"
        return self._rows(query, after, limit)

    def page_of(self, stream: Stream, after: int, limit: int) -> list[Stored]:
        """Give the rows of a stream behind a sequence.

        Args:
            stream: which.
            after: a sequence.
            limit: the most rows.
        """
        query = f"{_SELECT} WHERE stream = ? AND sequence > ? ORDER BY sequence LIMIT ?"
        return self._rows(query, stream.value, after, limit)

    def last(self, stream: Stream) -> int:
        """Give the last sequence among the rows of a stream.

        Args:
            stream: which.
        """
        found = self._query("SELECT max(sequence) FROM record WHERE stream = ?", stream.value)[0][0]
        return int(found) if found is not None else 0

    def tail(self) -> Row | None:
        """Give the last row."""
        rows = self._rows(f"{_SELECT} ORDER BY position DESC LIMIT 1")
        return Row._make(rows[0]) if rows else None

    def head(self) -> Head | None:
        """Give what ``journal.head`` says; nothing when it was never written or was taken away.

        Raises:
            JournalError: when it does not say anything that can be read.
        """
        try:
            # After a power failure a file that was never synced may hold nothing, or only zeros.
            words = self._head_path.read_text(encoding="utf-8", errors="replace").replace("\0", "").split()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise JournalError(_problem(self._head_path, f"cannot be read: {error.strerror}")) from None
        if not words:
            return None
        try:
            position, found = words
            return Head(int(position), bytes.fromhex(found))
        except ValueError:
            raise JournalError(_problem(self._head_path, "does not name a record", **_CHANGED)) from None

    def snapshots(self) -> list[StoredSnapshot]:
        """Give the snapshots, the newest first."""
        query = "SELECT schema, input_sequence, domain_sequence, body, digest FROM snapshot ORDER BY number DESC"
        return [
            StoredSnapshot(
                Snapshot(schema=schema, input_sequence=inputs, domain_sequence=domain, body=bytes(body)), bytes(digest)
            )
            for schema, inputs, domain, body, digest in self._query(query)
        ]

    def segments(self) -> list[Segment]:
        """Give what was moved to archives, in order."""
        return [
            Segment(
                file=self._path.parent / file,
                first=first,
                last=last,
                hash=bytes(found),
                sequences={Stream(name): number for name, number in json.loads(sequences).items()},
            )
            for file, first, last, found, sequences in self._query(
                "SELECT file, first, last, hash, sequences FROM segment ORDER BY first"
            )
        ]

    def put_away(self, segments: Sequence[Segment]) -> None:
        """Drop the rows of segments whose files are complete, and give the space back.

        Args:
            segments: in order, from the first row on.

        Raises:
            JournalFailed: when nothing was dropped.
        """
        with self._writing() as connection:
            with _transaction(connection):
                for segment in segments:
                    connection.execute("INSERT INTO segment VALUES (?, ?, ?, ?, ?)", self._segment_row(segment))
                    connection.execute("DELETE FROM record WHERE position <= ?", (segment.last,))
            connection.execute("VACUUM")

    def close(self) -> None:
        """Close the files and let go of the lock."""
        for connection in (getattr(self, "_reader", None), self._writer):
            if connection is not None:
                connection.close()
        if self._head is not None:
            os.close(self._head)
            self._head = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _open_writer(self, epoch: str | None) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_ROWS_OF_A_STATEMENT + 32,
        )
        self._writer = connection
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_OF_THE_LOG}")
        with _transaction(connection):
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for table in _TABLES.split(";"):
                    connection.execute(table)
                facts = {"format": str(FORMAT), "epoch": epoch or new_epoch()}
                connection.executemany("INSERT INTO journal VALUES (?, ?)", facts.items())
            else:  # a file that may only be read is opened as if it could be written
                connection.execute("UPDATE journal SET value = value WHERE key = 'epoch'")
        if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise JournalError(
                _problem(self._path, "the journal cannot be kept as a write-ahead log here", "a disk of this machine")
            )
        _sync_folder(self._path.parent)
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        if not self._path.is_file():
            raise JournalError(
                _problem(
                    self._path.parent,
                    "there is no journal here",
                    expected=f"a folder with {_FILE} in it, such as live/demo.journal, or postgresql://…",
                )
            )
        address = f"{self._path.resolve().as_uri()}?mode=ro"
        # Without its side files, on a disk that cannot be written, nobody can be writing it.
        if self._lock is None and not os.access(self._path.parent, os.W_OK) and not self._has_open_end():
            address += "&immutable=1"
        return sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    def _has_open_end(self) -> bool:
        return self._path.with_name(f"{_FILE}-wal").exists()

    def _check_format(self) -> None:
        if (found := self._facts.get("format")) != str(FORMAT):
            raise JournalError(
                _problem(
                    self._path,
                    f"the journal has the form {found}",
                    expected=f"a journal of the form {FORMAT}, as this version of Podium writes it",
                    hint="use the version of Podium that made it",
                )
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        if self._writer is None:
            raise JournalError(_problem(self._path, "the journal was opened for reading only"))
        self._check_place()
        try:
            yield self._writer
        except sqlite3.Error as error:
            message, advice = _cause(error)
            raise JournalFailed(
                _problem(self._path, f"a record could not be made durable: {message}", **advice)
            ) from None

    def _check_place(self) -> None:
        """Refuse to write into a file that was moved or taken away: nobody would find it again."""
        try:
            is_there = self._path.stat().st_ino == self._inode
        except OSError:
            is_there = False
        if not is_there:
            raise JournalFailed(_problem(self._path, "the file of the journal is not there any more", **_CHANGED))

    def _note(self, position: int, found: bytes) -> None:
        """Name the last durable record; not synced, as it may be older than the journal but never newer."""
        if self._head is None:
            return
        try:
            os.pwrite(self._head, f"{position:020d} {found.hex()}\n".encode(), 0)
        except OSError as error:
            message = f"the last record could not be noted: {error.strerror}"
            raise JournalFailed(_problem(self._head_path, message, **_NO_SPACE)) from None

    def _segment_row(self, segment: Segment) -> tuple[int, int, str, bytes, str]:
        own = self._path.parent.resolve()
        file = segment.file.resolve()
        name = file.relative_to(own) if file.is_relative_to(own) else file
        return segment.first, segment.last, str(name), segment.hash, json.dumps(segment.sequences)

    def _rows(self, query: str, *values: str | int) -> list[Stored]:
        return self._query(query, *values)

    def _query(self, query: str, *values: str | int) -> list[tuple]:  # type: ignore[type-arg]  # columns differ
        with _told(self._path):
            return self._reader.execute(query, values).fetchall()


_NO_SPACE = {"expected": "free space on its disk", "hint": "make room and start again; what was confirmed is kept"}
_CHANGED = {
    "expected": "a journal as Podium wrote it",
    "hint": "`podium journal verify` says what is wrong; put back a copy, or start with another journal",
}
_NOT_WRITABLE = {"expected": "a file and a folder that this user can write to"}
_ADVICE = {
    "SQLITE_FULL": ("the disk is full", _NO_SPACE),
    "SQLITE_READONLY": ("it is read-only", _NOT_WRITABLE),
    "SQLITE_CANTOPEN": ("it cannot be opened", _NOT_WRITABLE),
    "SQLITE_PERM": ("permission denied", _NOT_WRITABLE),
    "SQLITE_NOTADB": ("it is no journal, or its beginning was changed", _CHANGED),
    "SQLITE_CORRUPT": ("it is damaged", _CHANGED),
    "SQLITE_IOERR": ("the disk refused", {"expected": "a disk that works and has free space"}),
    "SQLITE_BUSY": ("another program keeps it locked", {"hint": "close what has the file open, such as sqlite3"}),
}


def _cause(error: sqlite3.Error) -> tuple[str, dict[str, str]]:
    """Say what an error of SQLite means, and what to do about it."""
    name = getattr(error, "sqlite_errorname", "")
    for code, (message, advice) in _ADVICE.items():
        if name.startswith(code):
            return f"{message} ({error})", advice
    if "no such table" in str(error) or "no such column" in str(error):
        return "it is an SQLite file, but no journal", _CHANGED
    return str(error), _CHANGED


def _problem(path: Path, message: str, expected: str | None = None, hint: str | None = None) -> Problem:
    return Problem(message=message, location=Location(file=str(path)), expected=expected, hint=hint)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say which file, and what to do, when SQLite cannot use it."""
    try:
        yield
    except sqlite3.Error as error:
        message, advice = _cause(error)
        raise JournalError(_problem(path, f"the journal cannot be used: {message}", **advice)) from None
    except OSError as error:
        raise JournalError(_problem(path, f"the journal cannot be used: {error.strerror}", **_NOT_WRITABLE)) from None


def _locked(folder: Path) -> FileLock:
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / _LOCK)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise


@lru_cache(maxsize=_ROWS_OF_A_STATEMENT)
def _insertion(count: int) -> str:
    return "INSERT INTO record VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * count)  # noqa: S608  # constants


def _insert(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    connection.execute(_insertion(len(rows)), [value for row in rows for value in row])


def _sync_folder(folder: Path) -> None:
    """Make the names of new files durable, and the folder's own."""
    for each in (folder, folder.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
