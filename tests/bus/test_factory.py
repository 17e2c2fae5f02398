"""Making the way to other systems."""

from __future__ import annotations

import asyncio
import sys

import pytest
from servers import RedisServer

from podium.bus.factory import EventBusFactory
from podium.bus.stream import BEGINNING
from podium.core.errors import BusUnavailable, ConfigurationError
from podium.portfolio.event_bus import EventBusOptions

URL = "PODIUM__EVENT_BUS__URL"


@pytest.fixture
def server():
    made = RedisServer("--requirepass", "hunter2")
    yield made
    made.close()


def test_nothing_is_made_where_nothing_asks_for_it():
    """It runs without Redis. (C-13)"""
    assert EventBusFactory.create(None, "demo") is None
    assert EventBusFactory.create_from_env("demo", {"PODIUM__PORTFOLIO__CAPITAL": "5"}) is None


def test_the_file_says_where_the_stream_is():
    """Server and key. (C-12)"""
    made = EventBusFactory.create(EventBusOptions(url="redis://localhost:1"), "demo", {})
    assert (made.name, made.is_required) == ("redis://localhost:1 podium:demo", False)


def test_the_environment_says_where_the_stream_is():
    """Alone, without a file. (C-12)"""
    known = {
        URL: "redis://localhost:1",
        "PODIUM__EVENT_BUS__STREAM": "mine",
        "PODIUM__EVENT_BUS__MAX_LENGTH": "7",
        "PODIUM__EVENT_BUS__REQUIRED": "true",
    }
    made = EventBusFactory.create_from_env("demo", known)
    assert (made.name, made.is_required) == ("redis://localhost:1 mine", True)


def test_the_process_s_own_environment_counts_by_default(monkeypatch):
    """As a container sets it. (C-12)"""
    monkeypatch.setenv(URL, "redis://localhost:1")
    assert EventBusFactory.create_from_env("demo").name == "redis://localhost:1 podium:demo"


def test_the_password_comes_from_the_environment(server):
    """And from nowhere else. (D-10)"""
    server.start()
    known = {URL: server.url, "PODIUM_REDIS_PASSWORD": "hunter2"}

    async def reach(environment):
        stream = EventBusFactory.create_from_env("demo", environment)
        try:
            return await stream.position()
        finally:
            await stream.close()

    assert asyncio.run(reach(known)).last == BEGINNING
    with pytest.raises(BusUnavailable, match="Authentication required"):
        asyncio.run(reach({URL: server.url}))


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (URL, "http://x", "environment PODIUM__EVENT_BUS__URL: "),
        (URL, "[", "environment PODIUM__EVENT_BUS__URL: "),
        ("PODIUM__EVENT_BUS__MAX_LENGTH", "none", "environment PODIUM__EVENT_BUS__MAX_LENGTH: "),
        ("PODIUM__EVENT_BUS__LENGHT", "5", "environment PODIUM__EVENT_BUS__LENGHT: unknown"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(variable, value, message):
    """Where, what was expected. (D-06)"""
    with pytest.raises(ConfigurationError, match=message):
        EventBusFactory.create_from_env("demo", {URL: "redis://h", variable: value})


def test_a_variable_beside_a_missing_address_is_refused():
    """A stream without a server. (D-06)"""
    with pytest.raises(ConfigurationError, match="no 'url'"):
        EventBusFactory.create_from_env("demo", {"PODIUM__EVENT_BUS__STREAM": "mine"})


def test_a_missing_library_is_told(monkeypatch):
    """It is an extra. (D-06)"""
    monkeypatch.setitem(sys.modules, "podium.bus.redis_streams", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'podium\[redis\]'"):
        EventBusFactory.create(EventBusOptions(url="redis://h"), "demo", {})
