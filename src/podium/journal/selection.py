"""Choose records of a journal, and lay them out as a table for other tools."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from podium.core.errors import ConfigurationError, JournalError, Location, Problem
from podium.journal.reading import StoredJournal
from podium.journal.records import JournalRecord, Row, Stream
from podium.journal.segments import cause, discard

__all__ = ["Selection", "body_of", "export_rows"]

_ROWS_OF_A_PART = 20_000
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "position": pl.Int64,
    "stream": pl.String,
    "sequence": pl.Int64,
    "time": pl.Datetime("ns", "UTC"),
    "kind": pl.String,
    "strategy_id": pl.String,
    "symbol": pl.String,
    "correlation_id": pl.String,
    "body": pl.String,
    "hash": pl.String,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Say which records are wanted; what is left out does not matter.

    Args:
        stream: of this stream.
        kind: of this kind, such as ``ORDER_FILLED``.
        strategy_id: about this strategy.
        symbol: about this symbol.
        correlation_id: caused by this bar.
        begin: at or after this time, nanoseconds since 1970 UTC.
        end: before this time.
    """

    stream: Stream | None = None
    kind: str | None = None
    strategy_id: str | None = None
    symbol: str | None = None
    correlation_id: str | None = None
    begin: int | None = None
    end: int | None = None

    def rows(self, journal: StoredJournal, last: int = 0) -> Iterator[Row]:
        """Give the rows of a journal that are wanted, in order.

        Args:
            journal: opened for reading or writing.
            last: only so many at the end; 0 for all.
        """
        if last and self == Selection(stream=self.stream):  # the end can be found without reading what is before it
            end = journal.length() if self.stream is None else journal.last(self.stream)
            return journal.rows(self.stream, max(end - last, 0))
        wanted = (row for row in journal.rows(self.stream) if self._wants(row))
        return iter(deque(wanted, maxlen=last)) if last else wanted

    def _wants(self, row: Row) -> bool:
        if (self.begin is not None and row.time < self.begin) or (self.end is not None and row.time >= self.end):
            return False
        if self.kind not in (None, row.kind) or self.correlation_id not in (None, row.correlation_id):
            return False
        if self.strategy_id is None and self.symbol is None:
            return True
        body = body_of(row)
        return self.strategy_id in (None, body.get("strategy_id")) and self.symbol in (None, body.get("symbol"))


def body_of(record: Row | JournalRecord) -> dict[str, object]:
    """Read the body of a record.

    Args:
        record: with its body as it is stored.

    Returns:
        Its fields; a body that is no JSON object is the one field ``body``.
    """
    try:
        body = json.loads(record.body)
    except ValueError:
        return {"body": record.body.decode(errors="backslashreplace")}
    return body if isinstance(body, dict) else {"body": body}


def export_rows(rows: Iterator[Row], file: Path) -> int:
    """Write rows as a table.

    Args:
        rows: in order.
        file: ends with ``.csv`` or ``.parquet``; it is replaced once everything is written.

    Returns:
        How many rows there are.

    Raises:
        ConfigurationError: when the file has another ending.
        JournalError: when it cannot be written; a file that was there stays as it was.
    """
    if file.suffix.lower() not in (".csv", ".parquet"):
        told = f"'{file.name}' ends with neither .csv nor .parquet"
        raise ConfigurationError(
            Problem(message=told, location=Location(file=str(file)), expected="a file such as journal.parquet")
        )
    parts = _Parts(rows)
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        frame = register_io_source(parts.frames, schema=_SCHEMA)
        write = frame.sink_csv if file.suffix.lower() == ".csv" else frame.sink_parquet
        write(unfinished)
        unfinished.replace(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        discard(unfinished)
        told = f"cannot be written: {cause(error)}"
        where = Location(file=str(file))
        raise JournalError(Problem(message=told, location=where, expected="a folder that can be written to")) from None
    return parts.count


class _Parts:
    """Turn rows into frames, some thousand at a time, so that a large journal need not fit into memory."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.count = 0

    def frames(
        self, columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        """Give the frames; nothing is asked of them but everything."""
        del columns, predicate, limit, size
        while part := list(islice(self._rows, _ROWS_OF_A_PART)):
            self.count += len(part)
            yield pl.DataFrame([_line(row) for row in part], schema=_SCHEMA, orient="row")


def _line(row: Row) -> tuple[object, ...]:
    body = body_of(row)
    texts = (body.get(name) for name in ("strategy_id", "symbol"))
    strategy_id, symbol = (text if isinstance(text, str) else None for text in texts)
    content = row.body.decode(errors="backslashreplace")
    head = (row.position, row.stream, row.sequence, row.time, row.kind)
    return (*head, strategy_id, symbol, row.correlation_id or None, content, row.hash.hex())
