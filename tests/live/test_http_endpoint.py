"""The endpoint answers a real client on a real socket, and nothing disturbs it."""

from __future__ import annotations

import asyncio
import http.client
import socket
from http import HTTPStatus

import pytest

from podium.core.errors import ConfigurationError
from podium.live.http_endpoint import HttpAnswer, HttpEndpoint


async def well():
    return HttpAnswer(content_type="application/json", body='{"ü": 1}\n'.encode())


async def badly():
    raise RuntimeError("boom")


def ask(program, failures=None):
    """Run a program of a client, in a thread, against an endpoint on a free port."""

    async def whole():
        told = failures if failures is not None else []
        endpoint = HttpEndpoint(
            0, {"/health": well, "/bad": badly}, on_failure=lambda path, error: told.append((path, str(error)))
        )
        await endpoint.start()
        try:
            return await asyncio.to_thread(program, endpoint.port)
        finally:
            await endpoint.stop()

    return asyncio.run(whole())


def request(port, path="/health", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.getheaders(), answer.read()


def raw(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_question_is_answered():
    """With its length, and never from a store. (C-77)"""
    status, headers, body = ask(request)
    assert (status, body) == (200, '{"ü": 1}\n'.encode())
    assert dict(headers) == {
        "Content-Type": "application/json", "Content-Length": str(len(body)), "Cache-Control": "no-store",
        "Connection": "close",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("/health?verbose=1", "GET", {}, 200),
        ("/health", "HEAD", {}, 200),
        ("/health", "GET", {"Host": "localhost"}, 200),
        ("/health", "GET", {"Host": "[::1]:9464"}, 200),
        ("/health", "GET", {"Host": "evil.example:9464"}, 421),
        ("/health", "POST", {}, 405),
        ("/", "GET", {}, 404),
        ("/bad", "GET", {}, 500),
    ],
)
def test_everything_else_is_refused_with_the_right_status(path, method, headers, status):
    """Nothing can be changed from outside, and no page in a browser can ask by a name of its own. (C-77)"""
    found, _, body = ask(lambda port: request(port, path, method, **headers))
    assert found == status
    assert (body == b"") is (method == "HEAD")


def test_a_refusal_says_what_can_be_asked_for():
    """So that a wrong address is found out at once. (C-77)"""
    assert ask(lambda port: request(port, "/metric"))[2] == b"Not Found: ask for /health or /bad\n"
    assert dict(ask(lambda port: request(port, method="PUT"))[1])["Allow"] == "GET, HEAD"


def test_an_answer_that_raises_is_told_and_the_next_one_comes():
    """Who watches cannot bring down what is watched. (C-77)"""
    failures = []
    statuses = ask(lambda port: [request(port, path)[0] for path in ("/bad", "/health")], failures)
    assert statuses == [500, 200]
    assert failures == [("/bad", "boom")]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /health SPDY/1\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /health HTTP/1.1\r\nx: " + b"y" * 20_000 + b"\r\n\r\n", b"431"),
        (b"\xff\xfe\x00\r\n\r\n", b"400"),
    ],
)
def test_bytes_that_are_no_request_are_refused(sent, status):
    """Whatever comes. (C-77)"""
    assert ask(lambda port: raw(port, sent)).split(b" ")[1] == status


def test_who_hangs_up_early_or_asks_nothing_does_not_keep_the_endpoint_from_ending():
    """Nor others from being answered. (C-05, C-77)"""

    def hang(port):
        silent = socket.create_connection(("127.0.0.1", port), timeout=10)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as early:
            early.sendall(b"GET /hea")
        return silent, request(port)[0]

    silent, status = ask(hang)
    assert status == 200
    assert silent.recv(1) == b""
    silent.close()


def test_too_many_at_once_are_sent_away():
    """The open files of the process are for trading. (C-77)"""

    def crowd(port):
        silent = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(32)]
        refused = raw(port, b"")
        for each in silent:
            each.close()
        return refused

    assert ask(crowd) == b""


def test_it_can_only_be_reached_from_the_machine_itself():
    """It is bound to loopback. (C-77)"""

    async def addresses():
        endpoint = HttpEndpoint(0, {}, on_failure=lambda *_: None)
        await endpoint.start()
        found = [each.getsockname()[0] for each in endpoint._server.sockets]
        await endpoint.stop()
        return found

    assert asyncio.run(addresses()) == ["127.0.0.1"]


def test_a_port_that_is_taken_is_told_with_what_to_do():
    """Before anything is traded, at the key of the file. (C-77)"""

    async def start(port):
        await HttpEndpoint(port, {}, on_failure=lambda *_: None).start()

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigurationError) as caught:
        asyncio.run(start(taken.getsockname()[1]))
    (problem,) = caught.value.problems
    assert problem.place == ("orchestrator", "http_port")
    assert "is in use by another process" in problem.message
    assert "ss -ltnp" in problem.hint


def test_statuses_are_those_of_http():
    """An answer is well unless it says otherwise. (C-77)"""
    assert HttpAnswer(body=b"").status is HTTPStatus.OK
