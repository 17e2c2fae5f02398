"""A running system is asked by a real client on a real socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import sys

import pytest
from observed_system import Observed

from podium.core.errors import ConfigurationError


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def request(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.getheader("Content-Type"), answer.read()


class Reached:
    """An event bus that is there."""

    redis_connected = True

    def wake(self):
        pass

    async def run(self):
        await asyncio.Event().wait()

    async def finish(self, _seconds):
        return True


def ask(paths, spoil=None, **options):
    """Ask a system that runs and has played its bars; afterwards nobody answers."""
    port = free_port()
    system = Observed(bars=30, options={"http_port": port, **options}, external=Reached())

    async def look():
        return [await asyncio.to_thread(request, port, path) for path in paths]

    async def whole():
        await system.play()
        if spoil is not None:
            spoil(system.orchestrator)
        answers, health = await look(), system.orchestrator.check_health()
        await system.orchestrator.stop()
        return answers, health

    found = asyncio.run(whole())
    with pytest.raises(ConnectionRefusedError):
        request(port, "/health")
    return found


def test_health_is_200_while_all_is_well():
    """With exactly what check_health tells. (C-58, C-59, C-60, C-77)"""
    ((status, content_type, body),), health = ask(["/health"])
    told = json.loads(body)
    assert (status, content_type) == (200, "application/json")
    assert list(told) == list(health)
    assert without_uptime(told) == without_uptime(health)
    assert told["redis_connected"] is True


def without_uptime(value):
    if isinstance(value, dict):
        return {name: without_uptime(each) for name, each in value.items() if name != "uptime"}
    return value


def test_one_failed_service_makes_it_503():
    """And says which. (C-61, C-77)"""

    def spoil(orchestrator):
        orchestrator.orchestrators["X"].service("trade_execution").fail(OSError("gone"))

    ((status, _, body),), _ = ask(["/health"], spoil)
    assert status == 503
    assert json.loads(body)["symbols"]["X"]["services"]["trade_execution"]["last_error"] == "OSError: gone"


def test_paused_is_healthy():
    """Nobody restarts what was paused by hand. (C-45, C-77)"""
    ((status, _, body),), _ = ask(["/health"], lambda orchestrator: orchestrator.pause())
    assert (status, json.loads(body)["state"]) == (200, "paused")


def test_metrics_are_told_to_prometheus():
    """In its text format, beside the health. (C-77)"""
    ((status, content_type, body),), _ = ask(["/metrics"])
    assert status == 200
    assert content_type.startswith("text/plain; version=0.0.4")
    assert b'podium_bars_total{symbol="X"} 30.0' in body
    assert b"podium_healthy 1.0" in body


def test_an_answer_that_fails_is_logged():
    """With the path; trading goes on. (C-77)"""
    port = free_port()
    system = Observed(bars=20, options={"http_port": port})

    async def whole():
        await system.play()
        system.orchestrator.check_health = None
        status = (await asyncio.to_thread(request, port, "/health"))[0]
        del system.orchestrator.check_health
        await system.orchestrator.stop()
        return status

    assert asyncio.run(whole()) == 500
    (line,) = [line for line in system.log.lines if line["event"] == "http_failed"]
    assert (line["level"], line["path"]) == ("error", "/health")


def test_it_is_off_unless_asked_for(monkeypatch):
    """No socket is opened, and the library of metrics is not even looked for. (C-77)"""
    monkeypatch.setitem(sys.modules, "podium.live.exposition", None)
    monkeypatch.setattr(asyncio, "start_server", None)
    Observed(bars=20).run(lambda _system: asyncio.sleep(0))


def test_a_missing_library_is_told(monkeypatch):
    """With what to install, at the key of the file. (C-77)"""
    monkeypatch.setitem(sys.modules, "podium.live.exposition", None)
    with pytest.raises(ConfigurationError, match="prometheus-client") as caught:
        Observed(bars=20, options={"http_port": free_port()})
    (problem,) = caught.value.problems
    assert problem.place == ("orchestrator", "http_port")
    assert "podium[metrics]" in problem.hint


def test_a_port_that_is_taken_stops_the_start():
    """Before anything is traded. (C-77)"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        system = Observed(bars=20, options={"http_port": taken.getsockname()[1]})
        with pytest.raises(ConfigurationError, match="is in use by another process"):
            asyncio.run(system.orchestrator.start())
    assert system.orchestrator.state == "initializing"
