"""A small HTTP endpoint of the trading process: how it is, and its figures. It reads and changes nothing.

It listens on the loopback address only. ``/health`` answers 200 while all is healthy and 503 else, with the health as
JSON; ``/metrics`` answers with the figures for Prometheus.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus

from podium.core.errors import ConfigurationError, Problem
from podium.live.health import SystemHealth

__all__ = ["HttpEndpoint"]

_HOST = "127.0.0.1"
#: A caller has so long for its question, seconds, and may ask for so much, bytes.
_PATIENCE, _LONGEST = 5.0, 8_192
_JSON, _TEXT = "application/json", "text/plain; version=0.0.4; charset=utf-8"


class HttpEndpoint:
    """Answer questions about a system.

    Args:
        port: where, 1 to 65535; 0 takes a free one.
        health: tells how the system is.
        metrics: writes its figures.
    """

    def __init__(self, port: int, *, health: Callable[[], SystemHealth], metrics: Callable[[], str]) -> None:
        self.port = port
        self._health, self._metrics = health, metrics
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigurationError: when somebody else listens there.
        """
        try:
            self._server = await asyncio.start_server(self._serve, _HOST, self.port, limit=_LONGEST)
        except OSError as error:
            raise ConfigurationError(
                Problem(
                    message=f"nothing can listen at {_HOST}:{self.port}: {error.strerror}",
                    expected="a free port",
                    hint="name another orchestrator.http_port, or end who listens there",
                )
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            # Who asks nothing whole, or has gone, gets no answer.
            writer.transport.abort()
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, "only GET is answered\n", "Allow: GET, HEAD\r\n")
        status, kind, body = self._content(path)
        return _response(status, kind, body, with_body=method == "GET")

    def _content(self, path: str) -> tuple[HTTPStatus, str, str]:
        if path == "/health":
            health = self._health()
            status = HTTPStatus.OK if health["is_healthy"] else HTTPStatus.SERVICE_UNAVAILABLE
            return status, _JSON, json.dumps(health, ensure_ascii=False) + "\n"
        if path == "/metrics":
            return HTTPStatus.OK, _TEXT, self._metrics()
        return HTTPStatus.NOT_FOUND, _TEXT, "there are /health and /metrics\n"


def _response(status: HTTPStatus, kind: str, body: str, more: str = "", *, with_body: bool = True) -> bytes:
    content = body.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        f"Cache-Control: no-store\r\nConnection: close\r\n{more}\r\n"
    )
    return head.encode() + (content if with_body else b"")
