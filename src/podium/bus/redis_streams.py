"""A stream on a Redis server. The only module that knows the library ``redis``.

Connections are made in ``position`` and ``read`` alone. The library would make a new one silently; but behind a new
connection the server may know less than before, so whoever appends has to ask for the position again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from podium.bus.stream import BEGINNING, EntryId, StreamEntry, StreamPosition
from podium.core.errors import BusUnavailable

__all__ = ["RedisBus"]

_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
#: What the library gives in the form that servers have always used.
_PROTOCOL = 2
_NO_KEY = "no such key"
_MILLISECONDS = 1_000


class RedisBus:
    """Hold one stream of a Redis server; see ``EventStream``.

    Args:
        url: ``redis://host:port/database``, ``rediss://…`` or ``unix://…``, without a password.
        stream: the key of the stream.
        max_length: how many entries it keeps; older ones are trimmed.
        password: for the server; ``None`` when it wants none.
        is_required: whether a run must not start without it.
    """

    def __init__(
        self, url: str, stream: str, *, max_length: int, password: str | None = None, is_required: bool = False
    ) -> None:
        self.is_required = is_required
        self._url, self._stream, self._max_length = url, stream, max_length
        self._may_connect = False
        options: dict[str, Any] = {} if password is None else {"password": password}  # Any: the library's own
        self._redis = Redis.from_url(
            url,
            protocol=_PROTOCOL,
            max_connections=1,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            redis_connect_func=self._connected,
            **options,
        )

    @property
    def name(self) -> str:
        """Name server and stream, for messages; never with a password."""
        return f"{self._url} {self._stream}"

    async def position(self) -> StreamPosition:
        """Connect, and tell how far the stream has come.

        Returns:
            Its last id and the journal its entries come from.

        Raises:
            BusUnavailable: when the server does not answer, or the key is no stream.
        """
        async with self._connecting():
            try:
                known = await self._redis.xinfo_stream(self._stream)
            except ResponseError as error:
                if _NO_KEY not in str(error):
                    raise
                return StreamPosition(BEGINNING, None)
        last = known["last-entry"]
        epoch = None if last is None else last[1].get(b"epoch", b"").decode()
        return StreamPosition(EntryId.parse(known["last-generated-id"].decode()), epoch)

    async def append(self, entries: Sequence[StreamEntry]) -> None:
        """Add entries, all or none, and trim the oldest.

        Args:
            entries: in the order of their ids.

        Raises:
            BusUnavailable: when it is not certain that all were added: the connection is gone, the server refused
                them, or they had been added before.
        """
        async with self._telling():
            # A transaction: a server that is out of memory could else refuse one and take the next.
            pipeline = self._redis.pipeline(transaction=True)
            for entry in entries:
                pipeline.xadd(self._stream, _fields(entry), str(entry.id), maxlen=self._max_length, approximate=False)
            await pipeline.execute()

    async def ping(self) -> None:
        """Find out whether the connection of the last ``position`` still holds.

        Raises:
            BusUnavailable: when it does not.
        """
        async with self._telling():
            await self._redis.ping()

    async def read(self, after: EntryId, *, count: int, wait_seconds: float) -> list[StreamEntry]:
        """Give the entries behind an id.

        Args:
            after: begin behind this one.
            count: the most entries.
            wait_seconds: how long to wait for the first one, less than 5 s; 0 does not wait.

        Returns:
            The entries, oldest first.

        Raises:
            BusUnavailable: when the server does not answer.
        """
        block = round(wait_seconds * _MILLISECONDS) or None
        async with self._connecting():
            # Any: the library's type is that of all its protocols.
            found: Any = await self._redis.xread({self._stream: str(after)}, count=count, block=block)
        return [_entry(identifier.decode(), fields) for _, entries in found or () for identifier, fields in entries]

    async def close(self) -> None:
        """Let go of the connection."""
        await self._redis.aclose()

    async def _connected(self, connection: Connection) -> None:
        if not self._may_connect:
            raise RedisError("the connection was lost")
        await connection.on_connect()

    @asynccontextmanager
    async def _connecting(self) -> AsyncIterator[None]:
        self._may_connect = True
        try:
            async with self._telling():
                yield
        finally:
            self._may_connect = False

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        """Tell what the library raises as what it means."""
        try:
            yield
        except (RedisError, OSError) as error:
            _heed_cancellation()
            raise BusUnavailable(bus=self.name, cause=str(error)) from error
        _heed_cancellation()


def _heed_cancellation() -> None:
    """End a task that was cancelled: the library takes a cancellation now and then for a time limit of its own."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _fields(entry: StreamEntry) -> dict[Any, Any]:  # Any: the library takes dictionaries of its own union of types
    return {
        "event": entry.event,
        "strategy_id": entry.strategy_id,
        "symbol": entry.symbol,
        "time": entry.time,
        "correlation_id": entry.correlation_id,
        "body": entry.body,
        "previous": str(entry.previous),
        "epoch": entry.epoch,
    }


def _entry(identifier: str, fields: dict[bytes, bytes]) -> StreamEntry:
    known = {name.decode(): value for name, value in fields.items()}
    body = known.pop("body")
    texts = {name: value.decode() for name, value in known.items()}
    previous = EntryId.parse(texts.pop("previous"))
    return StreamEntry(id=EntryId.parse(identifier), body=body, previous=previous, **texts)
