"""The trading process answers how it is, to its own machine only."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from podium.core.errors import ConfigurationError
from podium.live.http_endpoint import HttpEndpoint

HEALTH = {"state": "running", "is_healthy": True}


def ask(question, health=None):
    """Ask a raw question; give the status, the headers and the body of the answer."""

    async def program():
        endpoint = HttpEndpoint(0, health=lambda: health or HEALTH, metrics=lambda: "podium_healthy 1\n")
        await endpoint.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(question)
        answer = await reader.read()
        writer.close()
        await endpoint.stop()
        return answer

    head, _, body = asyncio.run(program()).partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in headers), body.decode()


def get(path, **more):
    return ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), **more)


@pytest.mark.parametrize(("is_healthy", "status"), [(True, 200), (False, 503)])
def test_health_answers_with_the_payload(is_healthy, status):
    """200 while all is well, 503 else. (C-58)"""
    health = {**HEALTH, "is_healthy": is_healthy}
    found, headers, body = get("/health?x=1", health=health)
    assert found == status
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == health


def test_metrics_answer_with_text():
    """In the form of Prometheus. (C-77)"""
    status, headers, body = get("/metrics")
    assert (status, body) == (200, "podium_healthy 1\n")
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert int(headers["Content-Length"]) == len(body)


def test_anything_else_is_refused():
    """It only reads. (C-77)"""
    assert get("/")[0] == 404
    status, headers, _ = ask(b"POST /health HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    status, headers, body = ask(b"HEAD /metrics HTTP/1.1\r\n\r\n")
    assert (status, headers["Content-Length"], body) == (200, "17", "")


def test_who_asks_too_much_gets_no_answer():
    """A question has its bounds, so nobody fills the memory of the trading process. (C-77)"""

    async def program():
        endpoint = HttpEndpoint(0, health=lambda: HEALTH, metrics=str)
        await endpoint.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
        writer.write(b"GET /" + b"x" * 100_000)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()
            await endpoint.stop()

    assert asyncio.run(program()) == b""


def test_a_port_that_is_taken_is_told():
    """With what to do. (D-06)"""

    async def program(port):
        await HttpEndpoint(port, health=lambda: HEALTH, metrics=str).start()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match=r"(?s)nothing can listen at 127.0.0.1:\d+.*another orchestrator"):
            asyncio.run(program(taken.getsockname()[1]))
