"""The section ``event_bus``."""

from __future__ import annotations

import pytest

from podium.core.errors import ConfigurationError
from podium.portfolio.event_bus import EventBusOptions
from podium.portfolio.file import load_portfolio

PORTFOLIO = """\
portfolio: {name: demo, capital: 1000}
data: {source: sample}
symbols: [BTC/USDT]
strategies: [{id: trend, file: trend.yaml}]
"""
STRATEGY = "entry: {long: close > open}\n"


@pytest.fixture
def load(tmp_path):
    (tmp_path / "trend.yaml").write_text(STRATEGY, encoding="utf-8")

    def read(section, environment=None):
        path = tmp_path / "portfolio.yaml"
        path.write_text(f"{PORTFOLIO}{section}\n", encoding="utf-8")
        return load_portfolio(path, environment=environment or {})

    return read


def test_without_the_section_there_is_no_bus(load):
    """It runs without Redis. (C-13)"""
    assert load("").document.event_bus is None


def test_only_the_address_must_be_given(load):
    """The stream has the portfolio's name. (C-12)"""
    options = load("event_bus: {url: 'redis://localhost:6379/0'}").document.event_bus
    assert options == EventBusOptions(url="redis://localhost:6379/0", max_length=100_000, required=False)
    assert options.key("demo") == "podium:demo"


def test_everything_can_be_stated(load):
    """By the file. (C-12)"""
    options = load("event_bus: {url: 'unix:///run/redis.sock', stream: mine, max_length: 5, required: true}")
    options = options.document.event_bus
    assert (options.key("demo"), options.max_length, options.required) == ("mine", 5, True)


def test_the_environment_can_state_it_too(load):
    """Without a word in the file. (C-12)"""
    environment = {"PODIUM__EVENT_BUS__URL": "rediss://bus.example:1/2", "PODIUM__EVENT_BUS__REQUIRED": "true"}
    options = load("", environment).document.event_bus
    assert options == EventBusOptions(url="rediss://bus.example:1/2", required=True)


ADDRESSES = [
    "redis://localhost", "redis://localhost:6379", "redis://localhost:6379/", "redis://me@[::1]:6379/12",
    "rediss://bus.example/0", "unix:///run/redis.sock",
]  # fmt: skip


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_is_of_one_of_these_forms(url):
    """By TCP, with TLS, by a socket. (C-12)"""
    assert EventBusOptions(url=url).url == url


WRONG = [
    ("http://localhost:6379", "is no address of a Redis server"),
    ("localhost:6379", "is no address of a Redis server"),
    ("redis:///0", "is not a whole address"),
    ("redis://localhost:0", "is not a whole address"),
    ("redis://localhost/name", "is not a whole address"),
    ("redis://localhost/0#part", "is not a whole address"),
    ("redis://localhost:99999", "cannot be read"),
    ("unix://run/redis.sock", "is not a whole address"),
    ("unix://", "is not a whole address"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "message"), WRONG)
def test_a_wrong_address_is_refused_at_its_place(load, url, message):
    """Where, what was expected. (D-06)"""
    with pytest.raises(ConfigurationError, match=message) as raised:
        load(f"event_bus: {{url: '{url}'}}")
    (problem,) = raised.value.problems
    assert str(problem.location).endswith("portfolio.yaml:5:18")
    assert "redis://localhost:6379/0" in problem.expected


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@localhost", "redis://me:hunter2@localhost", "redis://h?password=hunter2"]
)
def test_a_password_has_no_place_in_a_file(load, url):
    """It would be printed and recorded; it is not repeated, either. (D-10)"""
    with pytest.raises(ConfigurationError, match="holds a password") as raised:
        load(f"event_bus: {{url: '{url}'}}")
    assert "hunter2" not in str(raised.value)
    assert "PODIUM_REDIS_PASSWORD" in str(raised.value)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("event_bus: {stream: mine}", "event_bus has no 'url'"),
        ("event_bus: {url: 5}", "url"),
        ("event_bus: {url: 'redis://h', stream: 5}", "stream"),
        ("event_bus: {url: 'redis://h', max_length: 0}", "max_length"),
        ("event_bus: {url: 'redis://h', required: yes}", "required"),
        ("event_bus: {url: 'redis://h', lenght: 5}", "unknown key 'lenght'"),
    ],
)
def test_wrong_keys_are_refused(load, section, message):
    """Each with its place. (D-06)"""
    with pytest.raises(ConfigurationError, match=message) as raised:
        load(section)
    assert all(problem.location.line == 5 for problem in raised.value.problems)
