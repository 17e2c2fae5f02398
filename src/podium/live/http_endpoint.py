"""A very small HTTP server inside the trading process, for what watches it: it answers GET and nothing else.

It listens on the machine itself only, and answers only those who call it by a name of that machine, so that no page
in a browser can ask it. Whoever asks slowly, at length or often is sent away: nothing waits for them.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from podium.core.errors import ConfigurationError, Problem

__all__ = ["HttpAnswer", "HttpEndpoint"]

_HOST = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost", "[::1]")
#: A request must be there whole within so many seconds, and may be so many bytes long.
_PATIENCE, _LENGTH_MAXIMUM = 5.0, 8192
#: So many may ask at the same time.
_CONNECTIONS_MAXIMUM = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """Be what is sent back.

    Args:
        status: such as 200.
        content_type: of the body.
        body: what was asked for.
    """

    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    path: str
    host: str | None


class HttpEndpoint:
    """Answer questions between start and stop.

    Args:
        port: where it listens; 0 takes any that is free, which ``port`` then tells.
        answers: by path what is called to answer, such as ``/health``.
        on_failure: is told what an answer raised; who asked gets the status 500.
    """

    def __init__(
        self,
        port: int,
        answers: Mapping[str, Callable[[], Awaitable[HttpAnswer]]],
        *,
        on_failure: Callable[[str, Exception], None],
    ) -> None:
        self.port = port
        self._answers, self._on_failure = dict(answers), on_failure
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigurationError: when the port cannot be had.
        """
        try:
            self._server = await asyncio.start_server(self._serve, _HOST, self.port, limit=_LENGTH_MAXIMUM)
        except OSError as error:
            raise ConfigurationError(_refusal(self.port, error)) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more; who is still asking gets nothing."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._serving) >= _CONNECTIONS_MAXIMUM:
            writer.close()
            return
        self._serving.add(task)
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._converse(reader, writer)
        except (TimeoutError, ConnectionError):
            # Who does not ask, or has gone, gets nothing.
            return
        finally:
            self._serving.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            request, answer = None, _refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            request = _parsed(head)
            answer = _refused(HTTPStatus.BAD_REQUEST) if request is None else await self._answer(request)
        writer.write(_head(answer))
        if request is None or request.method != "HEAD":
            writer.write(answer.body)
        await writer.drain()

    async def _answer(self, request: _Request) -> HttpAnswer:
        if request.host is not None and request.host not in _NAMES:
            return _refused(HTTPStatus.MISDIRECTED_REQUEST, f"ask {_HOST}:{self.port}")
        if request.method not in ("GET", "HEAD"):
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED)
        answer = self._answers.get(request.path)
        if answer is None:
            return _refused(HTTPStatus.NOT_FOUND, f"ask for {' or '.join(self._answers)}")
        try:
            return await answer()
        except Exception as error:  # noqa: BLE001 - who watches must not bring down what is watched
            self._on_failure(request.path, error)
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, "the log says why")


def _parsed(head: bytes) -> _Request | None:
    """Read a request; ``None`` when it is none."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    host = fields.get("host")
    return _Request(
        method=words[0], path=words[1].partition("?")[0], host=None if host is None else _without_port(host)
    )


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()


def _refused(status: HTTPStatus, what_to_do: str = "") -> HttpAnswer:
    text = f"{status.phrase}: {what_to_do}" if what_to_do else status.phrase
    return HttpAnswer(status=status, body=f"{text}\n".encode())


def _head(answer: HttpAnswer) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    if answer.status is HTTPStatus.METHOD_NOT_ALLOWED:
        lines.append("Allow: GET, HEAD")
    return "\r\n".join([*lines, "", ""]).encode()


def _refusal(port: int, error: OSError) -> Problem:
    if error.errno == errno.EADDRINUSE:
        message = f"port {port} of {_HOST} is in use by another process"
        hint = f"take another port, or end that process: ss -ltnp 'sport = :{port}' names it"
    elif error.errno == errno.EACCES:
        message, hint = f"port {port} of {_HOST} may not be used by this user", "take a port from 1024 on"
    else:
        message, hint = f"port {port} of {_HOST} cannot be had: {error.strerror}", "take another port"
    return Problem(message=message, expected="a free port", hint=hint, place=("orchestrator", "http_port"))
