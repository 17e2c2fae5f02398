"""Keep a journal in a PostgreSQL database, in a schema of its own: ``postgresql://user@host/database?schema=demo``.

The schema is ``podium`` unless the address names one. One process writes: it holds an advisory lock of the server,
which goes with its connection. A connection that breaks ends the journal closed; whether its last commit arrived is
seen at the next start.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from podium.core.errors import ConfigurationError, JournalError, JournalFailed, Location, Problem
from podium.core.ids import new_epoch
from podium.journal.lock import held
from podium.journal.records import Row, Snapshot, Stored, Stream, snapshot_digest
from podium.journal.storage import FORMAT, Head, Segment, StoredSnapshot

try:
    import psycopg
except ImportError:
    raise ConfigurationError(
        Problem(
            message="a journal in PostgreSQL needs psycopg, which is not installed",
            expected="Podium with what it needs for PostgreSQL",
            hint="pip install 'podium[postgres]'",
        )
    ) from None

__all__ = ["PostgresStorage"]

_TABLES: tuple[LiteralString, ...] = (
    "CREATE TABLE journal (key text PRIMARY KEY, value text NOT NULL)",
    """CREATE TABLE record (
      position bigint PRIMARY KEY, stream text NOT NULL, sequence bigint NOT NULL, time bigint NOT NULL,
      kind text NOT NULL, correlation_id text NOT NULL, body bytea NOT NULL, hash bytea NOT NULL,
      UNIQUE (stream, sequence)
    )""",
    """CREATE TABLE snapshot (
      number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, schema bigint NOT NULL, input_sequence bigint NOT NULL,
      domain_sequence bigint NOT NULL, body bytea NOT NULL, digest bytea NOT NULL
    )""",
    """CREATE TABLE segment (
      first bigint PRIMARY KEY, last bigint NOT NULL, file text NOT NULL, hash bytea NOT NULL, sequences text NOT NULL
    )""",
)
_TYPES = ("int8", "text", "int8", "int8", "text", "text", "bytea", "bytea")
#: What is asked of every connection unless the address says otherwise: not to wait for ever for a server that is gone.
_CONNECTION = {"connect_timeout": "10", "tcp_user_timeout": "10000", "application_name": "podium"}
#: How long a start waits for the lock: the server may still be tidying up after a process that was killed.
_LOCK_WAIT = "2s"
_SNAPSHOTS_KEPT = 2
_SCHEMA_BYTES = 63


class PostgresStorage:
    """Keep rows in a schema of a database; see the module.

    Args:
        address: ``postgresql://…``, with ``schema=NAME`` among its parameters where the name is not ``podium``.
        read_only: open what is there without the lock, to read it while another process may write.
        epoch: of a new journal; drawn when left out.

    Raises:
        JournalError: when the server cannot be reached or does not keep what it confirms, there is no journal to read,
            another process holds it, or it is not one that this version knows.
    """

    def __init__(self, address: str, *, read_only: bool = False, epoch: str | None = None) -> None:
        self._target, self._schema, self._name = _parsed(address)
        self._connections: list[psycopg.Connection] = []
        self._writer: psycopg.Connection | None = None
        try:
            with self._told():
                if not read_only:
                    self._writer = self._open_writer(epoch)
                self._reader = self._connected()
                self._facts = self._read_facts()
            self._check_format()
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """Name the address without its password."""
        return self._name

    @property
    def archive_folder(self) -> None:
        """Say that a database has no folder: where archives go has to be named."""

    @property
    def epoch(self) -> str:
        """Give the name that was made once with the journal."""
        return self._facts["epoch"]

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none; they are durable on return.

        Args:
            rows: at least one.

        Raises:
            JournalFailed: when they are not durable, or it is not known.
        """
        last = rows[-1]
        with self._writing() as cursor:
            with cursor.copy("COPY record FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(_TYPES)
                for row in rows:
                    copy.write_row(row)
            cursor.execute("UPDATE journal SET value = %s WHERE key = 'head'", (f"{last.position} {last.hash.hex()}",))

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; only it and the one before it stay.

        Args:
            snapshot: the state.

        Raises:
            JournalFailed: when it is not durable.
        """
        values = (snapshot.schema, snapshot.input_sequence, snapshot.domain_sequence, snapshot.body)
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO snapshot (schema, input_sequence, domain_sequence, body, digest)"
                " VALUES (%s, %s, %s, %s, %s)",
                (*values, snapshot_digest(snapshot)),
            )
            cursor.execute(
                "DELETE FROM snapshot WHERE number NOT IN (SELECT number FROM snapshot ORDER BY number DESC LIMIT %s)",
                (_SNAPSHOTS_KEPT,),
            )

    def page(self, after: int, limit: int) -> list[Stored]:
        """Give the rows behind a position.

        Args:
            after: a position.
            limit: the most rows.
        """
        query: LiteralString = "SELECT * FROM record WHERE position > %s ORDER BY position LIMIT %s"
        return self._rows(query, after, limit)

    def page_of(self, stream: Stream, after: int, limit: int) -> list[Stored]:
        """Give the rows of a stream behind a sequence.

        Args:
            stream: which.
            after: a sequence.
            limit: the most rows.
        """
        query: LiteralString = "SELECT * FROM record WHERE stream = %s AND sequence > %s ORDER BY sequence LIMIT %s"
        return self._rows(query, stream.value, after, limit)

    def last(self, stream: Stream) -> int:
        """Give the last sequence among the rows of a stream.

        Args:
            stream: which.
        """
        found = self._query("SELECT max(sequence) FROM record WHERE stream = %s", stream.value)[0][0]
        return int(found) if found is not None else 0

    def tail(self) -> Row | None:
        """Give the last row."""
        rows = self._rows("SELECT * FROM record ORDER BY position DESC LIMIT 1")
        return Row._make(rows[0]) if rows else None

    def head(self) -> Head | None:
        """Give what was noted in the same commit as the last row."""
        found = self._query("SELECT value FROM journal WHERE key = 'head'")
        if not found:
            return None
        position, hash_ = found[0][0].split()
        return Head(int(position), bytes.fromhex(hash_))

    def snapshots(self) -> list[StoredSnapshot]:
        """Give the snapshots, the newest first."""
        query: LiteralString = (
            "SELECT schema, input_sequence, domain_sequence, body, digest FROM snapshot ORDER BY number DESC"
        )
        return [
            StoredSnapshot(Snapshot(schema=schema, input_sequence=inputs, domain_sequence=domain, body=body), digest)
            for schema, inputs, domain, body, digest in self._query(query)
        ]

    def segments(self) -> list[Segment]:
        """Give what was moved to archives, in order."""
        return [
            Segment(
                file=Path(file),
                first=first,
                last=last,
                hash=found,
                sequences={Stream(name): number for name, number in json.loads(sequences).items()},
            )
            for file, first, last, found, sequences in self._query(
                "SELECT file, first, last, hash, sequences FROM segment ORDER BY first"
            )
        ]

    def put_away(self, segments: Sequence[Segment]) -> None:
        """Drop the rows of segments whose files are complete.

        Args:
            segments: in order, from the first row on.

        Raises:
            JournalFailed: when nothing was dropped.
        """
        with self._writing() as cursor:
            for segment in segments:
                cursor.execute(
                    "INSERT INTO segment (first, last, file, hash, sequences) VALUES (%s, %s, %s, %s, %s)",
                    (segment.first, segment.last, str(segment.file.resolve()), segment.hash,
                     json.dumps(segment.sequences)),
                )  # fmt: skip
                cursor.execute("DELETE FROM record WHERE position <= %s", (segment.last,))

    def close(self) -> None:
        """Close the connections; the lock goes with them."""
        for connection in self._connections:
            connection.close()

    def _connected(self) -> psycopg.Connection:
        wanted = _CONNECTION | {
            name: str(value) for name, value in psycopg.conninfo.conninfo_to_dict(self._target).items()
        }
        connection = psycopg.connect(**wanted, autocommit=True)  # type: ignore[arg-type]  # all of them are texts
        self._connections.append(connection)
        connection.execute("SELECT set_config('search_path', quote_ident(%s), false)", (self._schema,))
        return connection

    def _open_writer(self, epoch: str | None) -> psycopg.Connection:
        connection = self._connected()
        if connection.execute("SHOW fsync").fetchone() == ("off",):
            raise JournalError(
                self._problem(
                    "the server does not keep what it confirms: its setting fsync is off", expected="fsync = on"
                )
            )
        connection.execute("SET synchronous_commit = on")
        self._take_lock(connection)
        with connection.transaction():
            if connection.execute("SELECT to_regclass('journal')").fetchone() == (None,):
                self._create(connection, epoch)
            connection.execute(
                "INSERT INTO journal VALUES ('holder', %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (f"process {os.getpid()} on {socket.gethostname()}",),
            )
        return connection

    def _create(self, connection: psycopg.Connection, epoch: str | None) -> None:
        if connection.execute("SELECT to_regnamespace(quote_ident(%s))", (self._schema,)).fetchone() == (None,):
            connection.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(self._schema)))
        for table in _TABLES:
            connection.execute(table)
        for key, value in (("format", str(FORMAT)), ("epoch", epoch or new_epoch()), ("head", f"0 {'00' * 32}")):
            connection.execute("INSERT INTO journal VALUES (%s, %s)", (key, value))

    def _take_lock(self, connection: psycopg.Connection) -> None:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (_LOCK_WAIT,))
        try:
            connection.execute("SELECT pg_advisory_lock(hashtext('podium journal'), hashtext(%s))", (self._schema,))
        except psycopg.errors.LockNotAvailable:
            found = connection.execute("SELECT value FROM journal WHERE key = 'holder'").fetchone()
            raise held(self._name, found[0] if found else "another process") from None
        connection.execute("SET lock_timeout = 0")

    def _read_facts(self) -> dict[str, str]:
        if self._reader.execute("SELECT to_regclass('journal')").fetchone() == (None,):
            raise JournalError(
                self._problem(
                    f"there is no journal in the schema '{self._schema}'",
                    expected="the address that the run was started with, such as postgresql://host/database?schema=demo",
                )
            )
        return dict(self._reader.execute("SELECT key, value FROM journal").fetchall())

    def _check_format(self) -> None:
        if (found := self._facts.get("format")) != str(FORMAT):
            raise JournalError(
                self._problem(
                    f"the journal has the form {found}",
                    expected=f"a journal of the form {FORMAT}, as this version of Podium writes it",
                    hint="use the version of Podium that made it",
                )
            )

    @contextmanager
    def _writing(self) -> Iterator[psycopg.Cursor]:
        if self._writer is None:
            raise JournalError(self._problem("the journal was opened for reading only"))
        try:
            with self._writer.transaction(), self._writer.cursor() as cursor:
                yield cursor
        except psycopg.Error as error:
            told = f"a record could not be made durable: {_cause(error)}"
            hint = "start again when the server works and has room; what was confirmed is kept"
            raise JournalFailed(self._problem(told, expected="a server that commits", hint=hint)) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say which address, and what to do, when the server cannot be used."""
        try:
            yield
        except psycopg.Error as error:
            raise JournalError(
                self._problem(
                    f"the journal cannot be used: {_cause(error)}",
                    expected="a PostgreSQL server that can be reached, with a database this user may write to",
                )
            ) from None

    def _rows(self, query: LiteralString, *values: str | int) -> list[Stored]:
        return self._query(query, *values)

    def _query(self, query: LiteralString, *values: str | int) -> list[tuple]:  # type: ignore[type-arg]  # columns differ
        with self._told(), self._reader.cursor(binary=True) as cursor:
            return cursor.execute(query, values).fetchall()

    def _problem(self, message: str, expected: str | None = None, hint: str | None = None) -> Problem:
        return Problem(message=message, location=Location(file=self._name), expected=expected, hint=hint)


def _parsed(address: str) -> tuple[str, str, str]:
    """Split an address into what psycopg takes, the schema, and what may be shown."""
    parts = urlsplit(address)
    parameters = dict(parse_qsl(parts.query))
    schema = parameters.pop("schema", "podium")
    if (length := len(schema.encode())) > _SCHEMA_BYTES:
        raise ConfigurationError(
            Problem(
                message=f"the name of the schema has {length} bytes, and PostgreSQL would cut it",
                location=Location(file=schema),
                expected=f"at most {_SCHEMA_BYTES} bytes",
            )
        )
    target = urlunsplit(parts._replace(query=urlencode(parameters)))
    user, at, host = parts.netloc.rpartition("@")
    shown = {name: value for name, value in parameters.items() if name not in ("password", "sslpassword")}
    name = parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}", query=urlencode({**shown, "schema": schema}))
    return target, schema, urlunsplit(name)


def _cause(error: psycopg.Error) -> str:
    """Give the server's own message on one line."""
    return error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
